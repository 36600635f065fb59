#include "cell_json.h"

#include <bit>

#include "tarn/base/bytes.h"
#include "tarn/codec/nested.h"

namespace tarn::server {
namespace {

using codec::ColumnType;
using codec::Int128;

void write_decimal(JsonWriter& json, Int128 value, const ColumnType& type) {
    json.raw(codec::decimal_text(value, type.scale()));
}

void write_payload(JsonWriter& json, const ColumnType& type, ByteReader& in);

void write_value(JsonWriter& json, const ColumnType& type, ByteReader& in) {
    if (in.le<uint8_t>() == codec::kNestedNull || !in.ok())
        json.null();
    else
        write_payload(json, type, in);
}

// The key of a map as a name: a text as it is, another value as its JSON.
std::string take_key(const ColumnType& type, ByteReader& in) {
    in.le<uint8_t>();
    if (type == ColumnType::kText) return std::string(in.raw(in.le<uint32_t>()));
    JsonWriter key;
    write_payload(key, type, in);
    auto text = key.take();
    return text.starts_with('"') ? text.substr(1, text.size() - 2) : text;
}

void write_items(JsonWriter& json, const ColumnType& type, ByteReader& in) {
    const auto count = in.le<uint32_t>();
    const bool map = type == ColumnType::kMap;
    map ? json.begin_object() : json.begin_array();
    for (uint32_t i = 0; i < count && in.ok(); ++i) {
        if (map) json.key(take_key(type.fields()[0].type, in));
        write_value(json, type.fields().back().type, in);
    }
    map ? json.end_object() : json.end_array();
}

// What codec/nested.h says of a payload.
void write_payload(JsonWriter& json, const ColumnType& type, ByteReader& in) {
    switch (type.kind()) {
        case ColumnType::kBool:
            json.value(in.le<uint8_t>() != 0);
            return;
        case ColumnType::kInt32:
            json.value(in.le<int32_t>());
            return;
        case ColumnType::kDate:
            json.text(format_date(in.le<int32_t>()));
            return;
        case ColumnType::kInt64:
            json.value(in.le<int64_t>());
            return;
        case ColumnType::kTimestamp:
            json.value(Timestamp{in.le<int64_t>()});
            return;
        case ColumnType::kTimestampNtz:
            json.text(codec::local_time_text(in.le<int64_t>()));
            return;
        case ColumnType::kDouble:
            json.value(std::bit_cast<double>(in.le<uint64_t>()));
            return;
        case ColumnType::kDecimal: {
            const auto low = in.le<uint64_t>();
            return write_decimal(json, Int128(in.le<int64_t>()) << 64 | Int128(low), type);
        }
        case ColumnType::kText:
            json.text(in.raw(in.le<uint32_t>()));
            return;
        case ColumnType::kBytes:
            json.text(host::base64(in.raw(in.le<uint32_t>())));
            return;
        case ColumnType::kStruct:
            json.begin_object();
            for (const auto& field : type.fields()) {
                json.key(field.name);
                write_value(json, field.type, in);
            }
            json.end_object();
            return;
        case ColumnType::kList:
        case ColumnType::kMap:
            return write_items(json, type, in);
    }
}

}  // namespace

void write_cell(JsonWriter& json, const codec::Column& column, size_t row) {
    if (column.is_null(row)) {
        json.null();
        return;
    }
    switch (column.type.kind()) {
        case ColumnType::kBool:
            json.value(column.values<uint8_t>()[row] != 0);
            return;
        case ColumnType::kInt32:
            json.value(column.values<int32_t>()[row]);
            return;
        case ColumnType::kInt64:
            json.value(column.values<int64_t>()[row]);
            return;
        case ColumnType::kDouble:
            json.value(column.values<double>()[row]);
            return;
        case ColumnType::kDecimal:
            return write_decimal(json, column.values<Int128>()[row], column.type);
        case ColumnType::kText:
            json.text(column.text(row));
            return;
        case ColumnType::kBytes:
            json.text(host::base64(column.text(row)));
            return;
        case ColumnType::kTimestamp:
            json.value(Timestamp{column.values<int64_t>()[row]});
            return;
        case ColumnType::kTimestampNtz:
            json.text(codec::local_time_text(column.values<int64_t>()[row]));
            return;
        case ColumnType::kDate:
            json.text(format_date(column.values<int32_t>()[row]));
            return;
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap: {
            ByteReader in(column.text(row));
            return write_payload(json, column.type, in);
        }
    }
}

void write_row(JsonWriter& json, const codec::ColumnBatch& batch, size_t row) {
    json.begin_array();
    for (const auto& column : batch.columns)
        write_cell(json, column, row);
    json.end_array();
}

std::optional<std::string> cell_text(const codec::Column& column, size_t row) {
    if (column.is_null(row)) return std::nullopt;
    if (column.type == ColumnType::kText) return std::string(column.text(row));
    JsonWriter json;
    write_cell(json, column, row);
    std::string text = json.take();
    if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    return text;
}

}  // namespace tarn::server
