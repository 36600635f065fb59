#pragma once

// What can go wrong with the command line and with finding the process that serves, by id; the
// texts stand in
// error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kUsage;
extern const ErrorId kNotRunning;
extern const ErrorId kNoAnswer;

}  // namespace tarn::errors

namespace tarn::host {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::host
