#include "json_test_support.h"

#include <fmt/format.h>

#include "tarn/base/time.h"

namespace tarn::codec {

std::vector<RecordView> records_of(const std::vector<std::string>& values) {
    std::vector<RecordView> records(values.size());
    for (size_t i = 0; i < values.size(); ++i)
        records[i].value = values[i];
    return records;
}

std::string cell_text(const Column& column, size_t row) {
    if (column.is_null(row)) return "NULL";
    switch (column.type.kind()) {
        case ColumnType::kBool:
            return column.values<uint8_t>()[row] ? "true" : "false";
        case ColumnType::kInt32:
            return fmt::format("{}", column.values<int32_t>()[row]);
        case ColumnType::kDate:
            return format_date(column.values<int32_t>()[row]);
        case ColumnType::kInt64:
            return fmt::format("{}", column.values<int64_t>()[row]);
        case ColumnType::kTimestamp:
            return format_rfc3339({column.values<int64_t>()[row]});
        case ColumnType::kDouble:
            return fmt::format("{}", column.values<double>()[row]);
        case ColumnType::kText:
        case ColumnType::kBytes:
            return fmt::format("'{}'", column.text(row));
        case ColumnType::kDecimal:
            return decimal_text(column.values<Int128>()[row], column.type.scale());
        case ColumnType::kTimestampNtz:
            return local_time_text(column.values<int64_t>()[row]);
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap: {
            std::string hex;
            for (unsigned char c : column.text(row))
                hex += fmt::format("{:02x}", c);
            return hex;
        }
    }
    return "?";
}

DecodedJson decode_json(JsonBatchDecoder& decoder, const std::vector<RecordView>& records) {
    DecodedJson out;
    std::vector<Rejected> rejected;
    auto batch = decoder.decode(records, out.accepted, rejected);
    if (!batch) {
        out.rejected.push_back(batch.error().message());
        return out;
    }
    for (size_t row = 0; row < (*batch)->row_count; ++row) {
        std::string line;
        for (const auto& column : (*batch)->columns)
            line += (line.empty() ? "" : "|") + cell_text(column, row);
        out.rows.push_back(std::move(line));
    }
    for (const auto& r : rejected)
        out.rejected.push_back(fmt::format("{} {}: {}", r.record, r.field, r.reason));
    return out;
}

JsonDecoderOptions mixed_options(bool extra) {
    JsonDecoderOptions options;
    options.fields = {{"id", ColumnType::kInt64, true},    {"kind", ColumnType::kText},
                      {"price", ColumnType::kDouble},      {"n", ColumnType::kInt32},
                      {"ok", ColumnType::kBool},           {"at", ColumnType::kTimestamp},
                      {"day", ColumnType::kDate},          {"raw", ColumnType::kBytes},
                      {"a longer name", ColumnType::kText}};
    if (extra) options.extra_column = "_extra";
    return options;
}

}  // namespace tarn::codec
