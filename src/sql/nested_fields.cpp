#include "nested_fields.h"

#include <algorithm>

#include <duckdb/common/string_util.hpp>
#include <duckdb/common/vector_operations/vector_operations.hpp>
#include <duckdb/function/scalar/struct_functions.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>

namespace tarn::sql {
namespace {

using namespace duckdb;  // NOLINT: this file is an adapter of DuckDB

// How a value of the file becomes one of the table. Of a struct: for each field of the table's
// where it is in the file's, -1 if it is not there, and how it becomes what it is. Of a list or map
// one child, of the elements. Without children: the value as it is.
struct Form {
    std::vector<int> from;
    std::vector<Form> children;
};

bool is_nested(const LogicalType& type) {
    return type.id() == LogicalTypeId::STRUCT || type.id() == LogicalTypeId::LIST ||
           type.id() == LogicalTypeId::MAP;
}

int place_of(const child_list_t<LogicalType>& fields, const string& name) {
    for (size_t i = 0; i < fields.size(); ++i)
        if (StringUtil::CIEquals(fields[i].first, name)) return int(i);
    return -1;
}

Form form_of(const MultiFileColumnDefinition& column, const LogicalType& from,
             const LogicalType& to) {
    Form out;
    if (column.children.empty() || from.id() != to.id() || !is_nested(to)) return out;
    if (to.id() == LogicalTypeId::LIST) {
        out.children.push_back(
            form_of(column.children[0], ListType::GetChildType(from), ListType::GetChildType(to)));
        return out;
    }
    if (to.id() == LogicalTypeId::MAP) {
        Form entry;
        entry.from = {0, 1};
        entry.children.push_back(
            form_of(column.children[0], MapType::KeyType(from), MapType::KeyType(to)));
        entry.children.push_back(
            form_of(column.children[1], MapType::ValueType(from), MapType::ValueType(to)));
        out.children.push_back(std::move(entry));
        return out;
    }
    const auto& fields = StructType::GetChildTypes(from);
    for (const auto& [name, type] : StructType::GetChildTypes(to)) {
        int at = -1;
        Form form;
        for (const auto& child : column.children) {
            if (!StringUtil::CIEquals(child.name, name)) continue;
            at = place_of(fields, child.GetIdentifierName());
            if (at >= 0) form = form_of(child, fields[size_t(at)].second, type);
        }
        out.from.push_back(at);
        out.children.push_back(std::move(form));
    }
    return out;
}

// With room for all rows, which in a list may be more than a vector has.
void set_null(Vector& to, idx_t count) {
    to.SetVectorType(VectorType::FLAT_VECTOR);
    auto& mask = FlatVector::Validity(to);
    mask.Initialize(std::max<idx_t>(count, STANDARD_VECTOR_SIZE));
    mask.SetAllInvalid(count);
    if (to.GetType().id() == LogicalTypeId::STRUCT) {
        for (auto& field : StructVector::GetEntries(to))
            set_null(*field, count);
    } else if (is_nested(to.GetType())) {
        std::fill_n(FlatVector::GetData<list_entry_t>(to), count, list_entry_t(0, 0));
    }
}

void bring(const Form& form, Vector& from, Vector& to, idx_t count) {
    if (form.children.empty()) {
        if (from.GetType() == to.GetType())
            to.Reference(from);
        else
            VectorOperations::DefaultCast(from, to, count, true);
        return;
    }
    from.Flatten(count);
    to.SetVectorType(VectorType::FLAT_VECTOR);
    FlatVector::SetValidity(to, FlatVector::Validity(from));
    if (to.GetType().id() == LogicalTypeId::STRUCT) {
        auto& fields = StructVector::GetEntries(from);
        auto& made = StructVector::GetEntries(to);
        for (size_t i = 0; i < form.from.size(); ++i) {
            if (form.from[i] >= 0)
                bring(form.children[i], *fields[size_t(form.from[i])], *made[i], count);
            else
                set_null(*made[i], count);
        }
        return;
    }
    const auto elements = ListVector::GetListSize(from);
    std::copy_n(FlatVector::GetData<list_entry_t>(from), count,
                FlatVector::GetData<list_entry_t>(to));
    ListVector::Reserve(to, elements);
    ListVector::SetListSize(to, elements);
    bring(form.children[0], ListVector::GetEntry(from), ListVector::GetEntry(to), elements);
}

struct FormData final : FunctionData {
    explicit FormData(Form f) : form(std::move(f)) {}
    unique_ptr<FunctionData> Copy() const override { return make_uniq<FormData>(form); }
    bool Equals(const FunctionData& other) const override { return this == &other; }
    Form form;
};

void run(DataChunk& input, ExpressionState& state, Vector& result) {
    const auto& expression = state.expr.Cast<BoundFunctionExpression>();
    const auto& form = expression.bind_info->Cast<FormData>().form;
    const bool constant = input.data[0].GetVectorType() == VectorType::CONSTANT_VECTOR;
    bring(form, input.data[0], result, input.size());
    if (constant && input.size() == 1) result.SetVectorType(VectorType::CONSTANT_VECTOR);
}

}  // namespace

unique_ptr<Expression> with_own_fields(unique_ptr<Expression> expression,
                                       const MultiFileColumnDefinition& column) {
    ExpressionIterator::EnumerateChildren(*expression, [&](unique_ptr<Expression>& child) {
        child = with_own_fields(std::move(child), column);
    });
    if (expression->GetExpressionType() != ExpressionType::BOUND_FUNCTION) return expression;
    auto& call = expression->Cast<BoundFunctionExpression>();
    if (call.function.name != RemapStructFun::Name) return expression;
    auto form = form_of(column, call.children[0]->return_type, call.return_type);
    ScalarFunction function("tarn_fields", {call.children[0]->return_type}, call.return_type, run);
    vector<unique_ptr<Expression>> arguments;
    arguments.push_back(std::move(call.children[0]));
    auto out = make_uniq<BoundFunctionExpression>(call.return_type, std::move(function),
                                                  std::move(arguments),
                                                  make_uniq<FormData>(std::move(form)));
    out->alias = expression->alias;
    return out;
}

}  // namespace tarn::sql
