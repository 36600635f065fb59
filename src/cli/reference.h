#pragma once

// Pages of docs/errors and docs/reference, made from declarations: `make docs` writes them, a test
// holds them to it. Each goes into folder `out`.

#include <string>

#include "tarn/base/result.h"

namespace tarn::cli {

Status write_error_pages(const std::string& out);
// The metrics are those of a platform that serves the project of the folder.
Status write_reference(const std::string& project, const std::string& out);

}  // namespace tarn::cli
