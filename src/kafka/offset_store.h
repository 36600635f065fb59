#pragma once

// Committed offsets of all groups: in memory, and durable as records of the internal topic
// __consumer_offsets, which has one partition. Thread-safe.
//
// Record, ours (Kafka's own is not meant for others to read):
//   key   = version u8 = 1 | group sized | topic id 16 bytes | partition i32 le
//   value = offset i64 le | leader epoch i32 le | committed at i64 le (ms) | has metadata u8 |
//   metadata sized no value: the offset was removed
// `sized` is a varint length and the bytes. Offsets belong to a topic's id: a topic made anew under
// an old name begins without any.
//
// The newest record of a key counts. When the topic has grown to several times what it says, all
// that stands in memory is written once more (commits wait meanwhile), and the records before it
// are removed.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "errors.h"
#include "tarn/base/logger.h"
#include "tarn/base/mutex.h"
#include "tarn/log/log.h"

namespace tarn::kafka {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

struct CommittedOffset {
    int64_t offset = -1;
    int32_t leader_epoch = -1;
    int64_t committed_at_ms = 0;
    std::optional<std::string> metadata;
    friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};

struct OffsetChange {
    std::string group;
    log::PartitionId partition;
    std::optional<CommittedOffset> value;  // none: remove
};

// The record of one change, and back. Decoding fails on what is not such a record.
std::string encode_offset_key(const OffsetChange& change);
std::string encode_offset_value(const CommittedOffset& value);
Result<OffsetChange> decode_offset_record(std::string_view key,
                                          std::optional<std::string_view> value);

class OffsetStore : public std::enable_shared_from_this<OffsetStore> {
  public:
    using Offsets = std::map<log::PartitionId, CommittedOffset>;
    using Done = std::move_only_function<void(KafkaError)>;

    // Creates the topic, or replays it. Errors: kCorrupted, kIo and those of create_topic.
    static Result<std::shared_ptr<OffsetStore>> open(log::Log& log, Logger logger,
                                                     uint64_t snapshot_after_bytes = 4ull << 20);

    // `done` once all changes are durable and visible, or refused; from any thread, maybe this one.
    void commit(std::vector<OffsetChange> changes, Done done);

    std::optional<CommittedOffset> find(const std::string& group, const log::PartitionId& id) const;
    Offsets of_group(const std::string& group) const;
    bool has_group(const std::string& group) const;
    std::vector<std::string> groups() const;
    // Changes that remove all of a topic, whatever the group.
    std::vector<OffsetChange> removal_of_topic(const Uuid& topic) const;
    const Uuid& topic_id() const { return partition_.topic; }

  private:
    struct Commit {
        std::vector<OffsetChange> changes;
        Done done;
    };
    OffsetStore(log::Log& log, Logger logger, uint64_t snapshot_after_bytes)
        : log_(log), logger_(std::move(logger)), snapshot_after_bytes_(snapshot_after_bytes) {}
    Status replay();
    Status replay_batch(std::string_view batch, std::string& scratch);
    void apply(const OffsetChange& change) TARN_REQUIRES(mutex_);
    void append(std::vector<std::string> batches,
                std::move_only_function<void(KafkaError, int64_t)> done);
    void send(Commit commit);
    void finish(Commit& commit, KafkaError error, uint64_t bytes);
    void write_snapshot();
    void snapshot_done(KafkaError error, int64_t base_offset, uint64_t bytes);

    log::Log& log_;
    Logger logger_;
    const uint64_t snapshot_after_bytes_;
    log::PartitionId partition_;
    mutable Mutex mutex_;
    std::map<std::string, Offsets> groups_ TARN_GUARDED_BY(mutex_);
    uint64_t appended_bytes_ TARN_GUARDED_BY(mutex_) = 0;  // since the last snapshot
    uint64_t snapshot_bytes_ TARN_GUARDED_BY(mutex_) = 0;
    size_t in_flight_ TARN_GUARDED_BY(mutex_) = 0;
    bool snapshot_due_ TARN_GUARDED_BY(mutex_) = false;  // due or under way: commits are held back
    std::deque<Commit> held_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::kafka
