#include "tarn/host/system_table.h"

namespace tarn::host {
namespace {

using codec::ColumnType;

constexpr SystemColumn kColumns[] = {
    {"id", ColumnType::kInt64, "A number, from 1 at each start of the process."},
    {"started", ColumnType::kTimestamp, "When it got a slot."},
    {"elapsed_us", ColumnType::kInt64, "From there to its end, or until now, in microseconds."},
    {"state", ColumnType::kText, "`running`, `done`, `cancelled` or `failed`."},
    {"rows", ColumnType::kInt64, "Rows it gave."},
    {"error", ColumnType::kText, "The id of the error that ended it, else empty."},
    {"text", ColumnType::kText, "Its SQL, the first 2000 bytes."},
};

void fill(const SystemSources& sources, SystemRows& rows) {
    for (const auto& query : sources.queries.list())
        rows.number(int64_t(query.id))
            .time(query.started)
            .number(query.elapsed.us)
            .text(query.state)
            .number(query.rows)
            .text(query.error)
            .text(query.text);
}

}  // namespace

SystemTable queries_table() {
    return {"queries", "The queries of the HTTP listener that run, and the 200 that ended last.",
            kColumns, fill};
}

}  // namespace tarn::host
