#pragma once

// What can go wrong with the machine and settings, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kUnknownSetting;
extern const ErrorId kSettingValue;
extern const ErrorId kPortInUse;
extern const ErrorId kAddressUnusable;
extern const ErrorId kReadOnlyDisk;
extern const ErrorId kDiskFull;
extern const ErrorId kMemoryExhausted;

}  // namespace tarn::errors

namespace tarn {

// All of this module, those of the codes among them.
ErrorList base_errors();

}  // namespace tarn
