#include "tarn/sql/functions.h"

#include "duckdb/common/vector_operations/unary_executor.hpp"
#include "duckdb/main/extension/extension_loader.hpp"

#include "duck.h"

namespace tarn::sql {

Status register_text_function(Engine& engine, const std::string& name, TextFunction function) {
    return guarded([&]() -> Status {
        auto run = [function = std::move(function)](duckdb::DataChunk& arguments,
                                                    duckdb::ExpressionState&,
                                                    duckdb::Vector& result) {
            std::string text;
            duckdb::UnaryExecutor::Execute<duckdb::string_t, duckdb::string_t>(
                arguments.data[0], result, arguments.size(), [&](duckdb::string_t value) {
                    text.clear();
                    function({value.GetData(), value.GetSize()}, text);
                    return duckdb::StringVector::AddString(result, text);
                });
        };
        duckdb::ExtensionLoader loader(engine.impl().instance(), "tarn");
        loader.RegisterFunction(duckdb::ScalarFunction(
            name, {duckdb::LogicalType::VARCHAR}, duckdb::LogicalType::VARCHAR, std::move(run)));
        return {};
    });
}

}  // namespace tarn::sql
