#include "delta_columns.h"

#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>

#include <algorithm>

#include "delta_types.h"

namespace tarn::sql {

using namespace duckdb;  // NOLINT: this file is an adapter of DuckDB

namespace {

bool has_struct(const delta::DataType& type) {
    if (type.kind == delta::TypeKind::kStruct) return true;
    return std::any_of(type.fields.begin(), type.fields.end(),
                       [](auto& f) { return has_struct(f.type); });
}

// A name that no file has.
const char* const kAbsent = "\x01tarn_absent";

}  // namespace

MultiFileColumnDefinition definition(const delta::Field& field, delta::ColumnMapping mapping) {
    MultiFileColumnDefinition out(field.name, duck_type(field.type));
    if (mapping == delta::ColumnMapping::kId && field.id)
        out.identifier = Value::INTEGER(*field.id);
    else
        out.identifier = Value(delta::physical_name(field, mapping));
    out.default_expression =
        make_uniq<ConstantExpression>(Value(out.type));  // absent in an old file: NULL
    if (has_struct(field.type))
        for (auto& child : field.type.fields)
            out.children.push_back(definition(child, mapping));
    return out;
}

void resolve(MultiFileColumnDefinition& column, const vector<MultiFileColumnDefinition>& local,
             bool only_child) {
    const MultiFileColumnDefinition* found = nullptr;
    for (auto& candidate : local) {
        if (only_child)
            found = &candidate;
        else if (column.identifier.type().id() == LogicalTypeId::INTEGER) {
            if (!candidate.identifier.IsNull() && candidate.identifier == column.identifier)
                found = &candidate;
        } else if (StringUtil::CIEquals(candidate.name, column.GetIdentifierName())) {
            found = &candidate;
        }
        if (found) break;
    }
    column.identifier = Value(found ? found->name : string(kAbsent));
    if (!found || column.children.empty()) return;
    switch (column.type.id()) {
        case LogicalTypeId::LIST:
            resolve(column.children[0], found->children, true);
            break;
        case LogicalTypeId::MAP: {
            if (found->children.size() != 1 || found->children[0].children.size() != 2) break;
            auto& entry = found->children[0].children;
            for (idx_t i = 0; i < 2; ++i)
                resolve(column.children[i], {entry[i]}, true);
            break;
        }
        default:
            for (auto& child : column.children)
                resolve(child, found->children, false);
    }
}

}  // namespace tarn::sql
