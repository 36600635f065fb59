#pragma once

// What can go wrong with writing to tables, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"
#include "tarn/delta/error_ids.h"  // IWYU pragma: export

namespace tarn::errors {}  // namespace tarn::errors

namespace tarn::lake {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::lake
