#pragma once

// Delta's types as DuckDB's.

#include <duckdb/planner/expression.hpp>

#include "duck.h"
#include "tarn/delta/schema.h"

namespace tarn::sql {

duckdb::LogicalType duck_type(const delta::DataType& type);
// A variant is JSON. DuckDB reads its null and no value at all as the same, and makes the text
// 'null' of both: NULL here.
duckdb::unique_ptr<duckdb::Expression> variant_json(duckdb::unique_ptr<duckdb::Expression> text);
// What a table keeps of such values without loss: unsigned integers in the next wider type, HUGEINT
// as decimal(38,0), JSON, UUID and ENUM as text, TIMESTAMP without a zone as timestamp_ntz. Errors:
// kUnsupported, naming the type (TIME, INTERVAL, BIT, UNION).
Result<delta::DataType> delta_type(const duckdb::LogicalType& type);

}  // namespace tarn::sql
