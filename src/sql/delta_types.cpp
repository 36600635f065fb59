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

}  // namespace tarn::sql
