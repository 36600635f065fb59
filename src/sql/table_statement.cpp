#include "tarn/sql/table_statement.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "duckdb/common/string_util.hpp"
#include "duckdb/parser/constraints/check_constraint.hpp"
#include "duckdb/parser/constraints/not_null_constraint.hpp"
#include "duckdb/parser/expression/cast_expression.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/parsed_data/alter_table_info.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_data/drop_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/statement/alter_statement.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/drop_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"

#include "alter_syntax.h"
#include "delta_types.h"
#include "duck.h"
#include "identity_syntax.h"
#include "table_uses.h"
#include "tarn/delta/schema_edit.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/quote.h"
#include "tarn/sql/words.h"
#include "trust.h"

namespace tarn::sql {
namespace {

using duckdb::StringUtil;

// Thrown, and caught where the statement is parsed.
struct Refused {
    Error error;
};
[[noreturn]] void refuse_clause(const std::string& what) {
    throw Refused{Error(ErrorCode::kUnsupported, "tables have no " + what)};
}

std::string table_name(const std::string& catalog, const std::string& schema,
                       const std::string& table) {
    if (!catalog.empty())
        refuse_clause("names of three parts: " + catalog + "." + schema + "." + table);
    return schema.empty() ? table : schema + "." + table;
}

// What the grammar of DuckDB does not have: words behind INSERT and MERGE and CLUSTER BY, which are
// taken out of the text, and identity columns.
class Overwriting {
  public:
    explicit Overwriting(std::string text) : words_(std::move(text)) {
        if (words_.is(0, "create")) {
            replace_identities(words_);
            take_clustering();
        }
        const bool insert = words_.is(0, "insert");
        if (!insert && !words_.is(0, "merge")) return;
        if (words_.is(1, "with") && words_.is(2, "schema") && words_.is(3, "evolution")) {
            evolves_ = true;
            words_.replace(1, 4, "");
        }
        if (!insert) return;
        if (words_.is(1, "overwrite")) {
            size_t end = 2;
            what_ = TableStatement::Overwrite::kAll;
            if (words_.is(end, "partitions")) {
                what_ = TableStatement::Overwrite::kPartitions;
                ++end;
            }
            if (words_.is(end, "into") || words_.is(end, "table")) ++end;
            words_.replace(1, end, "into ");
            return;
        }
        // INSERT INTO a.b REPLACE WHERE (p) …: outside of brackets, before the query.
        for (size_t i = 2; i + 1 < words_.size() && i < kMostInName; ++i)
            if (words_.is(i, "replace") && words_.is(i + 1, "where")) {
                take_where(i);
                break;
            }
    }
    const std::string& text() const { return words_.text(); }
    void put(TableStatement& to) const {
        to.evolves = evolves_;
        to.cluster_by = cluster_by_;
        if (to.kind != TableStatement::Kind::kInsert) return;
        to.overwrite = what_;
        to.where = where_;
    }

  private:
    static constexpr size_t kMostInName = 8;  // "a"."b" has three

    // Outside of brackets and before a query.
    void take_clustering() {
        int depth = 0;
        for (size_t i = 1; i < words_.size(); ++i) {
            depth += words_.is(i, "(") ? 1 : words_.is(i, ")") ? -1 : 0;
            if (depth > 0) continue;
            if (words_.is(i, "as") || words_.is(i, "select")) return;
            if (!words_.is(i, "cluster") || !words_.is(i + 1, "by")) continue;
            auto end = i + 2;
            if (words_.is(end, "none"))
                ++end;
            else
                cluster_by_ = column_paths(words_, end);
            words_.replace(i, end, "");
            return;
        }
    }

    void take_where(size_t at) {
        if (!words_.is(at + 2, "("))
            throw Refused{Error(ErrorCode::kInvalidArgument,
                                "REPLACE WHERE is followed by a condition in brackets")};
        const auto end = words_.behind_bracket(at + 2);
        if (end == 0)
            throw Refused{
                Error(ErrorCode::kInvalidArgument, "a bracket of REPLACE WHERE is not closed")};
        where_ = words_.between(at + 3, end - 1);
        what_ = TableStatement::Overwrite::kWhere;
        words_.replace(at, end, "");
    }

