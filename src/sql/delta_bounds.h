#pragma once

// What the log says of a file's values, as DuckDB's statistics: filters are asked of them.

#include <duckdb/common/types/value.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>

#include <optional>
#include <string>

namespace tarn::sql {

// A bound of add.stats; NULL if it says nothing.
duckdb::Value bound_value(const std::optional<std::string>& text, const duckdb::LogicalType& type,
                          bool upper);
// `low` and `high` NULL: any value.
duckdb::unique_ptr<duckdb::BaseStatistics> make_statistics(const duckdb::LogicalType& type,
                                                           const duckdb::Value& low,
                                                           const duckdb::Value& high,
                                                           bool may_be_null, bool may_be_value);

}  // namespace tarn::sql
