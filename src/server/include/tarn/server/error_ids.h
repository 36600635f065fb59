#pragma once

// What can go wrong with the HTTP listener, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kNoAddress;
extern const ErrorId kUnknownErrorId;

}  // namespace tarn::errors

namespace tarn::server {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::server
