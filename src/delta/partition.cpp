#include "tarn/delta/partition.h"

#include <fmt/format.h>

#include <cmath>

#include "tarn/base/time.h"
#include "tarn/delta/paths.h"

namespace tarn::delta {

std::string java_double(double v) {
    if (std::isnan(v)) return "NaN";
    if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
    double magnitude = std::abs(v);
    auto with_point = [](std::string text) {
        return text.find('.') == text.npos ? text + ".0" : text;
    };
    if (magnitude == 0 || (magnitude >= 1e-3 && magnitude < 1e7)) {
        // The shortest digits may come in scientific form; then print them plainly with as many
        // digits.
        auto text = fmt::format("{}", v);
        if (text.find('e') != text.npos) text = fmt::format("{:.{}f}", v, 17);
        return with_point(std::move(text));
    }
    // d.dddE±x from the shortest digits that read back the same.
    for (int digits = 0; digits <= 17; ++digits) {
        auto text = fmt::format("{:.{}e}", v, digits);
        if (std::stod(text) != v) continue;
        auto at = text.find('e');
        return with_point(text.substr(0, at)) + "E" +
               std::to_string(std::stoi(text.substr(at + 1)));
    }
    return fmt::format("{}", v);
}

std::optional<std::string> partition_text(const codec::Column& column, size_t row) {
    using codec::ColumnType;
    if (column.is_null(row)) return std::nullopt;
    switch (column.type) {
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
    return hive_escape(column) + "=" + (value ? hive_escape(*value) : "__HIVE_DEFAULT_PARTITION__");
}

}  // namespace tarn::delta
