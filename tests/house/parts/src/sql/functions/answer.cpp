// answer(): 42.

#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/extension/extension_loader.hpp"

#include "duck.h"
#include "tarn/sql/functions.h"

namespace tarn::sql {
namespace {

void answer(duckdb::DataChunk&, duckdb::ExpressionState&, duckdb::Vector& result) {
    result.Reference(duckdb::Value::BIGINT(42));
}

Status add(Engine& engine) {
    duckdb::ExtensionLoader(engine.impl().instance(), "tarn")
        .RegisterFunction(
            duckdb::ScalarFunction("answer", {}, duckdb::LogicalType::BIGINT, answer));
    return {};
}

}  // namespace

SqlFunction answer_function() {
    return {.name = "answer",
            .signature = "answer() → BIGINT",
            .text = "The answer.",
            .kind = FunctionKind::kScalar,
            .use = FunctionUse::kAll,
            .add = add};
}

}  // namespace tarn::sql
