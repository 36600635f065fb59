#include "tarn/host/system_table.h"

namespace tarn::host {
namespace {

using codec::ColumnType;

constexpr SystemColumn kColumns[] = {
    {"name", ColumnType::kText, "The flow."},
    {"kind", ColumnType::kText, "`table` (a topic into its table), `live` or `model`."},
    {"source", ColumnType::kText, "The topic or table it reads."},
    {"state", ColumnType::kText,
     "`starting`, `running`, `paused`, `retrying`, `failed` or `stopped`."},
    {"reason", ColumnType::kText, "Why it is not running."},
    {"batch_id", ColumnType::kInt64, "The newest batch that every sink has; −1: none."},
    {"lag", ColumnType::kInt64, "Records, or versions of a table, that are not committed yet."},
    {"rows_in", ColumnType::kInt64, "Records read since the flow began, restarts included."},
    {"late", ColumnType::kInt64, "Of these, rows in no window: they came too late or too early."},
    {"dead_letters", ColumnType::kInt64, "Of these, records that do not decode."},
    {"quarantined", ColumnType::kInt64, "Of these, rows that break a rule of their model."},
    {"watermark", ColumnType::kTimestamp, "Of flows by event time; NULL for others."},
    {"last_commit", ColumnType::kTimestamp, "Time of the newest batch."},
};

void fill(const SystemSources& sources, SystemRows& rows) {
    for (const auto& flow : sources.flows.list())
        rows.text(flow.name)
            .text(flow.kind)
            .text(flow.source.name)
            .text(to_string(flow.state))
            .text(flow.reason)
            .number(flow.epoch)
            .number(flow.lag())
            .number(flow.rows_in)
            .number(flow.late)
            .number(flow.dead_letters)
            .number(flow.quarantined)
            .time(flow.watermark)
            .time(flow.last_commit);
}

}  // namespace

SystemTable flows_table() { return {"flows", "Every flow and its state.", kColumns, fill}; }

}  // namespace tarn::host
