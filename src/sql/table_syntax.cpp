// What SQL says of versions of tables. DuckDB's grammar has AT, but only for tables of catalogs: a
// replacement scan never sees it. So a table with AT gets a name that says so, which the scan takes
// apart. DESCRIBE HISTORY and DESCRIBE DETAIL, as Delta's own SQL has them, become queries.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "duckdb/common/string_util.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_data/create_view_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/statement/copy_statement.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/at_clause.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "duckdb/parser/tableref/showref.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

#include "duck.h"
#include "tarn/sql/quote.h"
#include "tarn/sql/words.h"

namespace tarn::sql {
namespace {

using duckdb::StringUtil;

constexpr std::string_view kAt = " AT (", kIs = " => ";

// Gives each table with AT the name that says so.
class Renaming {
  public:
    bool any = false;

    void statement(duckdb::SQLStatement& s) {
        using duckdb::StatementType;
        switch (s.type) {
            case StatementType::SELECT_STATEMENT:
                return node(*s.Cast<duckdb::SelectStatement>().node);
            case StatementType::EXPLAIN_STATEMENT:
                return statement(*s.Cast<duckdb::ExplainStatement>().stmt);
            case StatementType::INSERT_STATEMENT:
                return select(s.Cast<duckdb::InsertStatement>().select_statement);
            case StatementType::COPY_STATEMENT: {
                auto& copy = *s.Cast<duckdb::CopyStatement>().info;
                if (copy.select_statement) node(*copy.select_statement);
                return;
            }
            case StatementType::CREATE_STATEMENT:
                return create(*s.Cast<duckdb::CreateStatement>().info);
            case StatementType::UPDATE_STATEMENT: {
                auto& update = s.Cast<duckdb::UpdateStatement>();
                if (update.from_table) ref(*update.from_table);
                return set(update.set_info);
            }
            case StatementType::DELETE_STATEMENT: {
                auto& remove = s.Cast<duckdb::DeleteStatement>();
                for (auto& table : remove.using_clauses)
                    ref(*table);
                return expression(remove.condition);
            }
            case StatementType::MERGE_INTO_STATEMENT:
                return merge(s.Cast<duckdb::MergeIntoStatement>());
            default:
                return;
        }
    }

  private:
    void select(duckdb::unique_ptr<duckdb::SelectStatement>& s) {
        if (s && s->node) node(*s->node);
    }
    void create(duckdb::CreateInfo& info) {
        if (info.type == duckdb::CatalogType::TABLE_ENTRY)
            select(info.Cast<duckdb::CreateTableInfo>().query);
        else if (info.type == duckdb::CatalogType::VIEW_ENTRY)
            select(info.Cast<duckdb::CreateViewInfo>().query);
    }
    void set(duckdb::unique_ptr<duckdb::UpdateSetInfo>& info) {
        if (!info) return;
        expression(info->condition);
        for (auto& value : info->expressions)
            expression(value);
    }
    void merge(duckdb::MergeIntoStatement& s) {
        ref(*s.source);
        expression(s.join_condition);
        for (auto& [_, actions] : s.actions)
            for (auto& action : actions) {
                expression(action->condition);
                set(action->update_info);
                for (auto& value : action->expressions)
                    expression(value);
            }
    }
    void node(duckdb::QueryNode& n) {
        duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
            n, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& e) { expression(e); },
            [this](duckdb::TableRef& r) { ref(r); });
    }
    void expression(duckdb::unique_ptr<duckdb::ParsedExpression>& e) {
        if (!e) return;
        if (e->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY)
            select(e->Cast<duckdb::SubqueryExpression>().subquery);
        duckdb::ParsedExpressionIterator::EnumerateChildren(
            *e, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& c) { expression(c); });
    }
    void ref(duckdb::TableRef& r) {
        switch (r.type) {
            case duckdb::TableReferenceType::BASE_TABLE:
                return rename(r.Cast<duckdb::BaseTableRef>());
            case duckdb::TableReferenceType::SHOW_REF: {
                auto& show = r.Cast<duckdb::ShowRef>();
                if (show.query) node(*show.query);
                return;
            }
            case duckdb::TableReferenceType::TABLE_FUNCTION:
                return select(r.Cast<duckdb::TableFunctionRef>().subquery);
            default:
                return;
        }
    }
    void rename(duckdb::BaseTableRef& table) {
        if (!table.at_clause) return;
        if (table.alias.empty()) table.alias = table.table_name;
        table.table_name = fmt::format("{}{}{}{}{})", table.table_name, kAt,
                                       StringUtil::Lower(table.at_clause->Unit()), kIs,
                                       table.at_clause->ExpressionMutable()->ToString());
        table.at_clause.reset();
        any = true;
    }
};

// "DESCRIBE HISTORY a.b …" as a query; nothing if it is none.
std::optional<std::string> described(const std::string& query) {
    const auto first = query.find_first_not_of(" \t\r\n");
    if (first == query.npos || StringUtil::Lower(query.substr(first, 4)) != "desc")
        return std::nullopt;
    const Words words(query);
    if (words.size() < 3 || (!words.is(0, "describe") && !words.is(0, "desc"))) return std::nullopt;
    const auto what = StringUtil::Lower(words.name(1, 2));
    if (what != "history" && what != "detail") return std::nullopt;
    const auto end = words.behind_name(2);
    return fmt::format("SELECT * FROM table_{}({}) {}", what, quoted_text(words.name(2, end)),
                       words.rest(end));
}

