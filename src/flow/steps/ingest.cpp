#include "steps/ingest.h"

#include <fmt/format.h>

namespace tarn::flow {

FlowSpec IngestStep::spec_of(const project::Topic& topic) {
    return {.name = topic.name + ".table",
            .kind = "table",
            .generation = generation_of(fmt::format("table 1|{}|{}|{}|{}", topic.name,
                                                    topic.table->name, described(topic.columns),
                                                    described(project::table_columns(topic)))),
            .sql = fmt::format("select * from stream('{}')", topic.name),
            .every = topic.table->every,
            // An idle table waits for company rather than committing a file for one row.
            .linger = std::min(topic.table->every, Duration::millis(200))};
}

Status IngestStep::run(const Input& input, bool) {
    auto& table = port(kRows);
    table = {};
    SideRecords aside(side_partitions_);
    counters_ = input.plan.before;
    counters_.rows_in += input.records;
    for (const auto& [source, chunk] : input.parts) {
        const auto* decoded = chunk->decoded();
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
                {"tarn.timestamp", format_rfc3339(Timestamp::from_ms(record.timestamp_ms))},
            };
            TARN_RETURN_IF_ERROR(aside.add(chunk->partition, record, headers));
        }
    }
    TARN_RETURN_IF_ERROR(aside.finish());
    if (has_port(kRejected)) port(kRejected).records = std::move(aside);
    return {};
}

}  // namespace tarn::flow
