#pragma once

// A topic's records, decoded once for all its flows. A reader hands out chunks: whole record
// batches from one offset on, as rows. Chunks are cached, bounded in bytes, until every flow of the
// topic has passed them; flows that stand on the same borders share them, and a flow that stands
// elsewhere gets chunks that end where a cached one begins, so that it falls in step. Thread-safe;
// a flow that asks for what another is decoding waits for it.
//
// Only committed data below the last stable offset is read. Control batches are skipped.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "input.h"
#include "tarn/base/memory_level.h"
#include "tarn/base/mutex.h"
#include "tarn/base/result.h"
#include "tarn/log/log.h"
#include "tarn/project/project.h"

namespace tarn::flow {

inline constexpr size_t kChunkRows = 50'000;
inline constexpr size_t kChunkBytes = 4 << 20;
inline constexpr size_t kMaxInflated = 256 << 20;  // of one record batch, unpacked

// Bytes of all readers' caches together.
class CacheBudget {
  public:
    CacheBudget(std::shared_ptr<MemoryBudget> memory, uint64_t limit);
    // Whether memory is too short to keep anything for others.
    bool is_short() const { return memory_level(memory_.get()) >= MemoryLevel::kShort; }
    Result<MemoryReservation> reserve(size_t bytes) { return budget_->reserve(int64_t(bytes)); }

  private:
    std::shared_ptr<MemoryBudget> memory_, budget_;
};

class TopicReader {
  public:
    TopicReader(const project::Topic& topic, log::TopicInfo info, log::Log& log,
                CacheBudget& cache);
    const project::Topic& topic() const { return topic_; }
    const log::TopicInfo& info() const { return info_; }

    // The chunk that begins at `from` and ends at or below `limit`, both borders of batches; null
    // if nothing is there yet. Errors: kFailedPrecondition (the offset is not in the log, or the
    // topic is gone), kCorrupted, kUnsupported (a transaction), kIo.
    Result<InputBatchPtr> read(int32_t partition, int64_t from, int64_t limit);

    // What a flow reads of the rows: columns of the topic, and whether also what is not declared.
    // Before the first read; a column that nobody needs is checked, but not there. Who never says
    // it leaves all to be there.
    void need(std::span<const codec::ColumnSpec> columns, bool undeclared);

    // A flow that reads; what it has passed need not be kept for it.
    int add_consumer();
    void remove_consumer(int consumer);
    void passed(int consumer, int32_t partition, int64_t offset);

  private:
    struct Cached {
        InputBatchPtr chunk;
        MemoryReservation reservation;
    };
    struct Partition {
        Mutex mutex;
        std::unique_ptr<codec::PayloadDecoder> decoder TARN_GUARDED_BY(mutex);
        std::map<int64_t, Cached> chunks TARN_GUARDED_BY(mutex);  // by first offset
        std::map<int, int64_t> passed TARN_GUARDED_BY(mutex);     // by consumer
    };
    Result<std::shared_ptr<InputBatch>> decode(Partition& partition, int32_t number, int64_t from,
                                               int64_t cap) TARN_REQUIRES(partition.mutex);
    std::unique_ptr<codec::PayloadDecoder> make_decoder() const;
    void keep(Partition& partition, const InputBatchPtr& chunk) TARN_REQUIRES(partition.mutex);

    const project::Topic topic_;
    const log::TopicInfo info_;
    log::Log& log_;
    CacheBudget& cache_;
    std::vector<std::unique_ptr<Partition>> partitions_;
    std::optional<std::vector<std::string>> needed_;  // by some flow; none: all
    bool undeclared_needed_ = false;
    std::atomic<int> last_consumer_{0};
};

}  // namespace tarn::flow
