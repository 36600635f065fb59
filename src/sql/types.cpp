// Types of columns as DuckDB's and back.

#include <set>

#include "duckdb/common/string_util.hpp"

#include "duck.h"

namespace tarn::errors {
extern const ErrorId kResultType;
}  // namespace tarn::errors

namespace tarn::sql {

using codec::ColumnType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

LogicalType to_logical(const ColumnType& type) {
    switch (type.kind()) {
        case ColumnType::kBool:
            return LogicalType::BOOLEAN;
        case ColumnType::kInt32:
            return LogicalType::INTEGER;
        case ColumnType::kInt64:
            return LogicalType::BIGINT;
        case ColumnType::kDouble:
            return LogicalType::DOUBLE;
        case ColumnType::kText:
            return LogicalType::VARCHAR;
        case ColumnType::kBytes:
            return LogicalType::BLOB;
        case ColumnType::kTimestamp:
            return LogicalType::TIMESTAMP_TZ;
        case ColumnType::kDate:
            return LogicalType::DATE;
        case ColumnType::kDecimal:
            return LogicalType::DECIMAL(uint8_t(type.precision()), uint8_t(type.scale()));
        case ColumnType::kTimestampNtz:
            return LogicalType::TIMESTAMP;
        case ColumnType::kList:
            return LogicalType::LIST(to_logical(type.fields()[0].type));
        case ColumnType::kMap:
            return LogicalType::MAP(to_logical(type.fields()[0].type),
                                    to_logical(type.fields()[1].type));
        case ColumnType::kStruct: {
            duckdb::child_list_t<LogicalType> fields;
            for (const auto& field : type.fields())
                fields.emplace_back(field.name, to_logical(field.type));
            return LogicalType::STRUCT(std::move(fields));
        }
    }
    return LogicalType::VARCHAR;
}

[[noreturn]] static void refuse(const LogicalType& type, const std::string& why) {
    throw_error(Error(errors::kResultType, "a value of type " + type.ToString() +
                                               " cannot be kept in a column: " + why));
}

static ColumnType struct_type(const LogicalType& type) {
    std::vector<codec::ColumnField> fields;
    std::set<std::string> names;
    for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
        if (name.empty()) refuse(type, "its fields need names: {'name': value}");
        if (!names.insert(duckdb::StringUtil::Lower(name)).second)
            refuse(type, "two of its fields have the same name, but for case");
        fields.push_back({name, to_column_type(child)});
    }
    return ColumnType::structure(std::move(fields));
}

ColumnType to_column_type(const LogicalType& type) {
    switch (type.id()) {
        case LogicalTypeId::BOOLEAN:
            return ColumnType::kBool;
        case LogicalTypeId::TINYINT:
        case LogicalTypeId::SMALLINT:
        case LogicalTypeId::UTINYINT:
        case LogicalTypeId::USMALLINT:
        case LogicalTypeId::INTEGER:
            return ColumnType::kInt32;
        case LogicalTypeId::UINTEGER:
        case LogicalTypeId::BIGINT:
            return ColumnType::kInt64;
        case LogicalTypeId::UBIGINT:
            return ColumnType::decimal(20, 0);
        case LogicalTypeId::HUGEINT:
        case LogicalTypeId::UHUGEINT:
            return ColumnType::decimal(codec::kMostDigits, 0);
        case LogicalTypeId::DECIMAL:
            return ColumnType::decimal(duckdb::DecimalType::GetWidth(type),
                                       duckdb::DecimalType::GetScale(type));
        case LogicalTypeId::FLOAT:
        case LogicalTypeId::DOUBLE:
            return ColumnType::kDouble;
        case LogicalTypeId::BLOB:
            return ColumnType::kBytes;
        case LogicalTypeId::TIMESTAMP_TZ:
            return ColumnType::kTimestamp;
        case LogicalTypeId::TIMESTAMP:
        case LogicalTypeId::TIMESTAMP_SEC:
        case LogicalTypeId::TIMESTAMP_MS:
        case LogicalTypeId::TIMESTAMP_NS:
            return ColumnType::kTimestampNtz;
        case LogicalTypeId::DATE:
            return ColumnType::kDate;
        case LogicalTypeId::LIST:
            return ColumnType::list(to_column_type(duckdb::ListType::GetChildType(type)));
        case LogicalTypeId::ARRAY:
            return ColumnType::list(to_column_type(duckdb::ArrayType::GetChildType(type)));
        case LogicalTypeId::MAP:
            return ColumnType::map(to_column_type(duckdb::MapType::KeyType(type)),
                                   to_column_type(duckdb::MapType::ValueType(type)));
        case LogicalTypeId::STRUCT:
            return struct_type(type);
        case LogicalTypeId::VARCHAR:
        case LogicalTypeId::CHAR:
        case LogicalTypeId::TIME:
        case LogicalTypeId::TIME_TZ:
        case LogicalTypeId::INTERVAL:
        case LogicalTypeId::UUID:
        case LogicalTypeId::ENUM:
        case LogicalTypeId::BIT:
        case LogicalTypeId::BIGNUM:
        case LogicalTypeId::SQLNULL:
            return ColumnType::kText;
        default:
            refuse(type, "no table has that type: cast it to another, such as VARCHAR");
    }
}

}  // namespace tarn::sql
