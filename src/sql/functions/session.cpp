// session(t, gap): stands for the start of the session that holds t; what it is depends on the rows
// around t, so it has a value only where a flow computes sessions (mergeable_query.h).

#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/extension/extension_loader.hpp"

#include "duck.h"
#include "tarn/sql/functions.h"

namespace tarn::sql {
namespace {

void session(duckdb::DataChunk&, duckdb::ExpressionState&, duckdb::Vector&) {
    throw duckdb::InvalidInputException("session() stands in the GROUP BY of a flow's SQL only");
}

Status add(Engine& engine) {
    using duckdb::LogicalType;
    duckdb::ExtensionLoader(engine.impl().instance(), "tarn")
        .RegisterFunction(duckdb::ScalarFunction("session",
                                                 {LogicalType::TIMESTAMP_TZ, LogicalType::INTERVAL},
                                                 LogicalType::TIMESTAMP_TZ, session));
    return {};
}

}  // namespace

SqlFunction session_function() {
    return {.name = "session",
            .signature = "session(time TIMESTAMPTZ, gap INTERVAL) → TIMESTAMPTZ",
            .text =
                "In the GROUP BY of an incremental model: the start of the session, a run of "
                "rows of one key with no pause longer than the gap.",
            .kind = FunctionKind::kScalar,
            .use = FunctionUse::kFlows,
            .add = add};
}

}  // namespace tarn::sql
