#pragma once

// What can go wrong with the data folder, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kDataFolderInUse;
extern const ErrorId kDataFolderNewer;
extern const ErrorId kNotADataFolder;

}  // namespace tarn::errors

namespace tarn::io {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::io
