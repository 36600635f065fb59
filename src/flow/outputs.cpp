#include "outputs.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "tarn/base/utf8.h"

namespace tarn::flow {
namespace {

using codec::Column;
using codec::ColumnBatch;
using codec::ColumnType;
using codec::TextRef;

Column empty(ColumnType type) {
    Column column;
    column.type = type;
    return column;
}

Column one_text(size_t rows, std::string_view text) {
    Column column = empty(ColumnType::kText);
    column.dictionary = true;
    column.data.resize(sizeof(TextRef));
    column.values<TextRef>()[0] = TextRef(text);
    column.codes.assign(rows, 0);
    return column;
}

// A fixed-width column, value by row from the record that it came from.
template <class T, class F>
Column from_records(ColumnType type, const InputBatch& chunk, size_t rows, F&& value) {
    Column column = empty(type);
    column.data.resize_for_overwrite(rows * sizeof(T));
    auto* out = column.values<T>();
    for (size_t i = 0; i < rows; ++i)
        out[i] = value(chunk.record_of(i));
    return column;
}

Column bytes_column(const InputBatch& chunk, size_t rows,
                    std::optional<std::string_view> codec::RecordView::* member) {
    Column column = empty(ColumnType::kBytes);
    column.data.resize(rows * sizeof(TextRef));
    auto* out = column.values<TextRef>();
    for (size_t i = 0; i < rows; ++i) {
        const auto& field = chunk.record_of(i).*member;
        if (field)
            out[i] = TextRef(*field);
        else
            column.set_null(i, rows);
    }
    return column;
}

// A header's text as a value of the column; NULL when it is absent or does not parse.
void add_header_value(codec::ColumnBuilder& out, ColumnType type,
                      std::optional<std::string_view> text) {
    if (!text) return out.add_null();
    if (type == ColumnType::kText) return valid_utf8(*text) ? out.add_text(*text) : out.add_null();
    if (type == ColumnType::kTimestamp) {
        auto time = parse_rfc3339(*text);
        return time ? out.add_int(time->us) : out.add_null();
    }
    int64_t value = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) return out.add_null();
    if (type == ColumnType::kInt32 && value != int32_t(value)) return out.add_null();
    out.add_int(value);
}

void add_header_columns(const project::Topic& topic, const InputBatch& chunk, size_t rows,
                        ColumnBatch& batch) {
    if (topic.header_columns.empty()) return;
    std::vector<codec::ColumnBuilder> builders;
    for (const auto& header : topic.header_columns)
        builders.emplace_back(header.column.type);
    for (size_t i = 0; i < rows; ++i) {
        auto headers = codec::decode_headers(chunk.record_of(i));
        for (size_t k = 0; k < builders.size(); ++k) {
            std::optional<std::string_view> found;
            if (headers) {
                for (const auto& header : *headers)  // the last one is ours
                    if (header.key == topic.header_columns[k].header) found = header.value;
            }
            add_header_value(builders[k], topic.header_columns[k].column.type, found);
        }
    }
    for (auto& builder : builders)
        batch.columns.push_back(builder.finish(batch));
}

}  // namespace

Timestamp record_time(const codec::RecordView& record) {
    constexpr int64_t kFirstMs = -62'135'596'800'000, kLastMs = 253'402'300'799'999;
    return Timestamp::from_ms(std::clamp(record.timestamp_ms, kFirstMs, kLastMs));
}

