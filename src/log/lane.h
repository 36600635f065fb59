#pragma once

// The grammar of a lane's bytes, and nothing else: plain structs, and how they are written down and
// read back.
//
// A lane is a chain of segments, each a file of segment_bytes: a header page, then blocks. Every
// integer is little-endian unless said otherwise. Every checksum is CRC-32C.
//
//   lane     := segment*                     in order of their numbers, which are never used twice
//   segment  := segment_header block* dead   dead: zeros, a torn tail or a former life's bytes
//   block    := block_header entry{count} batch{count} zeros up to a multiple of 4,096
//               ≤ 8 MiB, starts at a multiple of 4,096, never crosses the end of its segment
//
//   segment_header, 4,096 bytes, synced before the first block and before the segment gets its
//   name:
//         0  magic "TSEG" u32
//         4  version u32 = 1
//         8  log id 16 bytes
//        24  lane u32
//        28  zero u32
//        32  number u64
//        40  salt u64 (fresh for every use of the file)
//        48  start number u64 (of the process that wrote it)
//        56  first block sequence u64
//        64  predecessor's number u64 (0: none)
//        72  predecessor's end u64 (bytes of it that count: what lies behind was cut)
//        80  segment_bytes u64
//        88  created i64 (µs)
//        96  zeros
//     4,092  crc u32 of bytes 0 to 4,091
//
//   block_header, 64 bytes:
//         0  magic "TBLK" u32
//         4  crc u32 of the salt (8 bytes, little-endian), bytes 8 to 63 and all entries
//         8  size u32 (of the block, with padding)
//        12  count u32
//        16  directory bytes u32 (of all entries)
//        20  zero u32
//        24  sequence u64 (one more than the block before, across segments)
//        32  position u64 (segment number · 2^32 + place of this block in the file)
//        40  start number u64
//        48  durable-up-to u64 (every block of this sequence and below was synced before this one
//            was written)
//        56  time i64 (µs)
//
//   entry, 64 or 88 bytes, one for each batch in the order of the batches:
//         0  topic number u32
//         4  partition u32
//         8  size u32 (of the batch)
//        12  record count u32 (offsets it takes)
//        16  base offset i64
//        24  leader epoch i32
//        28  flags u32 (1: a writer follows)
//        32  guard u32: crc of the batch's bytes 0 to 20, which Kafka's own does not cover
//        36  Kafka's crc u32
//        40  max timestamp i64 (ms)
//        48  producer id i64
//        56  base sequence i32
//        60  producer epoch i16
//        62  attributes i16
//     with flag 1:
//        64  writer id i64
//        72  writer epoch i64
//        80  writer part i32
//        84  zero u32
//
//   batch: Kafka's record batch, magic 2, big-endian, byte for byte as it is fetched. Kafka's crc
//   covers its bytes 21 to the end; with guard and entry every byte is covered. The padding is not.
//
// A block counts only if magic, crc (and so the salt), position, sequence and start number are what
// its place demands: bytes of the file's former life fail, so nothing is ever zeroed.
//
// Torn tail: the first block of the newest segment that does not count ends the lane. Rot, not
// tear: if a block that counts lies behind it and says durable-up-to ≥ the missing one,
// acknowledged data is damaged and the log refuses to open. Damage in the last window cannot be
// told from a tear, unless the log was closed in order: closing writes one block without batches
// behind the last, which says that everything before it was durable.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/codec/record_batch.h"
#include "tarn/log/log.h"

namespace tarn::log {

inline constexpr uint32_t kSegmentMagic = 0x47455354;  // "TSEG"
inline constexpr uint32_t kBlockMagic = 0x4b4c4254;    // "TBLK"
inline constexpr uint32_t kLaneVersion = 1;
inline constexpr size_t kPage = 4096;
inline constexpr size_t kBlockHeaderSize = 64;
inline constexpr size_t kEntrySize = 64;
inline constexpr size_t kWriterSize = 24;
inline constexpr size_t kMaxBlockBytes = 8u << 20;
inline constexpr size_t kGuardedBytes =
    21;  // of a batch: base offset, length, leader epoch, magic, crc

constexpr size_t round_up_page(size_t n) { return (n + kPage - 1) / kPage * kPage; }

struct SegmentHeader {
    Uuid log_id;
    uint32_t lane = 0;
    uint64_t number = 0;
    uint64_t salt = 0;
    uint64_t start_number = 0;
    uint64_t first_sequence = 1;
    uint64_t predecessor = 0;
    uint64_t predecessor_end = 0;
    uint64_t segment_bytes = 0;
    int64_t created_us = 0;
};
// Exactly kPage bytes.
std::string encode_segment_header(const SegmentHeader& header);
// Errors: kCorrupted, kUnsupported (a newer version).
Result<SegmentHeader> parse_segment_header(std::string_view page);

struct BlockHeader {
    uint32_t size = 0;
    uint32_t count = 0;
    uint32_t directory_bytes = 0;
    uint64_t sequence = 0;
    uint64_t position = 0;
    uint64_t start_number = 0;
    uint64_t durable_up_to = 0;
    int64_t time_us = 0;

    size_t head_bytes() const { return kBlockHeaderSize + directory_bytes; }
};

constexpr uint64_t lane_position(uint64_t segment, uint64_t offset) {
    return segment << 32 | offset;
}

// A topic's number in the upper, the partition in the lower half.
using PartitionKey = uint64_t;
constexpr PartitionKey partition_key(uint32_t topic, uint32_t partition) {
    return uint64_t(topic) << 32 | partition;
}

struct DirectoryEntry {
    PartitionKey partition = 0;
    uint32_t size = 0;
    uint32_t records = 0;
    int64_t base_offset = 0;
    int32_t leader_epoch = 0;
    uint32_t guard = 0;
    uint32_t kafka_crc = 0;
    int64_t max_timestamp_ms = 0;
    int64_t producer_id = -1;
    int32_t base_sequence = -1;
    int16_t producer_epoch = -1;
    int16_t attributes = 0;
    std::optional<Writer> writer;

    size_t encoded_size() const { return kEntrySize + (writer ? kWriterSize : 0); }
    int64_t next_offset() const { return base_offset + records; }
    bool transactional() const { return attributes & 16; }
    bool control() const { return attributes & 32; }
};

// The entry of a batch whose offset is assigned already.
DirectoryEntry describe_batch(PartitionKey partition, const codec::BatchHeader& header,
                              std::string_view batch, const std::optional<Writer>& writer);
uint32_t guard_of(std::string_view batch);

// A block's header and directory, which together are its head.
struct BlockHead {
    BlockHeader header;
    std::vector<DirectoryEntry> entries;
};

// Writes the head to `to` (header.head_bytes() bytes); header.count and directory_bytes must fit
// the entries.
void encode_block_head(const BlockHeader& header, const std::vector<DirectoryEntry>& entries,
                       uint64_t salt, char* to);
// Sizes only, from the first kBlockHeaderSize bytes; nothing is proven yet but that they make
// sense.
std::optional<BlockHeader> peek_block_header(std::string_view bytes);
// The whole head, proven by its crc. Errors: kCorrupted.
Result<BlockHead> parse_block_head(std::string_view bytes, uint64_t salt);
// Guard and both crcs of one batch against its entry.
bool batch_holds(const DirectoryEntry& entry, std::string_view batch);

}  // namespace tarn::log
