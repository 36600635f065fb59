#include "delta_types.h"

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
    auto plain = [](TypeKind kind) {
        delta::DataType out;
        out.kind = kind;
        return out;
    };
    switch (type.id()) {
        case LogicalTypeId::BOOLEAN:
            return plain(TypeKind::kBoolean);
        case LogicalTypeId::TINYINT:
            return plain(TypeKind::kByte);
        case LogicalTypeId::SMALLINT:
        case LogicalTypeId::UTINYINT:
            return plain(TypeKind::kShort);
        case LogicalTypeId::INTEGER:
        case LogicalTypeId::USMALLINT:
            return plain(TypeKind::kInteger);
        case LogicalTypeId::BIGINT:
        case LogicalTypeId::UINTEGER:
            return plain(TypeKind::kLong);
        case LogicalTypeId::UBIGINT:
            return decimal(20, 0);
        case LogicalTypeId::HUGEINT:
            return decimal(38, 0);
        case LogicalTypeId::FLOAT:
            return plain(TypeKind::kFloat);
        case LogicalTypeId::DOUBLE:
            return plain(TypeKind::kDouble);
        case LogicalTypeId::DECIMAL:
            return decimal(duckdb::DecimalType::GetWidth(type),
                           duckdb::DecimalType::GetScale(type));
        case LogicalTypeId::VARCHAR:
        case LogicalTypeId::UUID:
        case LogicalTypeId::ENUM:
            return plain(TypeKind::kString);
        case LogicalTypeId::BLOB:
            return plain(TypeKind::kBinary);
        case LogicalTypeId::DATE:
            return plain(TypeKind::kDate);
        case LogicalTypeId::TIMESTAMP_TZ:
            return plain(TypeKind::kTimestamp);
        case LogicalTypeId::TIMESTAMP:
        case LogicalTypeId::TIMESTAMP_SEC:
        case LogicalTypeId::TIMESTAMP_MS:
            return plain(TypeKind::kTimestampNtz);
        case LogicalTypeId::STRUCT: {
            auto out = plain(TypeKind::kStruct);
            for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
                TARN_TRY(auto field, inner(name, child));
                out.fields.push_back(std::move(field));
            }
            return out;
        }
        case LogicalTypeId::LIST: {
            auto out = plain(TypeKind::kArray);
            TARN_TRY(auto item, inner("element", duckdb::ListType::GetChildType(type)));
            out.fields = {std::move(item)};
            return out;
        }
        case LogicalTypeId::MAP: {
            auto out = plain(TypeKind::kMap);
            TARN_TRY(auto key, inner("key", duckdb::MapType::KeyType(type)));
            TARN_TRY(auto value, inner("value", duckdb::MapType::ValueType(type)));
            out.fields = {std::move(key), std::move(value)};
            return out;
        }
        default:
            return fail(ErrorCode::kUnsupported,
                        "no table has columns of type " + type.ToString() + ": cast it");
    }
}

}  // namespace tarn::sql