// Words before and behind the name of a table that has no other name in the statement.
constexpr std::array kBeforeTable = {"from", "join", "into", "update", "using", ","};
constexpr std::array kBehindTable = {
    ",",          ")",           ";",      "where",  "on",      "using",  "join",      "inner",
    "left",       "right",       "full",   "cross",  "natural", "anti",   "semi",      "asof",
    "group",      "order",       "limit",  "set",    "union",   "except", "intersect", "when",
    "at",         "returning",   "having", "window", "qualify", "select", "values",    "offset",
    "positional", "tablesample", "by",     "("};

bool may_have_at(const std::string& query) {
    const Words words(query);
    for (size_t i = 0; i < words.size(); ++i)
        if (words.is(i, "at") && words.is(i + 1, "(")) return true;
    return false;
}

}  // namespace

std::string without_schemas(const std::string& sql, TableProvider* tables) {
    if (!tables || std::ranges::count(sql, '.') < 2) return sql;
    Words words(sql);
    const auto parts = [&](size_t from, size_t to) { return (to - from + 1) / 2; };
    const auto pair = [&](size_t i) { return StringUtil::Lower(words.name(i, i + 3)); };
    const auto last = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
    const auto is_one_of = [&](size_t i, auto&& some) {
        return std::ranges::any_of(some, [&](const char* word) { return words.is(i, word); });
    };
    // What stands where a table does and has no other name there, by its last name, in lower case;
    // and names that may be those of something else.
    std::map<std::string, std::set<std::string>> named;
    std::set<std::string> others;
    std::vector<size_t> longer;  // where a column's name may begin with a schema, the last first
    for (size_t i = 0; i < words.size();) {
        const auto end = words.behind_name(i);
        if (end == i) {
            ++i;
            continue;
        }
        const bool all = words.is(end, ".") && words.is(end + 1, "*");
        const auto count = parts(i, end) + (all ? 1 : 0);
        if (count == 1 && !is_one_of(i, kBehindTable)) {
            others.insert(StringUtil::Lower(words.name(i, end)));
        } else if (count == 2 && !all && i > 0 && is_one_of(i - 1, kBeforeTable) &&
                   !words.is(end, "(")) {
            const bool alone = end == words.size() || is_one_of(end, kBehindTable);
            if (alone) named[last(pair(i))].insert(pair(i));
        } else if (count > 2) {
            longer.insert(longer.begin(), i);
        }
        i = end;
    }
    if (longer.empty() || named.empty()) return sql;
    std::set<std::string> known;
    for (const auto& name : tables->names())
        known.insert(StringUtil::Lower(name));
    for (const auto i : longer) {
        const auto name = pair(i);
        const auto found = named.find(last(name));
        if (found == named.end() || found->second != std::set{name}) continue;
        if (!others.contains(last(name)) && known.contains(name)) words.replace(i, i + 2, "");
    }
    return words.text();
}

bool name_versions(duckdb::SQLStatement& statement) {
    Renaming renaming;
    renaming.statement(statement);
    return renaming.any;
}

std::string with_versions(duckdb::ClientContext& context, const std::string& sql) {
    try {
        if (auto query = described(sql)) return *std::move(query);
        if (!may_have_at(sql)) return sql;
        duckdb::Parser parser(context.GetParserOptions());
        parser.ParseQuery(sql);
        bool any = false;
        std::string out;
        for (auto& statement : parser.statements) {
            any = name_versions(*statement) || any;
            out += (out.empty() ? "" : "; ") + statement->ToString();
        }
        return any ? out : sql;
    } catch (const duckdb::Exception&) {
        return sql;  // what is wrong is said where it runs
    }
}

std::optional<TableAt> table_at(const std::string& name) {
    const auto at = name.rfind(kAt);
    if (at == name.npos || !name.ends_with(')')) return std::nullopt;
    const auto from = at + kAt.size();
    const auto is = name.find(kIs, from);
    if (is == name.npos) return std::nullopt;
    const auto value = is + kIs.size();
    return TableAt{name.substr(0, at), name.substr(from, is - from),
                   name.substr(value, name.size() - 1 - value)};
}

std::string table_folder(Engine::Impl& engine, const std::string& name) {
    return delta_table(engine, name).path;
}

DeltaTableRef delta_table(Engine::Impl& engine, const std::string& name) {
    if (name.find('/') != name.npos) {
        if (engine.options.restricted && !engine.options.allow_delta_scan)
            throw duckdb::PermissionException("not allowed here: a table by its folder");
        return {.path = name};
    }
    const auto dot = name.rfind('.');
    const auto schema = dot == name.npos ? "" : name.substr(0, dot);
    const auto table = dot == name.npos ? name : name.substr(dot + 1);
    if (engine.tables) {
        auto found = engine.tables->resolve(schema, table);
        if (!found) throw_error(found.error());
        if (*found) {
            if (const auto* delta = std::get_if<DeltaTableRef>(&**found)) return *delta;
            throw duckdb::BinderException("%s has no versions: it is no table of the lake", name);
        }
    }
    throw duckdb::CatalogException("Table with name %s does not exist!", name);
}

}  // namespace tarn::sql
