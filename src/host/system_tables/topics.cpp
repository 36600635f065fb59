#include "tarn/host/system_table.h"

namespace tarn::host {
namespace {

using codec::ColumnType;

constexpr SystemColumn kColumns[] = {
    {"name", ColumnType::kText, "The topic."},
    {"id", ColumnType::kText, "Its id; a topic that was deleted and created anew has another."},
    {"partition", ColumnType::kInt32, "The partition, from 0."},
    {"log_start_offset", ColumnType::kInt64, "The oldest offset that is still there."},
    {"high_watermark", ColumnType::kInt64, "The next offset: everything below is durable."},
    {"bytes", ColumnType::kInt64, "Of its record batches."},
};

void fill(const SystemSources& sources, SystemRows& rows) {
    for (const auto& topic : sources.log.topics()) {
        for (int32_t partition = 0; partition < topic.config.partitions; ++partition) {
            auto offsets = sources.log.offsets({topic.id, partition});
            if (!offsets) continue;
            rows.text(topic.name)
                .text(topic.id.str())
                .number(partition)
                .number(offsets->log_start_offset)
                .number(offsets->high_watermark)
                .number(int64_t(offsets->bytes));
        }
    }
}

}  // namespace

SystemTable topics_table() {
    return {"topics", "Every partition of every topic, internal ones included.", kColumns, fill};
}

}  // namespace tarn::host