    Words words_;
    TableStatement::Overwrite what_ = TableStatement::Overwrite::kNothing;
    std::string where_;
    std::vector<delta::FieldPath> cluster_by_;
    bool evolves_ = false;
};

// Bound by what the session knows.
duckdb::LogicalType type_named(duckdb::ClientContext& context, const std::string& text) {
    duckdb::LogicalType out;
    context.RunFunctionInTransaction(
        [&] { out = duckdb::TransformStringToLogicalType(text, context); });
    return out;
}
delta::DataType table_type_named(duckdb::ClientContext& context, const std::string& text) {
    auto type = delta_type(type_named(context, text));
    if (!type) throw Refused{type.error()};
    return std::move(*type);
}

class Taker {
  public:
    Taker(duckdb::ClientContext& context, const Engine::Impl& engine, bool restricted,
          std::string text)
        : context_(context), engine_(engine), restricted_(restricted), text_(std::move(text)) {}

    std::optional<TableStatement> take(duckdb::SQLStatement& statement) {
        using duckdb::StatementType;
        switch (statement.type) {
            case StatementType::INSERT_STATEMENT:
                insert(statement.Cast<duckdb::InsertStatement>());
                break;
            case StatementType::DELETE_STATEMENT:
                remove(statement.Cast<duckdb::DeleteStatement>());
                break;
            case StatementType::UPDATE_STATEMENT:
                update(statement.Cast<duckdb::UpdateStatement>());
                break;
            case StatementType::MERGE_INTO_STATEMENT:
                merge(statement.Cast<duckdb::MergeIntoStatement>());
                break;
            case StatementType::CREATE_STATEMENT:
                create(*statement.Cast<duckdb::CreateStatement>().info);
                break;
            case StatementType::ALTER_STATEMENT:
                alter(*statement.Cast<duckdb::AlterStatement>().info);
                break;
            case StatementType::DROP_STATEMENT:
                drop(*statement.Cast<duckdb::DropStatement>().info);
                break;
            default:
                return std::nullopt;
        }
        return std::move(out_);
    }
    // A condition that stands outside of the statement.
    void check_condition(const std::string& text) {
        if (text.empty()) return;
        check("SELECT 1 WHERE (" + text + ")");
    }

  private:
    using Kind = TableStatement::Kind;

    void check(const std::string& select) {
        if (!restricted_) return;
        if (auto status = check_restricted(context_, select, engine_); !status)
            throw Refused{status.error()};
    }
    std::string expression(const duckdb::unique_ptr<duckdb::ParsedExpression>& e) {
        if (!e) return {};
        auto text = e->ToString();
        check("SELECT " + text);
        return text;
    }
    std::string query(duckdb::SelectStatement& select) {
        auto text = select.ToString();
        check(text);
        return text;
    }
    static void without(bool there, const std::string& what) {
        if (there) refuse_clause(what);
    }

    duckdb::LogicalType bound_type(const duckdb::LogicalType& named) {
        return type_named(context_, named.ToString());
    }
    delta::DataType type_of(const duckdb::LogicalType& named) {
        return table_type_named(context_, named.ToString());
    }

    void target(duckdb::TableRef& ref) {
        if (ref.type != duckdb::TableReferenceType::BASE_TABLE)
            refuse_clause("changes of anything but a table");
        auto& base = ref.Cast<duckdb::BaseTableRef>();
        without(bool(base.at_clause), "changes of an older version");
        out_.table = table_name(base.catalog_name, base.schema_name, base.table_name);
        out_.alias = base.alias.empty() ? base.table_name : base.alias;
    }
    // Another table of the statement, as a query and the name that it has.
    void source(duckdb::TableRef& ref) {
        if (ref.type == duckdb::TableReferenceType::BASE_TABLE) {
            auto& base = ref.Cast<duckdb::BaseTableRef>();
            out_.source_alias = base.alias.empty() ? base.table_name : base.alias;
        } else if (!ref.alias.empty()) {
            out_.source_alias = ref.alias;
        } else {
            refuse_clause("source without a name: write (…) AS s");
        }
        auto copy = ref.Copy();
        const auto columns = std::move(copy->column_name_alias);
        copy->column_name_alias.clear();
        std::string names;
        for (const auto& name : columns)
            names += (names.empty() ? "(" : ", ") + quoted_name(name);
        copy->alias = "";
        out_.source = fmt::format("SELECT * FROM {} AS {}{}", copy->ToString(),
                                  quoted_name(out_.source_alias), names.empty() ? "" : names + ")");
        check(out_.source);
    }

