#include "table_uses.h"

#include <algorithm>

#include "duckdb/common/string_util.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "duckdb/parser/tableref/showref.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

namespace tarn::sql {
namespace {

using duckdb::StringUtil;

class Uses {
  public:
    Uses(const std::string& schema, const std::string& table)
        : schema_(StringUtil::Lower(schema)), table_(StringUtil::Lower(table)) {}

    void select(duckdb::SelectStatement& statement) {
        if (statement.node) node(*statement.node);
    }
    bool found = false;

  private:
    void node(duckdb::QueryNode& n) {
        duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
            n, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& e) { expression(*e); },
            [this](duckdb::TableRef& r) { ref(r); });
    }
    void expression(duckdb::ParsedExpression& e) {
        if (e.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
            auto& inner = e.Cast<duckdb::SubqueryExpression>();
            if (inner.subquery) select(*inner.subquery);
        }
        duckdb::ParsedExpressionIterator::EnumerateChildren(
            e, [this](duckdb::ParsedExpression& c) { expression(c); });
    }
    void ref(duckdb::TableRef& r) {
        switch (r.type) {
            case duckdb::TableReferenceType::BASE_TABLE: {
                const auto& base = r.Cast<duckdb::BaseTableRef>();
                const auto schema = StringUtil::Lower(base.schema_name);
                // An older version stands behind the name (table_syntax.h).
                const bool named = StringUtil::Lower(base.table_name).starts_with(table_);
                found = found || (named && (schema.empty() || schema == schema_));
                return;
            }
            case duckdb::TableReferenceType::TABLE_FUNCTION: {
                auto& function = r.Cast<duckdb::TableFunctionRef>();
                if (function.subquery) select(*function.subquery);
                for (const auto& argument :
                     function.function->Cast<duckdb::FunctionExpression>().children)
                    found = found ||
                            StringUtil::Contains(StringUtil::Lower(argument->ToString()), table_) ||
                            (argument->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT &&
                             names_tables(function));
                return;
            }
            case duckdb::TableReferenceType::SHOW_REF: {
                auto& show = r.Cast<duckdb::ShowRef>();
                if (show.query) node(*show.query);
                return;
            }
            default:
                return;  // what it holds is among the children
        }
    }
    // By a path or a name that is worked out.
    static bool names_tables(duckdb::TableFunctionRef& ref) {
        const auto name =
            StringUtil::Lower(ref.function->Cast<duckdb::FunctionExpression>().function_name);
        return name != "range" && name != "generate_series" && name != "unnest";
    }

    const std::string schema_, table_;
};

}  // namespace

bool may_read_table(duckdb::SelectStatement& query, const std::string& schema,
                    const std::string& table) {
    Uses uses(schema, table);
    uses.select(query);
    return uses.found;
}

}  // namespace tarn::sql
