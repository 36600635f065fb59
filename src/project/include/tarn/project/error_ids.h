#pragma once

// What can go wrong with reading a project, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {}  // namespace tarn::errors

namespace tarn::project {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::project