    void insert(duckdb::InsertStatement& statement) {
        out_.kind = Kind::kInsert;
        without(!statement.returning_list.empty(), "RETURNING");
        without(bool(statement.on_conflict_info), "ON CONFLICT: use MERGE");
        without(!statement.cte_map.map.empty(), "WITH before INSERT: put it behind");
        without(statement.default_values, "DEFAULT VALUES");
        out_.table = table_name(statement.catalog, statement.schema, statement.table);
        out_.alias = statement.table;
        out_.columns.assign(statement.columns.begin(), statement.columns.end());
        out_.by_name = statement.column_order == duckdb::InsertColumnOrder::INSERT_BY_NAME;
        out_.select = query(*statement.select_statement);
        out_.reads_table =
            may_read_table(*statement.select_statement, statement.schema, statement.table);
    }
    void remove(duckdb::DeleteStatement& statement) {
        out_.kind = Kind::kDelete;
        without(!statement.returning_list.empty(), "RETURNING");
        without(!statement.cte_map.map.empty(), "WITH before DELETE");
        target(*statement.table);
        const auto where = expression(statement.condition);
        if (statement.using_clauses.empty()) {
            out_.where = where;
            return;
        }
        joined(statement.using_clauses, where,
               {MergeWhen::kMatched, MergeThen::kDelete, "", {}, false});
    }
    void update(duckdb::UpdateStatement& statement) {
        out_.kind = Kind::kUpdate;
        without(!statement.returning_list.empty(), "RETURNING");
        without(!statement.cte_map.map.empty(), "WITH before UPDATE");
        target(*statement.table);
        auto set = assignments(*statement.set_info);
        const auto where = expression(statement.set_info->condition);
        if (!statement.from_table) {
            out_.set = std::move(set);
            out_.where = where;
            return;
        }
        duckdb::vector<duckdb::unique_ptr<duckdb::TableRef>> from;
        from.push_back(statement.from_table->Copy());
        joined(from, where, {MergeWhen::kMatched, MergeThen::kUpdate, "", std::move(set), false});
    }
    // With rows of another table: a MERGE of one clause, which says so where it is ambiguous.
    void joined(duckdb::vector<duckdb::unique_ptr<duckdb::TableRef>>& with, const std::string& on,
                MergeClause clause) {
        without(with.size() > 1, "more than one table beside it: join them in a subquery");
        out_.kind = Kind::kMerge;
        source(*with[0]);
        out_.on = on.empty() ? "true" : on;
        out_.clauses = {std::move(clause)};
    }
    std::vector<SetColumn> assignments(duckdb::UpdateSetInfo& info) {
        std::vector<SetColumn> out;
        for (size_t i = 0; i < info.columns.size(); ++i)
            out.push_back({info.columns[i], expression(info.expressions[i])});
        return out;
    }

