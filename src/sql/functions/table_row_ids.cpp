// table_row_ids('a.b' [, version]): the rows of a table that tracks them, with the id that each
// keeps and the version that wrote it last.

#include <fmt/format.h>

#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"

#include "delta_tables.h"
#include "duck.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/functions.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {
namespace {

std::string query_of(const std::string& path, const std::optional<int64_t>& version) {
    return fmt::format(
        "SELECT * EXCLUDE ({0}, {1}, {2}, {3}), coalesce({0}, {2} + {4}) AS _row_id, "
        "coalesce({1}, {3}) AS _row_commit_version FROM {5}({6}, row_ids := true{7})",
        quoted_name(kRowIdColumn), quoted_name(kRowVersionColumn), quoted_name(kFileIdColumn),
        quoted_name(kFileVersionColumn), quoted_name(kRowColumn), kDeltaScanFunction,
        quoted_text(path), version ? fmt::format(", version := {}", *version) : "");
}

duckdb::unique_ptr<duckdb::TableRef> replace_row_ids(duckdb::ClientContext& context,
                                                     duckdb::TableFunctionBindInput& input) {
    auto& tables = input.info->Cast<NamedTables>();
    if (input.inputs[0].IsNull())
        throw duckdb::BinderException("table_row_ids: a table's name is not NULL");
    const auto path = table_folder(tables.engine, input.inputs[0].ToString());
    std::optional<int64_t> version;
    if (input.inputs.size() > 1) {
        if (input.inputs[1].IsNull() || input.inputs[1].GetValue<int64_t>() < 0)
            throw duckdb::BinderException("table_row_ids: a version is a number not below 0");
        version = input.inputs[1].GetValue<int64_t>();
    }
    const auto table = tables.open(path);
    auto snapshot = version ? table->at(*version) : table->refresh();
    if (!snapshot) throw_error(snapshot.error());
    auto tracking = delta::row_tracking(**snapshot);
    if (!tracking) throw_error(tracking.error());
    if (!*tracking)
        throw duckdb::BinderException("table %s does not track its rows (%s)",
                                      input.inputs[0].ToString(), delta::kEnableRowTracking);
    duckdb::Parser parser(context.GetParserOptions());
    parser.ParseQuery(query_of(path, version));
    return duckdb::make_uniq<duckdb::SubqueryRef>(
        duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
            std::move(parser.statements[0])),
        "table_row_ids");
}

Status add_row_ids(Engine& engine) {
    using duckdb::LogicalType;
    duckdb::TableFunctionSet all("table_row_ids");
    for (auto arguments : {duckdb::vector<LogicalType>{LogicalType::VARCHAR},
                           {LogicalType::VARCHAR, LogicalType::BIGINT}}) {
        duckdb::TableFunction function("table_row_ids", std::move(arguments), nullptr, nullptr);
        function.bind_replace = replace_row_ids;
        function.function_info = duckdb::make_shared_ptr<NamedTables>(engine.impl());
        all.AddFunction(std::move(function));
    }
    duckdb::ExtensionLoader(engine.impl().instance(), "tarn").RegisterFunction(std::move(all));
    return {};
}

}  // namespace

SqlFunction table_row_ids_function() {
    return {.name = "table_row_ids",
            .signature = "table_row_ids(table VARCHAR [, version BIGINT])",
            .text =
                "The rows of a table with `delta.enableRowTracking`, each with `_row_id`, which it "
                "keeps as it is changed or moved, and `_row_commit_version`, the version that "
                "wrote it last.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll,
            .add = add_row_ids};
}

}  // namespace tarn::sql
