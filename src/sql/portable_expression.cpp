#include "tarn/sql/portable_expression.h"

#include <algorithm>

#include "duckdb/common/string_util.hpp"
#include "duckdb/parser/expression/cast_expression.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"

#include "duck.h"
#include "tarn/base/names.h"

namespace tarn::sql {
namespace {

using duckdb::ExpressionClass;
using duckdb::ExpressionType;

// The same in Spark and in DuckDB, for every argument that has their types.
constexpr std::string_view kFunctions[] = {
    "+",    "-",   "*",        "~~",   "!~~",   "lower", "upper",        "length",
    "trim", "abs", "coalesce", "year", "month", "day",   "current_date", "current_timestamp"};

class Portable {
  public:
    explicit Portable(const delta::Schema& schema) : schema_(schema) {}

    std::string take(duckdb::unique_ptr<duckdb::ParsedExpression>& expression) {
        check(expression);
        return expression->ToString();
    }

  private:
    [[noreturn]] static void refuse(const std::string& what) {
        throw_error(Error(ErrorCode::kUnsupported, what));
    }
    void check(duckdb::unique_ptr<duckdb::ParsedExpression>& e) {
        switch (e->GetExpressionClass()) {
            case ExpressionClass::COLUMN_REF:
                return column(e->Cast<duckdb::ColumnRefExpression>());
            case ExpressionClass::FUNCTION:
                function(e->Cast<duckdb::FunctionExpression>());
                break;
            case ExpressionClass::CAST:
                cast(e->Cast<duckdb::CastExpression>());
                break;
            case ExpressionClass::CONSTANT:
            case ExpressionClass::COMPARISON:
            case ExpressionClass::CONJUNCTION:
            case ExpressionClass::BETWEEN:
            case ExpressionClass::CASE:
                break;
            case ExpressionClass::OPERATOR:
                operation(e->GetExpressionType());
                break;
            default:
                refuse("an expression such as " + e->ToString());
        }
        duckdb::ParsedExpressionIterator::EnumerateChildren(
            *e, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { check(child); });
    }
    void column(duckdb::ColumnRefExpression& ref) const {
        const auto found = std::ranges::find_if(schema_.fields, [&](const auto& field) {
            return same_but_case(field.name, ref.column_names[0]);
        });
        if (found == schema_.fields.end())
            throw_error(Error(ErrorCode::kInvalidArgument, "no column " + ref.column_names[0]));
        ref.column_names[0] = found->name;
    }
    static void function(const duckdb::FunctionExpression& call) {
        if (std::ranges::find(kFunctions, duckdb::StringUtil::Lower(call.function_name)) ==
            std::end(kFunctions))
            refuse("the function " + call.function_name);
    }
    static void cast(const duckdb::CastExpression& cast) {
        // Numbers are rounded here and cut there, texts of numbers and times differ.
        auto name = duckdb::StringUtil::Upper(cast.cast_type.ToString());
        std::erase(name, '"');
        if (name != "DATE" && !cast.child->IsScalar()) refuse("a CAST to " + name);
    }
    static void operation(ExpressionType type) {
        constexpr ExpressionType kTaken[] = {
            ExpressionType::OPERATOR_NOT,         ExpressionType::OPERATOR_IS_NULL,
            ExpressionType::OPERATOR_IS_NOT_NULL, ExpressionType::COMPARE_IN,
            ExpressionType::COMPARE_NOT_IN,       ExpressionType::OPERATOR_COALESCE,
            ExpressionType::STRUCT_EXTRACT};
        if (std::ranges::find(kTaken, type) == std::end(kTaken))
            refuse("the operator " + duckdb::ExpressionTypeToString(type));
    }

    const delta::Schema& schema_;
};

// Spark quotes names with `, and texts with ' or ".
std::string with_duckdb_quotes(std::string_view text) {
    std::string out;
    char open = 0;
    for (const char c : text) {
        if (open == 0 && c == '"')
            throw_error(Error(ErrorCode::kUnsupported, "a text in \"…\": write it in '…'"));
        if (open != 0 && c == '\\')
            throw_error(Error(ErrorCode::kUnsupported, "a backslash in a text"));
        if (open == '`' && c == '"')
            throw_error(Error(ErrorCode::kUnsupported, "a name with a quote"));
        if (open == 0 && (c == '\'' || c == '`'))
            open = c;
        else if (open == c)
            open = 0;
        out += c == '`' ? '"' : c;
    }
    return out;
}

}  // namespace

Result<std::string> portable_expression(Engine& engine, std::string_view text,
                                        const delta::Schema& schema) {
    duckdb::Connection connection(engine.impl().instance());
    return guarded([&]() -> Result<std::string> {
        auto list = duckdb::Parser::ParseExpressionList(with_duckdb_quotes(text),
                                                        connection.context->GetParserOptions());
        if (list.size() != 1 || !list[0]->GetAlias().empty())
            return fail(ErrorCode::kInvalidArgument, "it is not one expression");
        return Portable(schema).take(list[0]);
    });
}

}  // namespace tarn::sql