    void merge(duckdb::MergeIntoStatement& statement) {
        out_.kind = Kind::kMerge;
        without(!statement.returning_list.empty(), "RETURNING");
        without(!statement.cte_map.map.empty(), "WITH before MERGE");
        target(*statement.target);
        source(*statement.source);
        out_.on = expression(statement.join_condition);
        for (const auto& column : statement.using_columns)
            out_.on += fmt::format("{}{}.{} = {}.{}", out_.on.empty() ? "" : " AND ",
                                   quoted_name(out_.alias), quoted_name(column),
                                   quoted_name(out_.source_alias), quoted_name(column));
        for (auto& [condition, actions] : statement.actions)
            for (auto& action : actions)
                out_.clauses.push_back(clause(condition, *action));
    }
    MergeClause clause(duckdb::MergeActionCondition condition, duckdb::MergeIntoAction& action) {
        using duckdb::MergeActionCondition;
        using duckdb::MergeActionType;
        MergeClause out;
        out.when = condition == MergeActionCondition::WHEN_MATCHED ? MergeWhen::kMatched
                   : condition == MergeActionCondition::WHEN_NOT_MATCHED_BY_TARGET
                       ? MergeWhen::kNotMatched
                       : MergeWhen::kNotMatchedBySource;
        out.condition = expression(action.condition);
        switch (action.action_type) {
            case MergeActionType::MERGE_UPDATE:
                out.then = MergeThen::kUpdate;
                if (action.update_info) out.set = assignments(*action.update_info);
                out.all = out.set.empty();
                break;
            case MergeActionType::MERGE_DELETE:
                out.then = MergeThen::kDelete;
                break;
            case MergeActionType::MERGE_INSERT:
                out.then = MergeThen::kInsert;
                without(action.default_values, "DEFAULT VALUES");
                for (size_t i = 0; i < action.expressions.size(); ++i)
                    out.set.push_back(
                        {i < action.insert_columns.size() ? action.insert_columns[i] : "",
                         expression(action.expressions[i])});
                out.all = out.set.empty();
                break;
            case MergeActionType::MERGE_DO_NOTHING:
                out.then = MergeThen::kNothing;
                break;
            case MergeActionType::MERGE_ERROR:
                refuse_clause("ERROR in MERGE");
        }
        return out;
    }

    void create(duckdb::CreateInfo& info) {
        if (info.type != duckdb::CatalogType::TABLE_ENTRY)
            refuse_clause("CREATE of anything but a table: views and functions are for projects");
        auto& table = info.Cast<duckdb::CreateTableInfo>();
        without(table.temporary, "TEMPORARY");
        out_.kind = Kind::kCreate;
        out_.table = table_name(table.catalog, table.schema, table.table);
        out_.alias = table.table;
        out_.or_replace = table.on_conflict == duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
        out_.if_not_exists = table.on_conflict == duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
        if (table.query) out_.select = query(*table.query);
        for (auto& column : table.columns.Logical()) {
            auto& field = out_.created.emplace_back();
            field.name = column.Name();
            without(column.Type().id() == duckdb::LogicalTypeId::ANY,
                    "column without a type: " + field.name);
            field.type = type_of(column.Type());
            if (column.Generated())
                set_generated(field, column.GeneratedExpression());
            else if (column.HasDefaultValue() && !take_identity(column.DefaultValue(), field))
                set_text(field, "CURRENT_DEFAULT", column.DefaultValue());
        }
        for (auto& constraint : table.constraints) {
            if (constraint->type == duckdb::ConstraintType::NOT_NULL)
                out_.created[constraint->Cast<duckdb::NotNullConstraint>().index.index].nullable =
                    false;
            else if (constraint->type == duckdb::ConstraintType::CHECK)
                out_.checks.push_back(
                    text_of(*constraint->Cast<duckdb::CheckConstraint>().expression));
            else
                refuse_clause("keys: uniqueness is not enforced");
        }
        without(!table.sort_keys.empty(), "SORTED BY");
        for (auto& key : table.partition_keys) {
            if (key->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF)
                refuse_clause("partitions by an expression: add a column of it");
            out_.partition_by.push_back(key->Cast<duckdb::ColumnRefExpression>().GetColumnName());
        }
        properties(table.options);
    }

    // As other writers read it: types by their names alone.
    std::string text_of(const duckdb::ParsedExpression& expression) {
        auto copy = expression.Copy();
        name_types(*copy);
        return copy->ToString();
    }
    void name_types(duckdb::ParsedExpression& expression) {
        if (expression.GetExpressionClass() == duckdb::ExpressionClass::CAST) {
            auto& cast = expression.Cast<duckdb::CastExpression>();
            cast.cast_type = bound_type(cast.cast_type);
        }
        duckdb::ParsedExpressionIterator::EnumerateChildren(
            expression, [this](duckdb::ParsedExpression& child) { name_types(child); });
    }
    void set_text(delta::Field& field, const char* key,
                  const duckdb::ParsedExpression& expression) {
        delta::set_field_metadata(field, key, nlohmann::json(text_of(expression)).dump());
    }
    // DuckDB puts a CAST to the column's type around what stands there.
    void set_generated(delta::Field& field, const duckdb::ParsedExpression& expression) {
        const bool cast = expression.GetExpressionClass() == duckdb::ExpressionClass::CAST;
        set_text(field, "delta.generationExpression",
                 cast ? *expression.Cast<duckdb::CastExpression>().child : expression);
    }

