#pragma once

// Partition values as the log writes them (PROTOCOL.md "Partition Value Serialization").

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tarn/codec/column_batch.h"
#include "tarn/delta/schema.h"

namespace tarn::delta {

// The text of a row's value, nothing for null. An empty string is written as null, as Spark and the
// kernel do. Timestamps as 2026-01-31T23:59:59.123456Z, doubles in Java's form.
std::optional<std::string> partition_text(const codec::Column& column, size_t row);
// Java's Double.toString for the values that partition folders meet: 1.0, 1.0E10, NaN, Infinity.
std::string java_double(double v);
// A partition value in one spelling, whoever wrote it and of whatever narrower type it was then:
// equal texts exactly where the values are equal.
std::string partition_value_key(const DataType& type, const std::string& text);
// A decimal as JSON and other readers have it: "0.5", where DuckDB writes ".5".
std::string decimal_with_zero(std::string text);
// "region=US%2FEast", "region=__HIVE_DEFAULT_PARTITION__" for null: one folder of the path on disk,
// of at most kMostNameBytes. Readers take values from the log, not from here.
std::string partition_folder(std::string_view column, const std::optional<std::string>& value);

}  // namespace tarn::delta
