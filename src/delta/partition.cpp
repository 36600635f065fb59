#include "tarn/delta/partition.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>

#include "tarn/base/time.h"
#include "tarn/delta/paths.h"

namespace tarn::delta {

namespace {

// The shortest digits that read back the same.
std::string shortest(double v, std::chars_format format) {
    char text[64];
    auto [end, error] = std::to_chars(std::begin(text), std::end(text), v, format);
    return {text, end};
}

}  // namespace

std::string java_double(double v) {
    if (std::isnan(v)) return "NaN";
    if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
    const double magnitude = std::abs(v);
    if (magnitude == 0 || (magnitude >= 1e-3 && magnitude < 1e7)) {
        auto text = shortest(v, std::chars_format::fixed);
        return text.find('.') == text.npos ? text + ".0" : text;
    }
    auto text = shortest(v, std::chars_format::scientific);
    // Java has two digits at least, and of those the nearest: 5e-324 is 4.9E-324.
    if (text.find('.') == text.npos) text = fmt::format("{:.1e}", v);
    const auto at = text.find('e');
    std::string_view exponent(text);
    exponent.remove_prefix(at + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const bool minus = exponent.starts_with('-');
    if (minus) exponent.remove_prefix(1);
    while (exponent.size() > 1 && exponent.front() == '0')
        exponent.remove_prefix(1);
    return text.substr(0, at) + (minus ? "E-" : "E") + std::string(exponent);
}

std::string decimal_with_zero(std::string text) {
    const size_t at = text.starts_with('-') ? 1 : 0;
    if (at < text.size() && text[at] == '.') text.insert(at, "0");
    return text;
}

namespace {

std::string number_key(const std::string& text) {
    double value = 0;
    const auto end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ptr != end) return text;
    return value == 0 ? "0" : fmt::format("{:.17g}", value);
}

std::string decimal_key(std::string text) {
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) text.erase(0, 1);
    if (text.find('.') != text.npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
    }
    text.erase(0, text.find_first_not_of('0'));
    if (text.empty()) return "0";
    return (minus ? "-" : "") + decimal_with_zero(std::move(text));
}

std::string time_key(std::string text) {
    constexpr size_t kDate = 10, kSeconds = 19;  // 2026-01-31, 2026-01-31 23:59:59
    if (text.size() < kDate) return text;
    if (text.size() == kDate) return text + " 00:00:00";
    text[kDate] = ' ';
    if (text.ends_with('Z')) text.pop_back();
    if (text.ends_with("+00:00")) text.erase(text.size() - 6);
    if (text.size() > kSeconds && text[kSeconds] == '.') {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
    }
    return text;
}

}  // namespace

std::string partition_value_key(const DataType& type, const std::string& text) {
    switch (type.kind) {
        case TypeKind::kByte:
        case TypeKind::kShort:
        case TypeKind::kInteger:
        case TypeKind::kLong:
        case TypeKind::kDecimal:
            return decimal_key(text);
        case TypeKind::kFloat:
        case TypeKind::kDouble:
            return number_key(text);
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampNtz:
            return time_key(text);
        default:
            return text;
    }
}

std::optional<std::string> partition_text(const codec::Column& column, size_t row) {
    using codec::ColumnType;
    if (column.is_null(row)) return std::nullopt;
    switch (column.type.kind()) {
        case ColumnType::kBool:
            return column.values<uint8_t>()[row] ? "true" : "false";
        case ColumnType::kInt32:
            return std::to_string(column.values<int32_t>()[row]);
        case ColumnType::kInt64:
            return std::to_string(column.values<int64_t>()[row]);
        case ColumnType::kDouble:
            return java_double(column.values<double>()[row]);
        case ColumnType::kDate:
            return format_date(column.values<int32_t>()[row]);
        case ColumnType::kTimestamp:
            return format_rfc3339({column.values<int64_t>()[row]});
        case ColumnType::kTimestampNtz: {
            auto text = codec::local_time_text(column.values<int64_t>()[row]);
            text[text.find('T')] = ' ';
            return text;
        }
        case ColumnType::kDecimal:
            return codec::decimal_text(column.values<codec::Int128>()[row], column.type.scale());
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            break;  // no table is partitioned by them
        case ColumnType::kText:
        case ColumnType::kBytes: {
            auto text = column.text(row);
            if (text.empty()) return std::nullopt;
            return std::string(text);
        }
    }
    return std::nullopt;
}

std::string partition_folder(std::string_view column, const std::optional<std::string>& value) {
    return bounded_name(
        hive_escape(column) + "=" + (value ? hive_escape(*value) : "__HIVE_DEFAULT_PARTITION__"),
        kMostNameBytes);
}

}  // namespace tarn::delta