    void properties(
        duckdb::case_insensitive_map_t<duckdb::unique_ptr<duckdb::ParsedExpression>>& options) {
        for (auto& [key, value] : options) {
            if (!value || value->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT)
                refuse_clause("property that is no constant: " + key);
            out_.properties.emplace_back(
                as_written(key), value->Cast<duckdb::ConstantExpression>().value.ToString());
        }
    }

    // DuckDB folds the case of options; Delta's properties have capitals.
    std::string as_written(const std::string& folded) const {
        const auto at = StringUtil::Lower(text_).find(folded);
        return at == text_.npos ? folded : text_.substr(at, folded.size());
    }

    void alter(duckdb::AlterInfo& info) {
        out_.kind = Kind::kAlter;
        out_.table = table_name(info.catalog, info.schema, info.name);
        out_.alias = info.name;
        out_.if_exists = info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL;
        if (info.type != duckdb::AlterType::ALTER_TABLE) refuse_clause("such an ALTER");
        alter_table(info, out_.alter);
    }

    // Of columns, see alter_syntax.h.
    void alter_table(duckdb::AlterInfo& info, AlterStatement& to) {
        using duckdb::AlterTableType;
        switch (info.Cast<duckdb::AlterTableInfo>().alter_table_type) {
            case AlterTableType::SET_TABLE_OPTIONS:
                to.then = AlterThen::kSetProperties;
                properties(info.Cast<duckdb::SetTableOptionsInfo>().table_options);
                return;
            case AlterTableType::RESET_TABLE_OPTIONS:
                to.then = AlterThen::kSetProperties;
                for (auto& key : info.Cast<duckdb::ResetTableOptionsInfo>().table_options)
                    out_.properties.emplace_back(as_written(key), "");
                return;
            default:
                refuse_clause("such an ALTER yet");
        }
    }

    void drop(duckdb::DropInfo& info) {
        if (info.type != duckdb::CatalogType::TABLE_ENTRY) refuse_clause("DROP of anything else");
        without(info.cascade, "DROP … CASCADE: what uses a table is not dropped with it");
        out_.kind = Kind::kDrop;
        out_.table = table_name(info.catalog, info.schema, info.name);
        out_.if_exists = info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL;
    }

    duckdb::ClientContext& context_;
    const Engine::Impl& engine_;
    const bool restricted_;
    const std::string text_;
    TableStatement out_;
};

}  // namespace

Result<std::optional<TableStatement>> parse_table_statement(Engine& engine, std::string_view given,
                                                            bool restricted) {
    const auto text = without_schemas(std::string(given), engine.impl().tables);
    TARN_TRY(auto session, engine.session());
    auto& context = session->impl().context();
    try {
        // Paths of columns are as they stand: a.t.s.x of COMMENT ON begins with the table.
        auto of_columns = alter_statement(std::string(given), [&](const std::string& type) {
            return table_type_named(context, type);
        });
        if (of_columns) return of_columns;
        const Overwriting overwriting{text};
        duckdb::Parser parser(context.GetParserOptions());
        parser.ParseQuery(overwriting.text());
        if (parser.statements.size() != 1) return std::nullopt;
        name_versions(*parser.statements[0]);
        Taker taker(context, engine.impl(), restricted, overwriting.text());
        auto out = taker.take(*parser.statements[0]);
        if (out) overwriting.put(*out);
        if (out && out->kind == TableStatement::Kind::kInsert) taker.check_condition(out->where);
        return out;
    } catch (const Refused& refused) {
        return fail(refused.error);
    } catch (const std::exception& e) {
        duckdb::ErrorData error(e);
        error.AddErrorLocation(text);
        return fail(to_error(error));
    }
}

}  // namespace tarn::sql
