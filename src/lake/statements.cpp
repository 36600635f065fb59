// Statements of SQL as operations of the lake.

#include <fmt/format.h>

#include "tarn/lake/create_table.h"

namespace tarn::lake {
namespace {

using Kind = sql::TableStatement::Kind;

template <class Request>
Request request_of(const sql::TableStatement& statement, sql::Engine& engine) {
    Request out;
    out.table = statement.table;
    out.alias = statement.alias;
    out.engine = &engine;
    out.evolves = statement.evolves;
    return out;
}

// An insert by position names its columns, in the table's order.
Status name_columns(Lake& lake, MergeRequest& merge) {
    for (auto& clause : merge.clauses) {
        if (clause.then != MergeThen::kInsert || clause.set.empty() ||
            !clause.set[0].column.empty())
            continue;
        TARN_TRY(auto names, lake.column_names(merge.table));
        if (names.size() != clause.set.size())
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("INSERT gives {} values, table {} has {} columns",
                                    clause.set.size(), merge.table, names.size()));
        for (size_t i = 0; i < names.size(); ++i)
            clause.set[i].column = names[i];
    }
    return {};
}

}  // namespace

Result<ChangeOutcome> run_statement(Lake& lake, sql::Engine& engine,
                                    const sql::TableStatement& statement) {
    switch (statement.kind) {
        case Kind::kInsert: {
            auto insert = request_of<InsertRequest>(statement, engine);
            insert.select = statement.select;
            insert.columns = statement.columns;
            insert.by_name = statement.by_name || (statement.evolves && statement.columns.empty());
            insert.reads_table = statement.reads_table;
            insert.overwrite = statement.overwrite;
            insert.where = statement.where;
            return lake.insert(insert);
        }
        case Kind::kDelete: {
            auto remove = request_of<DeleteRequest>(statement, engine);
            remove.where = statement.where;
            return lake.delete_rows(remove);
        }
        case Kind::kUpdate: {
            auto update = request_of<UpdateRequest>(statement, engine);
            update.set = statement.set;
            update.where = statement.where;
            return lake.update_rows(update);
        }
        case Kind::kMerge: {
            auto merge = request_of<MergeRequest>(statement, engine);
            merge.source = statement.source;
            merge.source_alias = statement.source_alias;
            merge.on = statement.on;
            merge.clauses = statement.clauses;
            TARN_RETURN_IF_ERROR(name_columns(lake, merge));
            return lake.merge(merge);
        }
        case Kind::kCreate: {
            CreateRequest create;
            create.table = statement.table;
            create.schema.fields = statement.created;
            create.partition_by = statement.partition_by;
            create.cluster_by = statement.cluster_by;
            create.properties.insert(statement.properties.begin(), statement.properties.end());
            create.checks = statement.checks;
            create.select = statement.select;
            create.or_replace = statement.or_replace;
            create.if_not_exists = statement.if_not_exists;
            create.engine = &engine;
            return lake.create_table(create);
        }
        case Kind::kAlter:
            return lake.alter_table(statement, engine);
        case Kind::kDrop:
            break;
    }
    return fail(ErrorCode::kInternal, "a table is dropped by who knows the flows");
}

namespace {

std::string outcome_text(const sql::TableStatement& statement, const ChangeOutcome& outcome) {
    std::string rows;
    auto put = [&](uint64_t count, std::string_view what) {
        if (count > 0)
            rows += fmt::format("{}{} {} {}", rows.empty() ? "" : ", ", count,
                                count == 1 ? "row" : "rows", what);
    };
    put(outcome.deleted, "deleted");
    put(outcome.updated, "updated");
    put(outcome.inserted, "inserted");
    if (rows.empty())
        rows = !outcome.committed                ? "nothing to change"
               : statement.kind == Kind::kCreate ? "made"
               : statement.kind == Kind::kAlter  ? "changed"
                                                 : "no rows";
    return fmt::format("{}: {}, version {}", statement.table, rows, outcome.version);
}

}  // namespace

nlohmann::ordered_json plan_json(const StatementPlan& plan) {
    nlohmann::ordered_json out = {{"table", plan.table}, {"statement", plan.statement}};
    out["version"] = plan.version ? nlohmann::ordered_json(*plan.version) : nullptr;
    out.update({{"files", plan.files},
                {"bytes", plan.bytes},
                {"files_read", plan.files_read},
                {"bytes_read", plan.bytes_read},
                {"deletion_vectors", plan.marks_rows},
                {"rules", plan.rules},
                {"plan", plan.plan},
                {"text", plan.text}});
    return out;
}

nlohmann::ordered_json outcome_json(const sql::TableStatement& statement,
                                    const ChangeOutcome& outcome) {
    return {{"table", statement.table},
            {"version", outcome.version},
            {"committed", outcome.committed},
            {"deleted", outcome.deleted},
            {"updated", outcome.updated},
            {"inserted", outcome.inserted},
            {"files_added", outcome.files_added},
            {"files_removed", outcome.files_removed},
            {"vectors_added", outcome.vectors_added},
            {"text", outcome_text(statement, outcome)}};
}

}  // namespace tarn::lake
