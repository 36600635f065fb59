#include "json_values.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "duckdb/common/types/blob.hpp"
#include "duckdb/common/types/decimal.hpp"
#include "duckdb/common/types/hugeint.hpp"

#include "json_text.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"

namespace tarn::sql {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

void append_json_text(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    size_t from = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, from, i - from);
        from = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default: {
                const char escape[] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
                out.append(escape, sizeof escape);
            }
        }
    }
    out.append(text, from);
    out += '"';
}

template <class T>
static void add_number(std::string& out, T value) {
    char text[40];
    auto end = std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, end);
}

template <class T>
static void add_float(std::string& out, T value) {
    if (std::isfinite(value)) return add_number(out, value);
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
}

// zoned: it is an instant, and says so.
static void add_timestamp(std::string& out, int64_t us, bool zoned) {
    if (us == duckdb::timestamp_t::infinity().value) {
        out += "\"infinity\"";
    } else if (us == duckdb::timestamp_t::ninfinity().value) {
        out += "\"-infinity\"";
    } else {
        out += '"';
        out += zoned ? format_rfc3339(Timestamp{us}) : codec::local_time_text(us);
        out += '"';
    }
}

static void add_value(std::string& out, const duckdb::Value& value);

static void add_struct(std::string& out, const duckdb::Value& value) {
    auto& types = duckdb::StructType::GetChildTypes(value.type());
    auto& children = duckdb::StructValue::GetChildren(value);
    out += '{';
    for (size_t i = 0; i < children.size(); ++i) {
        if (i) out += ',';
        append_json_text(out, types[i].first);
        out += ':';
        add_value(out, children[i]);
    }
    out += '}';
}

static void add_map(std::string& out, const duckdb::Value& value) {
    out += '{';
    bool first = true;
    for (auto& entry : duckdb::MapValue::GetChildren(value)) {
        auto& pair = duckdb::StructValue::GetChildren(entry);
        if (!std::exchange(first, false)) out += ',';
        append_json_text(out, pair[0].ToString());
        out += ':';
        add_value(out, pair[1]);
    }
    out += '}';
}

static void add_list(std::string& out, const duckdb::vector<duckdb::Value>& values) {
    out += '[';
    for (size_t i = 0; i < values.size(); ++i) {
        if (i) out += ',';
        add_value(out, values[i]);
    }
    out += ']';
}

static bool is_number(const LogicalType& type) {
    return type.IsNumeric() && type.id() != LogicalTypeId::DOUBLE &&
           type.id() != LogicalTypeId::FLOAT;
}

// Any value, by way of DuckDB's Value: for types that are rare in results.
static void add_value(std::string& out, const duckdb::Value& value) {
    if (value.IsNull()) {
        out += "null";
        return;
    }
    auto& type = value.type();
    if (type.IsJSONType()) {
        out += duckdb::StringValue::Get(value);
        return;
    }
    switch (type.id()) {
        case LogicalTypeId::BOOLEAN:
            out += value.GetValue<bool>() ? "true" : "false";
            return;
        case LogicalTypeId::DOUBLE:
            return add_float(out, value.GetValue<double>());
        case LogicalTypeId::FLOAT:
            return add_float(out, value.GetValue<float>());
        case LogicalTypeId::VARCHAR:
            return append_json_text(out, duckdb::StringValue::Get(value));
        case LogicalTypeId::BLOB:
            append_json_text(
                out, duckdb::Blob::ToBase64(duckdb::string_t(duckdb::StringValue::Get(value))));
            return;
        case LogicalTypeId::TIMESTAMP:
        case LogicalTypeId::TIMESTAMP_TZ:
        case LogicalTypeId::TIMESTAMP_SEC:
        case LogicalTypeId::TIMESTAMP_MS:
        case LogicalTypeId::TIMESTAMP_NS:
            return add_timestamp(
                out,
                value.DefaultCastAs(LogicalType::TIMESTAMP).GetValue<duckdb::timestamp_t>().value,
                type.id() == LogicalTypeId::TIMESTAMP_TZ);
        case LogicalTypeId::STRUCT:
            return add_struct(out, value);
        case LogicalTypeId::MAP:
            return add_map(out, value);
        case LogicalTypeId::LIST:
            return add_list(out, duckdb::ListValue::GetChildren(value));
        case LogicalTypeId::ARRAY:
            return add_list(out, duckdb::ArrayValue::GetChildren(value));
        case LogicalTypeId::UNION:
            return add_value(out, duckdb::UnionValue::GetValue(value));
        default:
            break;
    }
    if (is_number(type))
        out += value.ToString();
    else
        append_json_text(out, value.ToString());
}

template <class T>
static const T& value_of(const duckdb::UnifiedVectorFormat& format, size_t at) {
    return duckdb::UnifiedVectorFormat::GetData<T>(format)[at];
}

static codec::Int128 decimal_of(const LogicalType& type, const duckdb::UnifiedVectorFormat& format,
                                size_t at) {
    switch (type.InternalType()) {
        case duckdb::PhysicalType::INT16:
            return value_of<int16_t>(format, at);
        case duckdb::PhysicalType::INT32:
            return value_of<int32_t>(format, at);
        case duckdb::PhysicalType::INT64:
            return value_of<int64_t>(format, at);
        default:
            return std::bit_cast<codec::Int128>(value_of<duckdb::hugeint_t>(format, at));
    }
}

void append_json(std::string& out, duckdb::Vector& vector,
                 const duckdb::UnifiedVectorFormat& format, size_t row) {
    const auto at = format.sel->get_index(row);
    if (!format.validity.RowIsValid(at)) {
        out += "null";
        return;
    }
    auto& type = vector.GetType();
    switch (type.id()) {
        case LogicalTypeId::BOOLEAN:
            out += value_of<bool>(format, at) ? "true" : "false";
            break;
        case LogicalTypeId::INTEGER:
            add_number(out, value_of<int32_t>(format, at));
            break;
        case LogicalTypeId::BIGINT:
            add_number(out, value_of<int64_t>(format, at));
            break;
        case LogicalTypeId::UBIGINT:
            add_number(out, value_of<uint64_t>(format, at));
            break;
        case LogicalTypeId::DOUBLE:
            add_float(out, value_of<double>(format, at));
            break;
        case LogicalTypeId::FLOAT:
            add_float(out, value_of<float>(format, at));
            break;
        case LogicalTypeId::HUGEINT:
            out += duckdb::Hugeint::ToString(value_of<duckdb::hugeint_t>(format, at));
            break;
        case LogicalTypeId::TIMESTAMP:
        case LogicalTypeId::TIMESTAMP_TZ:
            add_timestamp(out, value_of<int64_t>(format, at),
                          type.id() == LogicalTypeId::TIMESTAMP_TZ);
            break;
        case LogicalTypeId::DATE:
            if (duckdb::Date::IsFinite(value_of<duckdb::date_t>(format, at)))
                out.append(1, '"')
                    .append(format_date(value_of<int32_t>(format, at)))
                    .append(1, '"');
            else
                add_value(out, vector.GetValue(row));
            break;
        case LogicalTypeId::VARCHAR: {
            auto& text = value_of<duckdb::string_t>(format, at);
            std::string_view view(text.GetData(), text.GetSize());
            if (type.IsJSONType())
                out += view;
            else
                append_json_text(out, view);
            break;
        }
        case LogicalTypeId::DECIMAL:
            out += codec::decimal_text(decimal_of(type, format, at),
                                       duckdb::DecimalType::GetScale(type));
            break;
        default:
            add_value(out, vector.GetValue(row));
    }
}

}  // namespace tarn::sql
