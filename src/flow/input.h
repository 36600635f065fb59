#pragma once

// What a flow reads, whatever it reads from: batches of one form.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "protocol.h"
#include "tarn/codec/column_batch.h"
#include "tarn/codec/payload_format.h"
#include "tarn/codec/record_batch.h"
#include "tarn/log/log.h"

namespace tarn::flow {

using BatchPtr = std::shared_ptr<const codec::ColumnBatch>;

// Of the rows' text that is not in the columns themselves.
size_t text_bytes(const codec::ColumnBatch& batch);

// What lies in [from, to) of one partition of a source. Immutable; flows of one source share it.
struct InputBatch {
    int32_t partition = 0;
    Position from, to;
    int64_t count = 0;           // records, or rows of a source that has none
    size_t bytes = 0;            // as stored
    std::vector<BatchPtr> rows;  // decoded; none for raw records
    size_t went = 0;             // of changes: so many of `rows`, the first, are what rows were

    // Of sources of records: all of them in order, those that decode (row → record; rows has one
    // batch then) and those that do not.
    std::vector<codec::RecordView> records;
    std::vector<uint32_t> accepted;
    std::vector<codec::Rejected> rejected;
    struct Origin : log::BatchOrigin {
        size_t records_to = 0;  // its records end before this one
    };
    std::vector<Origin> origins;  // of the record batches, in order

    Timestamp arrived;                       // of rows without records: when they were committed
    std::shared_ptr<const void> keep_alive;  // what views and text point into

    const codec::ColumnBatch* decoded() const { return rows.empty() ? nullptr : rows[0].get(); }
    const codec::RecordView& record_of(size_t row) const {
        return records[rows.empty() ? row : accepted[row]];
    }
    size_t memory_bytes() const;
};
using InputBatchPtr = std::shared_ptr<const InputBatch>;

// What one epoch reads of one source.
struct SourceInput {
    std::vector<PartitionRange> ranges = {};  // by partition
    std::vector<InputBatchPtr> batches = {};  // by partition, then position
    int64_t records = 0, bytes = 0;
    bool more = false;  // it was full: there is more at once

    void add(InputBatchPtr batch) {
        records += batch->count;
        bytes += int64_t(batch->bytes);
        batches.push_back(std::move(batch));
    }
};

// What one epoch reads.
struct Input {
    struct Part {
        int32_t source = 0;
        InputBatchPtr batch;
    };
    EpochPlan plan;
    std::vector<Part> parts = {};  // by source, then as the source gives them
    int64_t records = 0, bytes = 0;
    bool more = false;

    void add(int32_t source, SourceInput read);
};

}  // namespace tarn::flow
