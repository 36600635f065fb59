#include "tarn/sql/functions.h"

#include <algorithm>

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

const SqlFunction* Engine::Impl::function(std::string_view name) const {
    auto it = std::ranges::lower_bound(functions, name, {}, &SqlFunction::name);
    return it == functions.end() || it->name != name ? nullptr : &*it;
}

Status add_functions(Engine& engine) {
    auto rows = sql_functions();
    engine.impl().functions.assign(rows.begin(), rows.end());
    for (const auto& function : rows)
        if (function.add) TARN_RETURN_IF_ERROR(function.add(engine));
    return {};
}

Status lend_functions(Engine& engine, std::span<const SqlFunction> functions,
                      const FunctionNeeds& needs) {
    auto& known = engine.impl().functions;
    for (const auto& function : functions) {
        if (!function.lend) continue;
        known.insert(std::ranges::lower_bound(known, function.name, {}, &SqlFunction::name),
                     function);
        if (engine.impl().options.restricted && function.use == FunctionUse::kFlows) continue;
        TARN_TRY(auto run, function.lend(needs));
        TARN_RETURN_IF_ERROR(
            register_text_function(engine, std::string(function.name), std::move(run)));
    }
    return {};
}

std::vector<std::string_view> callable_functions(Engine& engine) {
    std::vector<std::string_view> names;
    for (const auto& function : engine.impl().functions)
        if (function.use == FunctionUse::kAll) names.push_back(function.name);
    return names;
}

}  // namespace tarn::sql
