#pragma once

// A segment of a lane as it is read: where its batches lie, and how that is learned from the file.
//
// The index file beside a sealed segment holds the heads of its blocks, so that nobody need hop
// through the segment. It is a convenience: whatever is wrong with it, it is made anew from the
// blocks.
//
//   index := 0 magic "TIDX" u32 | 4 version u32 = 1 | 8 segment number u64 | 16 salt u64
//          | 24 end u64 (bytes of the segment that count) | 32 next sequence u64
//          | 40 heads bytes u64
//          | 48 crc u32 of bytes 0 to 47 and all heads | 52 zeros up to 64
//          | 64 heads: header and directory of each block in order, as in lane.h
//   (little-endian, CRC-32C)

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "lane.h"
#include "tarn/io/file_system.h"

namespace tarn::log {

// Where one batch lies, and what proves it when it is read again.
struct BatchPlace {
    int64_t base_offset = 0;
    int64_t max_timestamp_ms = 0;
    int64_t time_us = 0;  // when its block was written
    uint32_t offset = 0;  // in the segment's file
    uint32_t size = 0;
    uint32_t records = 0;
    uint32_t guard = 0;

    int64_t next_offset() const { return base_offset + records; }
};

// The batches of a segment by partition, in offset order. Written by one, under the owner's lock;
// immutable once the segment is sealed.
class SegmentIndex {
  public:
    void add(const BlockHead& head);
    // Null if the segment has none.
    const std::vector<BatchPlace>* batches(PartitionKey partition) const;
    // Memory, roughly.
    size_t bytes() const { return bytes_; }

  private:
    std::unordered_map<PartitionKey, std::vector<BatchPlace>> batches_;
    size_t bytes_ = 64;
};

// What is known of a segment. Guarded by the log's lock but for `header`, `path` and `file`, which
// never change.
struct Segment {
    SegmentHeader header;
    std::string path;
    std::unique_ptr<io::File> file;  // for reading
    uint64_t end = kPage;            // bytes that count
    uint64_t next_sequence = 1;      // of the first block of the next segment
    uint64_t file_bytes = 0;
    bool sealed = false;
    std::shared_ptr<SegmentIndex> index;  // null: not in memory
    std::string heads;                    // of the active segment, for its index file
    uint64_t last_used = 0;
    int pins = 0;           // reads under way
    size_t live_spans = 0;  // partitions whose bytes in here are still theirs
};

std::string index_path(const std::string& segment_path);
std::string encode_index(const Segment& segment, std::string_view heads);

using HeadVisitor = std::function<Status(const BlockHead&)>;

// Visits the heads of a sealed segment (end and next_sequence known), from its index file if that
// holds, else from the blocks; `heads`, if given, gets the raw heads when the index file had to be
// replaced. Errors: kCorrupted (a block that must be there is not), kIo, and the visitor's.
Status visit_sealed(io::FileSystem& fs, const Segment& segment, const HeadVisitor& visit,
                    std::string* rebuilt_heads);

// Reads the newest segment block by block, batches and all, up to the first that does not count;
// sets end and next_sequence. Errors: kCorrupted when acknowledged data is damaged, kIo, and the
// visitor's.
Result<uint64_t> visit_tail(Segment& segment, const HeadVisitor& visit);

// One head at `offset`, proven to belong there. nullopt if what is there does not count.
Result<std::optional<BlockHead>> read_head(const Segment& segment, uint64_t offset,
                                           uint64_t sequence);

}  // namespace tarn::log
