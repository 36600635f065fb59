#pragma once

#include <string>

#include "duck.h"

namespace tarn::sql {

// A row's value as JSON, by the rules of ResultBatch::append_json.
void append_json(std::string& out, duckdb::Vector& vector,
                 const duckdb::UnifiedVectorFormat& format, size_t row);

}  // namespace tarn::sql
