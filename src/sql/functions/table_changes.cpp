// table_changes('a.b', from [, to]): rows that versions of a table changed. Versions are numbers;
// times stand for the first version at or after `from`, the last at or before `to`.

#include <fmt/format.h>

#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/comparison_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

#include "delta_tables.h"
#include "duck.h"
#include "tarn/sql/functions.h"

namespace tarn::sql {
namespace {

using duckdb::LogicalType;
using duckdb::Value;

int64_t version_of(const Value& value, delta::Table& table, bool first) {
    if (value.IsNull()) throw duckdb::BinderException("table_changes: a version is not NULL");
    if (value.type().IsIntegral()) {
        const auto version = value.GetValue<int64_t>();
        if (version < 0)
            throw duckdb::BinderException("table_changes: a version is a number not below 0");
        return version;
    }
    const auto time = value.DefaultCastAs(LogicalType::TIMESTAMP_TZ);
    const Timestamp at{duckdb::timestamp_t(time.GetValue<duckdb::timestamp_tz_t>()).value};
    auto found = first ? table.first_version_since(at) : table.version_at(at);
    if (!found) throw_error(found.error());
    return *found;
}

duckdb::unique_ptr<duckdb::TableRef> replace(duckdb::ClientContext&,
                                             duckdb::TableFunctionBindInput& input) {
    auto& tables = input.info->Cast<NamedTables>();
    if (input.inputs[0].IsNull())
        throw duckdb::BinderException("table_changes: a table's name is not NULL");
    const auto path = table_folder(tables.engine, input.inputs[0].ToString());
    const auto table = tables.open(path);
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
    arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(Value(path)));
    const char* const names[] = {"", "starting", "ending"};
    for (size_t i = 1; i < input.inputs.size(); ++i)
        arguments.push_back(duckdb::make_uniq<duckdb::ComparisonExpression>(
            duckdb::ExpressionType::COMPARE_EQUAL,
            duckdb::make_uniq<duckdb::ColumnRefExpression>(names[i]),
            duckdb::make_uniq<duckdb::ConstantExpression>(
                Value::BIGINT(version_of(input.inputs[i], *table, i == 1)))));
    auto ref = duckdb::make_uniq<duckdb::TableFunctionRef>();
    ref->function =
        duckdb::make_uniq<duckdb::FunctionExpression>(kDeltaChangesFunction, std::move(arguments));
    ref->alias = "table_changes";
    return ref;
}

Status add(Engine& engine) {
    duckdb::TableFunctionSet all("table_changes");
    for (auto arguments : {duckdb::vector<LogicalType>{LogicalType::VARCHAR, LogicalType::ANY},
                           {LogicalType::VARCHAR, LogicalType::ANY, LogicalType::ANY}}) {
        duckdb::TableFunction function("table_changes", std::move(arguments), nullptr, nullptr);
        function.bind_replace = replace;
        function.function_info = duckdb::make_shared_ptr<NamedTables>(engine.impl());
        all.AddFunction(std::move(function));
    }
    duckdb::ExtensionLoader(engine.impl().instance(), "tarn").RegisterFunction(std::move(all));
    return {};
}

}  // namespace

SqlFunction table_changes_function() {
    return {.name = "table_changes",
            .signature =
                "table_changes(table VARCHAR, from BIGINT|TIMESTAMPTZ "
                "[, to BIGINT|TIMESTAMPTZ])",
            .text =
                "The rows that versions of a table changed, both ends included, with "
                "`_change_type`, `_commit_version` and `_commit_timestamp`.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll,
            .add = add};
}

}  // namespace tarn::sql
