#pragma once

// Delta's types as DuckDB's.

#include "duck.h"
#include "tarn/delta/schema.h"

namespace tarn::sql {

duckdb::LogicalType duck_type(const delta::DataType& type);

}  // namespace tarn::sql
