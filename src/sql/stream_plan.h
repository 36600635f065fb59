#pragma once

#include <optional>
#include <span>
#include <string>

#include "duck.h"
#include "tarn/sql/live_query.h"

namespace tarn::sql {

// Makes stream('name') known to the session for each of the schemas, with no rows yet. Errors:
// kInvalidArgument for a name given twice.
Status add_streams(SessionState& state, std::span<const StreamSchema> streams);

// Binds the statement. Throws what DuckDB throws, with the place in the text.
duckdb::unique_ptr<duckdb::LogicalOperator> bind_plan(duckdb::ClientContext& context,
                                                      const std::string& sql,
                                                      duckdb::vector<std::string>& names,
                                                      duckdb::vector<duckdb::LogicalType>& types);

// The name of a function in the plan whose value depends on the moment or on chance: now(),
// random(), uuid().
std::optional<std::string> unrepeatable_function(duckdb::LogicalOperator& plan);

// The columns of each stream that the plan reads, in the stream's order.
void find_stream_columns(const duckdb::LogicalOperator& plan,
                         std::map<std::string, std::vector<std::string>>& out);

// What in the plan makes an output row depend on more than one input row; nothing if all is
// projections and filters of one stream.
std::optional<std::string> beyond_one_row(const duckdb::LogicalOperator& plan);

Error not_repeatable(const std::string& function);

}  // namespace tarn::sql
