#pragma once

// What SQL can name, for completion; and the files of a table.

#include <string>

#include "host_names.h"

namespace tarn::server {

Result<Response> catalog(const Platform& context);
Result<Response> table_files(const Platform& context, const std::string& name,
                             const Target& target);

}  // namespace tarn::server
