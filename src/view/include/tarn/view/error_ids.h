#pragma once

// What can go wrong with views, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kNoView;
extern const ErrorId kViewKey;

}  // namespace tarn::errors

namespace tarn::view {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::view
