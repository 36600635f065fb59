#include "lane.h"

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/base/check.h"

namespace tarn::errors {
extern const ErrorId kLogNewer;
}  // namespace tarn::errors

namespace tarn::log {
namespace {

constexpr uint32_t kWriterFlag = 1;

uint32_t head_crc(const char* head, size_t n, uint64_t salt) {
    char seed[8];
    store_le<uint64_t>(seed, salt);
    return crc32c({head + 8, n - 8}, crc32c({seed, sizeof seed}));
}

void encode_entry(const DirectoryEntry& e, char* to) {
    store_le<uint32_t>(to, uint32_t(e.partition >> 32));
    store_le<uint32_t>(to + 4, uint32_t(e.partition));
    store_le<uint32_t>(to + 8, e.size);
    store_le<uint32_t>(to + 12, e.records);
    store_le<int64_t>(to + 16, e.base_offset);
    store_le<int32_t>(to + 24, e.leader_epoch);
    store_le<uint32_t>(to + 28, e.writer ? kWriterFlag : 0);
    store_le<uint32_t>(to + 32, e.guard);
    store_le<uint32_t>(to + 36, e.kafka_crc);
    store_le<int64_t>(to + 40, e.max_timestamp_ms);
    store_le<int64_t>(to + 48, e.producer_id);
    store_le<int32_t>(to + 56, e.base_sequence);
    store_le<int16_t>(to + 60, e.producer_epoch);
    store_le<int16_t>(to + 62, e.attributes);
    if (!e.writer) return;
    store_le<int64_t>(to + 64, e.writer->id);
    store_le<int64_t>(to + 72, e.writer->epoch);
    store_le<int32_t>(to + 80, e.writer->part);
    store_le<uint32_t>(to + 84, 0);
}

DirectoryEntry parse_entry(ByteReader& in, bool& known) {
    DirectoryEntry e;
    auto topic = in.le<uint32_t>();
    e.partition = partition_key(topic, in.le<uint32_t>());
    e.size = in.le<uint32_t>();
    e.records = in.le<uint32_t>();
    e.base_offset = in.le<int64_t>();
    e.leader_epoch = in.le<int32_t>();
    auto flags = in.le<uint32_t>();
    e.guard = in.le<uint32_t>();
    e.kafka_crc = in.le<uint32_t>();
    e.max_timestamp_ms = in.le<int64_t>();
    e.producer_id = in.le<int64_t>();
    e.base_sequence = in.le<int32_t>();
    e.producer_epoch = in.le<int16_t>();
    e.attributes = in.le<int16_t>();
    known = (flags & ~kWriterFlag) == 0;
    if (flags & kWriterFlag) {
        Writer w;
        w.id = in.le<int64_t>();
        w.epoch = in.le<int64_t>();
        w.part = in.le<int32_t>();
        in.le<uint32_t>();
        e.writer = w;
    }
    return e;
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& h) {
    std::string page(kPage, '\0');
    char* to = page.data();
    store_le<uint32_t>(to, kSegmentMagic);
    store_le<uint32_t>(to + 4, kLaneVersion);
    std::memcpy(to + 8, h.log_id.bytes.data(), 16);
    store_le<uint32_t>(to + 24, h.lane);
    store_le<uint64_t>(to + 32, h.number);
    store_le<uint64_t>(to + 40, h.salt);
    store_le<uint64_t>(to + 48, h.start_number);
    store_le<uint64_t>(to + 56, h.first_sequence);
    store_le<uint64_t>(to + 64, h.predecessor);
    store_le<uint64_t>(to + 72, h.predecessor_end);
    store_le<uint64_t>(to + 80, h.segment_bytes);
    store_le<int64_t>(to + 88, h.created_us);
    store_le<uint32_t>(to + kPage - 4, crc32c({to, kPage - 4}));
    return page;
}

Result<SegmentHeader> parse_segment_header(std::string_view page) {
    if (page.size() < kPage || load_le<uint32_t>(page.data()) != kSegmentMagic) {
        return fail(ErrorCode::kCorrupted, "not a segment header");
    }
    const char* p = page.data();
    // The version comes first: a newer one may keep its checksum elsewhere.
    if (auto version = load_le<uint32_t>(p + 4); version > kLaneVersion) {
        return fail(errors::kLogNewer,
                    fmt::format("the segment is of format {}, this program knows up to {}", version,
                                kLaneVersion));
    }
    if (load_le<uint32_t>(p + kPage - 4) != crc32c({p, kPage - 4})) {
        return fail(ErrorCode::kCorrupted, "the segment header's checksum does not hold");
    }
    SegmentHeader h;
    std::memcpy(h.log_id.bytes.data(), p + 8, 16);
    h.lane = load_le<uint32_t>(p + 24);
    h.number = load_le<uint64_t>(p + 32);
    h.salt = load_le<uint64_t>(p + 40);
    h.start_number = load_le<uint64_t>(p + 48);
    h.first_sequence = load_le<uint64_t>(p + 56);
    h.predecessor = load_le<uint64_t>(p + 64);
    h.predecessor_end = load_le<uint64_t>(p + 72);
    h.segment_bytes = load_le<uint64_t>(p + 80);
    h.created_us = load_le<int64_t>(p + 88);
    return h;
}

uint32_t guard_of(std::string_view batch) { return crc32c(batch.substr(0, kGuardedBytes)); }

DirectoryEntry describe_batch(PartitionKey partition, const codec::BatchHeader& header,
                              std::string_view batch, const std::optional<Writer>& writer) {
    DirectoryEntry e;
    e.partition = partition;
    e.size = uint32_t(batch.size());
    e.records = uint32_t(header.last_offset_delta) + 1;
    e.base_offset = header.base_offset;
    e.leader_epoch = header.leader_epoch;
    e.guard = guard_of(batch);
    e.kafka_crc = header.crc;
    e.max_timestamp_ms = header.max_timestamp_ms;
    e.producer_id = header.producer_id;
    e.base_sequence = header.base_sequence;
    e.producer_epoch = header.producer_epoch;
    e.attributes = header.attributes;
    e.writer = writer;
    return e;
}

void encode_block_head(const BlockHeader& h, const std::vector<DirectoryEntry>& entries,
                       uint64_t salt, char* to) {
    TARN_DCHECK(h.count == entries.size(), "a block's count is that of its directory");
    store_le<uint32_t>(to, kBlockMagic);
    store_le<uint32_t>(to + 8, h.size);
    store_le<uint32_t>(to + 12, h.count);
    store_le<uint32_t>(to + 16, h.directory_bytes);
    store_le<uint32_t>(to + 20, 0);
    store_le<uint64_t>(to + 24, h.sequence);
    store_le<uint64_t>(to + 32, h.position);
    store_le<uint64_t>(to + 40, h.start_number);
    store_le<uint64_t>(to + 48, h.durable_up_to);
    store_le<int64_t>(to + 56, h.time_us);
    char* at = to + kBlockHeaderSize;
    for (auto& e : entries) {
        encode_entry(e, at);
        at += e.encoded_size();
    }
    store_le<uint32_t>(to + 4, head_crc(to, h.head_bytes(), salt));
}

std::optional<BlockHeader> peek_block_header(std::string_view bytes) {
    if (bytes.size() < kBlockHeaderSize || load_le<uint32_t>(bytes.data()) != kBlockMagic)
        return {};
    const char* p = bytes.data();
    BlockHeader h;
    h.size = load_le<uint32_t>(p + 8);
    h.count = load_le<uint32_t>(p + 12);
    h.directory_bytes = load_le<uint32_t>(p + 16);
    h.sequence = load_le<uint64_t>(p + 24);
    h.position = load_le<uint64_t>(p + 32);
    h.start_number = load_le<uint64_t>(p + 40);
    h.durable_up_to = load_le<uint64_t>(p + 48);
    h.time_us = load_le<int64_t>(p + 56);
    if (h.size == 0 || h.size % kPage || h.size > kMaxBlockBytes) return {};
    if (h.directory_bytes > h.size - kBlockHeaderSize) return {};
    if (uint64_t(h.count) * kEntrySize > h.directory_bytes) return {};
    return h;
}

Result<BlockHead> parse_block_head(std::string_view bytes, uint64_t salt) {
    auto header = peek_block_header(bytes);
    if (!header || bytes.size() < header->head_bytes()) {
        return fail(ErrorCode::kCorrupted, "not a block");
    }
    if (load_le<uint32_t>(bytes.data() + 4) != head_crc(bytes.data(), header->head_bytes(), salt)) {
        return fail(ErrorCode::kCorrupted, "the block's checksum does not hold");
    }
    BlockHead head{*header, {}};
    head.entries.reserve(header->count);
    ByteReader in(bytes.substr(kBlockHeaderSize, header->directory_bytes));
    uint64_t payload = 0;
    for (uint32_t i = 0; i < header->count; ++i) {
        bool known = true;
        head.entries.push_back(parse_entry(in, known));
        auto& e = head.entries.back();
        payload += e.size;
        bool sane = e.size >= codec::kBatchHeaderSize && e.records > 0 && e.base_offset >= 0 &&
                    e.records <= uint32_t(INT32_MAX) && e.base_offset <= INT64_MAX - e.records;
        if (!known || !sane || !in.ok()) {
            return fail(ErrorCode::kCorrupted, "a block's directory makes no sense");
        }
    }
    if (in.remaining() != 0 || header->head_bytes() + payload > header->size) {
        return fail(ErrorCode::kCorrupted, "a block's directory and size disagree");
    }
    return head;
}

bool batch_holds(const DirectoryEntry& entry, std::string_view batch) {
    return batch.size() == entry.size && guard_of(batch) == entry.guard &&
           load_be<uint32_t>(batch.data() + 17) == entry.kafka_crc && codec::batch_crc_holds(batch);
}

}  // namespace tarn::log
