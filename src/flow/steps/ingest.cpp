#include "steps/ingest.h"

#include <utility>

#include <fmt/format.h>

namespace tarn::flow {

FlowSpec IngestStep::spec_of(const project::Topic& topic) {
    return {.name = topic.name + ".table",
            .kind = "table",
            .generation = generation_of(fmt::format("table 1|{}|{}|{}|{}", topic.name,
                                                    topic.table->name, described(topic),
                                                    described(project::table_columns(topic)))),
            .sql = fmt::format("select * from stream('{}')", topic.name),
            .every = topic.table->every,
            // An idle table waits for company rather than committing a file for one row.
            .linger = std::min(topic.table->every, Duration::millis(200))};
}

// Times that would be of the years 2000 to 2100, had they been read as seconds.
void IngestStep::look_for_seconds(const codec::ColumnBatch& rows) {
    constexpr int64_t kFrom = 946'684'800'000, kTo = 4'102'444'800'000;
    for (const auto& spec : topic_.columns) {
        if (spec.type != codec::ColumnType::kTimestamp || topic_.times.contains(spec.name))
            continue;
        const auto& column = rows.columns[size_t(rows.find(spec.name))];
        const auto* times = column.values<int64_t>();
        int64_t found = 0;
        for (size_t row = 0; row < rows.row_count; ++row)
            found += times[row] >= kFrom && times[row] < kTo && !column.is_null(row);
        if (found == 0) continue;
        suspicious_.add(double(found));
        if (!std::exchange(told_, true))
            logger_.warn("times of early 1970: if the numbers are seconds, say unit: s",
                         {{"column", spec.name}, {"rows", found}});
    }
}

Status IngestStep::run(const Input& input, bool) {
    auto& table = port(kRows);
    table = {};
    SideRecords aside(side_partitions_);
    counters_ = input.plan.before;
    counters_.rows_in += input.records;
    for (const auto& [source, chunk] : input.parts) {
        const auto* decoded = chunk->decoded();
        if (decoded && decoded->row_count > 0) look_for_seconds(*decoded);
        auto rows = decoded ? decoded->row_count : chunk->records.size();
        counters_.rows_out += int64_t(rows);
        if (rows > 0) table.rows.push_back(table_rows(topic_, *chunk, input.plan));
        counters_.rejected += int64_t(chunk->rejected.size());
        for (const auto& rejected : chunk->rejected) {
            const auto& record = chunk->records[rejected.record];
            const codec::Header headers[] = {
                {"tarn.reason", rejected.reason},
                {"tarn.field",
                 rejected.field.empty() ? std::nullopt : std::optional(rejected.field)},
                {"tarn.topic", topic_.name},
                {"tarn.partition", std::to_string(chunk->partition)},
                {"tarn.offset", std::to_string(record.offset)},
                {"tarn.timestamp", format_rfc3339(record_time(record))},
            };
            TARN_RETURN_IF_ERROR(aside.add(chunk->partition, record, headers));
        }
    }
    TARN_RETURN_IF_ERROR(aside.finish());
    if (has_port(kRejected)) port(kRejected).records = std::move(aside);
    return {};
}

}  // namespace tarn::flow
