#include "tarn/host/system_table.h"

namespace tarn::host {
namespace {

using codec::ColumnType;

constexpr size_t kMostRuns = 100'000;

constexpr SystemColumn kColumns[] = {
    {"flow", ColumnType::kText, "The flow."},
    {"batch_id", ColumnType::kInt64, "Its batch, as `_batch_id` of the rows it wrote."},
    {"started", ColumnType::kTimestamp, "When the batch began."},
    {"elapsed_us", ColumnType::kInt64, "From there to its commit, in microseconds."},
    {"cpu_us", ColumnType::kInt64, "CPU time of the flow's thread, in microseconds."},
    {"rows_in", ColumnType::kInt64, "Records read."},
    {"rows_out", ColumnType::kInt64, "Rows written, or changed in a view."},
    {"bytes_in", ColumnType::kInt64, "Bytes read, as they lie in the log or the files."},
    {"outcome", ColumnType::kText, "`committed`, or the error."},
};

void fill(const SystemSources& sources, SystemRows& rows) {
    for (const auto& run : sources.flows.runs(kMostRuns))
        rows.text(run.flow)
            .number(run.epoch)
            .time(run.started)
            .number(run.elapsed.us)
            .number(run.cpu.us)
            .number(run.rows_in)
            .number(run.rows_out)
            .number(run.bytes_in)
            .text(run.outcome);
}

}  // namespace

SystemTable runs_table() {
    return {"runs", "The newest finished batches of all flows, since the process started.",
            kColumns, fill};
}

}  // namespace tarn::host
