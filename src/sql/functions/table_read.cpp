// table_read('a.b', tail => false): a table by its name, with or without what its flow has not
// committed yet.

#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

#include "delta_tables.h"
#include "duck.h"
#include "tarn/sql/functions.h"

namespace tarn::sql {
namespace {

duckdb::unique_ptr<duckdb::TableRef> replace_read(duckdb::ClientContext& context,
                                                  duckdb::TableFunctionBindInput& input) {
    auto& engine = input.info->Cast<NamedTables>().engine;
    if (input.inputs[0].IsNull())
        throw duckdb::BinderException("table_read: a table's name is not NULL");
    bool tail = true;
    if (const auto it = input.named_parameters.find("tail"); it != input.named_parameters.end()) {
        if (it->second.IsNull()) throw duckdb::BinderException("table_read: tail is true or false");
        tail = it->second.GetValue<bool>();
    }
    const auto table = delta_table(engine, input.inputs[0].ToString());
    const bool reads = engine.options.tails && SessionState::of(context)->with_tails;
    if (tail && table.tail && reads) return with_tail(context, table, "table_read");
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
    arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(table.path)));
    auto ref = duckdb::make_uniq<duckdb::TableFunctionRef>();
    ref->function =
        duckdb::make_uniq<duckdb::FunctionExpression>(kDeltaScanFunction, std::move(arguments));
    ref->alias = "table_read";
    return ref;
}

Status add_read(Engine& engine) {
    duckdb::TableFunction function("table_read", {duckdb::LogicalType::VARCHAR}, nullptr, nullptr);
    function.bind_replace = replace_read;
    function.named_parameters["tail"] = duckdb::LogicalType::BOOLEAN;
    function.function_info = duckdb::make_shared_ptr<NamedTables>(engine.impl());
    duckdb::ExtensionLoader(engine.impl().instance(), "tarn").RegisterFunction(std::move(function));
    return {};
}

}  // namespace

SqlFunction table_read_function() {
    return {.name = "table_read",
            .signature = "table_read(table VARCHAR [, tail := BOOLEAN])",
            .text =
                "A table's newest version. With `tail => false` of a topic's table what is "
                "committed alone, without what the log has behind it.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll,
            .add = add_read};
}

}  // namespace tarn::sql
