#pragma once

// What can go wrong with talking to a broker, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kNoGroup;

}  // namespace tarn::errors

namespace tarn::kafka {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::kafka
