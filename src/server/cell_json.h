#pragma once

// Values of columns as JSON, as the API and the page show them.

#include <optional>
#include <string>

#include "host_names.h"
#include "tarn/codec/column_batch.h"

namespace tarn::server {

// One value: whole numbers and decimals as exact numbers, times as RFC 3339 (without a zone for
// TIMESTAMP_NTZ), bytes in base64, a struct and a map as an object, a list as an array.
void write_cell(JsonWriter& json, const codec::Column& column, size_t row);
// One row as an array.
void write_row(JsonWriter& json, const codec::ColumnBatch& batch, size_t row);
// A cell as text, for `where` filters; nothing for null.
std::optional<std::string> cell_text(const codec::Column& column, size_t row);

}  // namespace tarn::server
