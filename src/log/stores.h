#pragma once

// What the log keeps beside the lane, each in a document (document.h) of its own, replaced durably:
//
//   <log>/topics           := "TTOP" v1: log id 16 bytes | next topic number u32 | topics (varint
//                             count): number u32, name, uuid 16 bytes, created i64 µs, internal u8,
//                             partitions i32, retention i64 µs, retention bytes i64, max message
//                             bytes i32, timestamp type u8, raw (varint count: name, value)
//   <log>/producer-ids     := "TPID" v1: next i64: every id below may have been given
//   <log>/lane-0/snapshot  := "TSNP" v1: up to sequence u64 | freed below u64 | freed (varint
//                             count): segment number u64 | sealed (varint count): segment number
//                             u64, end u64, next sequence u64 | partitions (varint count): topic
//                             u32, partition u32, log start i64, next offset i64, producers and
//                             writers (producer_state.cpp), open transactions (varint count:
//                             producer id i64, first offset i64)
//   (names and values are a varint length and bytes; integers little-endian)
//
// A snapshot is what the blocks up to its sequence said, as far as the log still needs it: it is
// written before a segment is freed and when a log start moves. Segments with a number in `freed`
// or under `freed below` may be gone; `sealed` are those that must be there, with what counts of
// them (a successor that would say so may be freed).

#include <map>
#include <set>
#include <string>
#include <vector>

#include "document.h"
#include "partition.h"
#include "tarn/base/ids.h"

namespace tarn::log {

inline constexpr uint32_t kTopicsMagic = 0x504f5454;       // "TTOP"
inline constexpr uint32_t kProducerIdsMagic = 0x44495054;  // "TPID"
inline constexpr uint32_t kSnapshotMagic = 0x504e5354;     // "TSNP"

struct StoredTopic {
    uint32_t number = 0;
    TopicInfo info;
};
struct TopicsDocument {
    Uuid log_id;
    uint32_t next_number = 1;
    std::vector<StoredTopic> topics;
};
std::string encode_topics(const TopicsDocument& topics);
Result<TopicsDocument> parse_topics(std::string_view file, std::string_view path);

struct StoredPartition {
    PartitionKey key = 0;
    int64_t log_start = 0;
    int64_t next_offset = 0;
    ProducerTable producers;
    std::map<int64_t, int64_t> open_transactions;
};
struct SealedEnd {
    uint64_t end = 0;
    uint64_t next_sequence = 0;
};
struct Snapshot {
    uint64_t up_to_sequence = 0;
    uint64_t freed_below = 0;
    std::set<uint64_t> freed;
    std::map<uint64_t, SealedEnd> sealed;
    std::vector<StoredPartition> partitions;

    bool is_freed(uint64_t number) const { return number < freed_below || freed.contains(number); }
};
std::string encode_snapshot(const Snapshot& snapshot);
Result<Snapshot> parse_snapshot(std::string_view file, std::string_view path);

// Gives producer ids, reserving a thousand at a time on disk. Not thread-safe.
class ProducerIds {
  public:
    ProducerIds(io::FileSystem& fs, io::Failpoints& failpoints, std::string path)
        : fs_(fs), failpoints_(failpoints), path_(std::move(path)) {}
    Status load();
    Result<int64_t> next();

  private:
    io::FileSystem& fs_;
    io::Failpoints& failpoints_;
    std::string path_;
    int64_t next_ = 0;
    int64_t reserved_ = 0;  // ids below are durable
};

}  // namespace tarn::log