std::shared_ptr<const ColumnBatch> table_rows(const project::Topic& topic, const InputBatch& chunk,
                                              const EpochPlan& plan) {
    auto batch = std::make_shared<ColumnBatch>();
    const auto* decoded = chunk.decoded();
    size_t rows = decoded ? decoded->row_count : chunk.records.size();
    batch->schema = project::table_columns(topic);
    batch->row_count = rows;
    batch->columns.reserve(batch->schema.size());
    if (decoded) {
        batch->buffers = decoded->buffers;
        for (const auto& column : topic.columns) {
            auto at = decoded->find(column.name);
            TARN_CHECK(at >= 0, "every column of a topic's table is decoded");
            batch->columns.push_back(decoded->columns[size_t(at)]);
        }
    } else {
        batch->columns.push_back(bytes_column(chunk, rows, &codec::RecordView::key));
        batch->columns.push_back(bytes_column(chunk, rows, &codec::RecordView::value));
    }
    batch->buffers.push_back(chunk.keep_alive);
    add_header_columns(topic, chunk, rows, *batch);
    auto name = std::make_shared<const std::string>(topic.name);
    batch->buffers.push_back(name);
    batch->columns.push_back(one_text(rows, *name));
    batch->columns.push_back(filled<int32_t>(ColumnType::kInt32, rows, chunk.partition));
    batch->columns.push_back(from_records<int64_t>(
        ColumnType::kInt64, chunk, rows, [](const auto& record) { return record.offset; }));
    batch->columns.push_back(
        from_records<int64_t>(ColumnType::kTimestamp, chunk, rows,
                              [](const auto& record) { return record_time(record).us; }));
    batch->columns.push_back(filled<int64_t>(ColumnType::kTimestamp, rows, plan.batch_time.us));
    auto& batch_id =
        batch->columns.emplace_back(filled<int64_t>(ColumnType::kInt64, rows, plan.epoch));
    if (plan.epoch < 0) batch_id.validity.assign((rows + 63) / 64, 0);
    batch->columns.push_back(bytes_column(chunk, rows, &codec::RecordView::key));
    if (decoded) {
        auto extra = decoded->find("_extra");
        TARN_CHECK(extra >= 0, "the decoder gathers undeclared fields");
        batch->columns.push_back(decoded->columns[size_t(extra)]);
    }
    constexpr int64_t kDay = 86'400'000'000, kHour = 3'600'000'000;
    auto day = plan.batch_time.us / kDay - (plan.batch_time.us % kDay < 0);
    auto hour = (plan.batch_time.us - day * kDay) / kHour;
    batch->columns.push_back(filled<int32_t>(ColumnType::kDate, rows, int32_t(day)));
    batch->columns.push_back(filled<int32_t>(ColumnType::kInt32, rows, int32_t(hour)));
    return batch;
}

Status SideRecords::add(int32_t partition, const codec::RecordView& record,
                        std::span<const codec::Header> headers) {
    std::vector<codec::Header> all;
    TARN_TRY(auto original, codec::decode_headers(record));
    for (const auto& header : original) {
        all.push_back({std::string(header.key),
                       header.value ? std::optional<std::string>(*header.value) : std::nullopt});
    }
    all.insert(all.end(), headers.begin(), headers.end());
    auto index = size_t(partition) % partitions_.size();
    auto& builder = partitions_[index].builder;
    builder.add(record.timestamp_ms, record.key, record.value, all);
    ++count_;
    return builder.size() >= kSideBatchBytes ? close(index) : Status();
}

Status SideRecords::close(size_t index) {
    auto& partition = partitions_[index];
    TARN_TRY(auto bytes, partition.builder.finish());
    batches_.push_back({int32_t(index), partition.parts++, std::move(bytes)});
    return {};
}

Status SideRecords::finish() {
    for (size_t i = 0; i < partitions_.size(); ++i)
        if (partitions_[i].builder.count() > 0) TARN_RETURN_IF_ERROR(close(i));
    return {};
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    // 2026-01-31T23:59:59.123456Z
    if (text.size() != 27 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text[19] != '.' || text[26] != 'Z') {
        return std::nullopt;
    }
    auto number = [&](size_t at, size_t n) {
        int64_t value = 0;
        auto [end, error] = std::from_chars(text.data() + at, text.data() + at + n, value);
        return error == std::errc() && end == text.data() + at + n && value >= 0 ? value
                                                                                 : int64_t(-1);
    };
    auto year = number(0, 4), month = number(5, 2), day = number(8, 2), hour = number(11, 2),
         minute = number(14, 2), second = number(17, 2), micros = number(20, 6);
    if (std::min({year, hour, minute, second, micros}) < 0 || month < 1 || month > 12 || day < 1 ||
        day > 31 || hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    std::chrono::year_month_day date{std::chrono::year(int(year)),
                                     std::chrono::month(unsigned(month)),
                                     std::chrono::day(unsigned(day))};
    if (!date.ok()) return std::nullopt;
    auto days = std::chrono::sys_days(date).time_since_epoch().count();
    return Timestamp{((days * 24 + hour) * 60 + minute) * 60'000'000 + second * 1'000'000 + micros};
}

}  // namespace tarn::flow
