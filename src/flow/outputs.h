#pragma once

// From chunks to what sinks take: a table's rows, and records for late and dead letter topics.

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "input.h"
#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"
#include "tarn/codec/record_batch.h"
#include "tarn/project/project.h"

namespace tarn::flow {

// The accepted rows of a chunk with header and metadata columns: project::table_columns of the
// topic. Everything not in the record comes from the plan, so that a second run gives the same. An
// epoch below 0 is not known yet: NULL.
std::shared_ptr<const codec::ColumnBatch> table_rows(const project::Topic& topic,
                                                     const InputBatch& chunk,
                                                     const EpochPlan& plan);

// The record's timestamp. A producer may send any number: tables have the years 1 to 9999, and what
// is beyond as the nearest time in them.
Timestamp record_time(const codec::RecordView& record);

// A fixed-width column with one value in every row; T is as wide as the type.
template <class T>
codec::Column filled(codec::ColumnType type, size_t rows, T value) {
    codec::Column column;
    column.type = type;
    column.data.resize_for_overwrite(rows * sizeof(T));
    std::fill_n(column.values<T>(), rows, value);
    return column;
}

// What a flow writes to a topic of its own in one epoch: original records with headers that say
// why, in batches of bounded size, by the partition they go to.
class SideRecords {
  public:
    explicit SideRecords(int32_t partitions) : partitions_(size_t(partitions)) {}
    // Key, value, timestamp and headers as they were, ours behind them. Errors: of encoding a
    // batch.
    Status add(int32_t partition, const codec::RecordView& record,
               std::span<const codec::Header> headers);
    Status finish();
    struct Batch {
        int32_t partition = 0;
        int32_t part = 0;
        std::string bytes;
    };
    const std::vector<Batch>& batches() const { return batches_; }
    int64_t count() const { return count_; }

  private:
    struct Partition {
        codec::BatchBuilder builder{{.compression = codec::Compression::kNone}};
        int32_t parts = 0;
    };
    Status close(size_t partition);
    std::vector<Partition> partitions_;
    std::vector<Batch> batches_;
    int64_t count_ = 0;
};
inline constexpr size_t kSideBatchBytes = 512 << 10;

// Strict RFC 3339 as format_rfc3339 writes it; nothing for any other text.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace tarn::flow
