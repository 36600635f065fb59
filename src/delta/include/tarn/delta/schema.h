#pragma once

// A Delta table's schema (PROTOCOL.md "Schema Serialization Format").

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"
#include "tarn/delta/actions.h"

namespace tarn::delta {

enum class TypeKind : uint8_t {
    kBoolean,
    kByte,
    kShort,
    kInteger,
    kLong,
    kFloat,
    kDouble,
    kDecimal,
    kString,
    kBinary,
    kDate,
    kTimestamp,
    kTimestampNtz,
    kVoid,
    kVariant,  // any JSON and more, by the row; read as JSON text
    kStruct,
    kArray,
    kMap,
};

struct Field;
struct DataType {
    TypeKind kind = TypeKind::kString;
    uint8_t precision = 0, scale = 0;  // kDecimal
    bool contains_null = true;         // kArray, kMap: its elements or values
    std::vector<Field> fields;  // kStruct: its fields; kArray: "element"; kMap: "key", "value"
    friend bool operator==(const DataType&, const DataType&);
};
struct Field {
    std::string name;
    DataType type;
    bool nullable = true;
    std::string metadata = "{}";  // JSON text, kept as it came
    std::optional<int32_t>
        id;  // delta.columnMapping.id; of nested elements from delta.columnMapping.nested.ids
    std::string physical;  // delta.columnMapping.physicalName; empty if absent
};

// Whether a type is of this kind, or has one inside.
bool holds(const DataType& type, TypeKind kind);

struct Schema {
    std::vector<Field> fields;
    const Field* find(std::string_view name) const;  // exactly as spelt
};

enum class ColumnMapping { kNone, kName, kId };

// Errors: kCorrupted (not a schema), kUnsupported (a type, by name).
Result<Schema> parse_schema(std::string_view json);
std::string schema_json(const Schema& schema);
std::string type_name(const DataType& type);  // "decimal(10,2)", "array<string>"

// Active only if the protocol has the feature; a stray property is ignored.
ColumnMapping column_mapping(const Protocol& protocol, const Metadata& metadata);
// The name that files, statistics and partition values use.
const std::string& physical_name(const Field& field, ColumnMapping mapping);

// To and from Tarn's columns. Errors: kInvalidArgument (a name Delta cannot have, or two equal but
// for case); kUnsupported (a Delta type that Tarn's columns have not).
Result<Schema> schema_of(const std::vector<codec::ColumnSpec>& columns);
Result<std::vector<codec::ColumnSpec>> columns_of(const Schema& schema);
// Errors: kInvalidArgument (a name that Delta cannot have without column mapping, or two in one
// place that are equal but for case).
Status check_names(const Schema& schema);
// What a new table of this schema asks of its readers and writers: table features (reader 3, writer
// 7) only where a column needs one.
Protocol protocol_of(const Schema& schema);

}  // namespace tarn::delta
