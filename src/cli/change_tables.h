#pragma once

// Statements of `tarn sql` that change tables: through the process that serves the folder, else
// here, with the folder's lock.

#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/host/command.h"

namespace tarn::cli {

// By its first word; says nothing of what follows.
bool changes_tables(std::string_view sql);
Result<int> change_tables(const host::Common& common, const std::string& sql);

}  // namespace tarn::cli
