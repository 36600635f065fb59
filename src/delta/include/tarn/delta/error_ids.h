#pragma once

// What can go wrong with tables as Delta keeps them, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kNoTable;
extern const ErrorId kTableFeature;
extern const ErrorId kTableDamaged;

}  // namespace tarn::errors

namespace tarn::delta {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::delta
