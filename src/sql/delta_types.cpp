#include "delta_types.h"

#include <duckdb/common/vector_operations/unary_executor.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>

#include "tarn/sql/error_ids.h"

namespace tarn::errors {
extern const ErrorId kResultType;
}  // namespace tarn::errors

namespace tarn::sql {

using duckdb::LogicalType;

LogicalType duck_type(const delta::DataType& type) {
    using delta::TypeKind;
    switch (type.kind) {
        case TypeKind::kBoolean:
            return LogicalType::BOOLEAN;
        case TypeKind::kByte:
            return LogicalType::TINYINT;
        case TypeKind::kShort:
            return LogicalType::SMALLINT;
        case TypeKind::kInteger:
            return LogicalType::INTEGER;
        case TypeKind::kLong:
            return LogicalType::BIGINT;
        case TypeKind::kFloat:
            return LogicalType::FLOAT;
        case TypeKind::kDouble:
            return LogicalType::DOUBLE;
        case TypeKind::kDecimal:
            return LogicalType::DECIMAL(type.precision, type.scale);
        case TypeKind::kString:
            return LogicalType::VARCHAR;
        case TypeKind::kBinary:
            return LogicalType::BLOB;
        case TypeKind::kDate:
            return LogicalType::DATE;
        case TypeKind::kTimestamp:
            return LogicalType::TIMESTAMP_TZ;
        case TypeKind::kTimestampNtz:
            return LogicalType::TIMESTAMP;
        case TypeKind::kVoid:
            return LogicalType::INTEGER;  // never in files: reads as NULL
        case TypeKind::kVariant:
            return LogicalType::JSON();
        case TypeKind::kStruct: {
            duckdb::child_list_t<LogicalType> children;
            for (auto& field : type.fields)
                children.emplace_back(field.name, duck_type(field.type));
            return LogicalType::STRUCT(std::move(children));
        }
        case TypeKind::kArray:
            return LogicalType::LIST(duck_type(type.fields[0].type));
        case TypeKind::kMap:
            return LogicalType::MAP(duck_type(type.fields[0].type), duck_type(type.fields[1].type));
    }
    return LogicalType::INVALID;
}

namespace {

void null_of_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
    using duckdb::string_t;
    duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
        input.data[0], result, input.size(),
        [](string_t text, duckdb::ValidityMask& valid, duckdb::idx_t row) {
            constexpr std::string_view kNull = "null";
            if (std::string_view(text.GetData(), text.GetSize()) == kNull) valid.SetInvalid(row);
            return text;
        });
    duckdb::StringVector::AddHeapReference(result, input.data[0]);
}

}  // namespace

duckdb::unique_ptr<duckdb::Expression> variant_json(duckdb::unique_ptr<duckdb::Expression> text) {
    const auto type = text->return_type;
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> arguments;
    arguments.push_back(std::move(text));
    return duckdb::make_uniq<duckdb::BoundFunctionExpression>(
        type, duckdb::ScalarFunction("tarn_variant_json", {type}, type, null_of_text),
        std::move(arguments), nullptr);
}

namespace {

struct Kind {
    duckdb::LogicalTypeId duck;
    delta::TypeKind delta;
};
constexpr Kind kKinds[] = {
    {duckdb::LogicalTypeId::BOOLEAN, delta::TypeKind::kBoolean},
    {duckdb::LogicalTypeId::TINYINT, delta::TypeKind::kByte},
    {duckdb::LogicalTypeId::SMALLINT, delta::TypeKind::kShort},
    {duckdb::LogicalTypeId::UTINYINT, delta::TypeKind::kShort},
    {duckdb::LogicalTypeId::INTEGER, delta::TypeKind::kInteger},
    {duckdb::LogicalTypeId::USMALLINT, delta::TypeKind::kInteger},
    {duckdb::LogicalTypeId::BIGINT, delta::TypeKind::kLong},
    {duckdb::LogicalTypeId::UINTEGER, delta::TypeKind::kLong},
    {duckdb::LogicalTypeId::FLOAT, delta::TypeKind::kFloat},
    {duckdb::LogicalTypeId::DOUBLE, delta::TypeKind::kDouble},
    {duckdb::LogicalTypeId::VARCHAR, delta::TypeKind::kString},
    {duckdb::LogicalTypeId::UUID, delta::TypeKind::kString},
    {duckdb::LogicalTypeId::ENUM, delta::TypeKind::kString},
    {duckdb::LogicalTypeId::BLOB, delta::TypeKind::kBinary},
    {duckdb::LogicalTypeId::DATE, delta::TypeKind::kDate},
    {duckdb::LogicalTypeId::TIMESTAMP_TZ, delta::TypeKind::kTimestamp},
    {duckdb::LogicalTypeId::TIMESTAMP, delta::TypeKind::kTimestampNtz},
    {duckdb::LogicalTypeId::TIMESTAMP_SEC, delta::TypeKind::kTimestampNtz},
    {duckdb::LogicalTypeId::TIMESTAMP_MS, delta::TypeKind::kTimestampNtz},
};

delta::DataType decimal(uint8_t precision, uint8_t scale) {
    delta::DataType out;
    out.kind = delta::TypeKind::kDecimal;
    out.precision = precision;
    out.scale = scale;
    return out;
}

Result<delta::Field> inner(std::string name, const LogicalType& type) {
    TARN_TRY(auto is, delta_type(type));
    delta::Field out;
    out.name = std::move(name);
    out.type = std::move(is);
    return out;
}

}  // namespace

Result<delta::DataType> delta_type(const LogicalType& type) {
    using delta::TypeKind;
    using duckdb::LogicalTypeId;
    delta::DataType out;
    for (const auto& [id, kind] : kKinds)
        if (type.id() == id) {
            out.kind = kind;
            return out;
        }
    auto put = [&](TypeKind kind, std::string name, const LogicalType& child) -> Status {
        out.kind = kind;
        TARN_TRY(auto field, inner(std::move(name), child));
        out.fields.push_back(std::move(field));
        return {};
    };
    switch (type.id()) {
        case LogicalTypeId::UBIGINT:
            return decimal(20, 0);
        case LogicalTypeId::HUGEINT:
            return decimal(38, 0);
        case LogicalTypeId::DECIMAL:
            return decimal(duckdb::DecimalType::GetWidth(type),
                           duckdb::DecimalType::GetScale(type));
        case LogicalTypeId::STRUCT:
            for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type))
                TARN_RETURN_IF_ERROR(put(TypeKind::kStruct, name, child));
            return out;
        case LogicalTypeId::LIST:
            TARN_RETURN_IF_ERROR(
                put(TypeKind::kArray, "element", duckdb::ListType::GetChildType(type)));
            return out;
        case LogicalTypeId::MAP:
            TARN_RETURN_IF_ERROR(put(TypeKind::kMap, "key", duckdb::MapType::KeyType(type)));
            TARN_RETURN_IF_ERROR(put(TypeKind::kMap, "value", duckdb::MapType::ValueType(type)));
            return out;
        default:
            return fail(errors::kResultType, "no table has columns of type " + type.ToString());
    }
}

}  // namespace tarn::sql
