#include "segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "tarn/base/bytes.h"
#include "tarn/log/error_ids.h"

namespace tarn::log {
namespace {

constexpr uint32_t kIndexMagic = 0x58444954;  // "TIDX"
constexpr uint32_t kIndexVersion = 1;
constexpr size_t kIndexHeader = 64;
constexpr size_t kScanBytes = 1u << 20;

Result<std::string> read_up_to(io::File& file, uint64_t offset, size_t n) {
    std::string bytes(n, '\0');
    TARN_TRY(size_t got, file.read_at(offset, bytes.data(), n));
    bytes.resize(got);
    return bytes;
}

Error missing_block(const Segment& s, uint64_t offset, uint64_t sequence) {
    return Error(errors::kLogDamaged,
                 fmt::format("acknowledged data is damaged: segment {} has no valid block {} at "
                             "byte {}; restore the file from a backup",
                             s.path, sequence, offset));
}

// The heads in an index file that belongs to this segment and is whole.
std::optional<std::string_view> heads_of(std::string_view file, const Segment& s) {
    if (file.size() < kIndexHeader) return {};
    const char* p = file.data();
    bool ours = load_le<uint32_t>(p) == kIndexMagic && load_le<uint32_t>(p + 4) == kIndexVersion &&
                load_le<uint64_t>(p + 8) == s.header.number &&
                load_le<uint64_t>(p + 16) == s.header.salt && load_le<uint64_t>(p + 24) == s.end &&
                load_le<uint64_t>(p + 32) == s.next_sequence &&
                load_le<uint64_t>(p + 40) == file.size() - kIndexHeader;
    if (!ours) return {};
    auto heads = file.substr(kIndexHeader);
    if (load_le<uint32_t>(p + 48) != crc32c(heads, crc32c(file.substr(0, 48)))) return {};
    return heads;
}

Status visit_heads(std::string_view heads, const Segment& s, const HeadVisitor& visit) {
    while (!heads.empty()) {
        TARN_TRY(auto head, parse_block_head(heads, s.header.salt));
        TARN_RETURN_IF_ERROR(visit(head));
        heads.remove_prefix(head.header.head_bytes());
    }
    return {};
}

bool counts(const Segment& s, const BlockHeader& h, uint64_t offset) {
    return h.position == lane_position(s.header.number, offset) &&
           h.start_number == s.header.start_number &&
           h.size <= s.header.segment_bytes - std::min(offset, s.header.segment_bytes);
}

// Whether all batches of a block are what its directory says.
Result<bool> batches_hold(const Segment& s, const BlockHead& head, uint64_t offset) {
    TARN_TRY(auto bytes, read_up_to(*s.file, offset, head.header.size));
    if (bytes.size() < head.header.size) return false;
    size_t at = head.header.head_bytes();
    for (auto& e : head.entries) {
        if (!batch_holds(e, std::string_view(bytes).substr(at, e.size))) return false;
        at += e.size;
    }
    return true;
}

// Looks behind a block that does not count for one that proves it was durable.
Status refuse_if_rot(const Segment& s, uint64_t bad_offset, uint64_t bad_sequence) {
    for (uint64_t at = bad_offset + kPage; at < s.header.segment_bytes; at += kScanBytes) {
        TARN_TRY(auto bytes, read_up_to(*s.file, at, kScanBytes));
        for (size_t i = 0; i + kBlockHeaderSize <= bytes.size(); i += kPage) {
            auto h = peek_block_header(std::string_view(bytes).substr(i));
            if (!h || !counts(s, *h, at + i) || h->durable_up_to < bad_sequence) continue;
            TARN_TRY(auto head, read_head(s, at + i, h->sequence));
            if (head) return fail(missing_block(s, bad_offset, bad_sequence));
        }
        if (bytes.size() < kScanBytes) break;
    }
    return {};
}

}  // namespace

void SegmentIndex::add(const BlockHead& head) {
    auto at = uint32_t(head.header.position) + uint32_t(head.header.head_bytes());
    for (auto& e : head.entries) {
        auto [slot, fresh] = batches_.try_emplace(e.partition);
        slot->second.push_back({.base_offset = e.base_offset,
                                .max_timestamp_ms = e.max_timestamp_ms,
                                .time_us = head.header.time_us,
                                .offset = at,
                                .size = e.size,
                                .records = e.records,
                                .guard = e.guard});
        bytes_ += sizeof(BatchPlace) + (fresh ? 96 : 0);
        at += e.size;
    }
}

const std::vector<BatchPlace>* SegmentIndex::batches(PartitionKey partition) const {
    auto found = batches_.find(partition);
    return found == batches_.end() ? nullptr : &found->second;
}

std::string index_path(const std::string& segment_path) {
    return segment_path.substr(0, segment_path.rfind('.')) + ".idx";
}

std::string encode_index(const Segment& s, std::string_view heads) {
    std::string file(kIndexHeader, '\0');
    char* p = file.data();
    store_le<uint32_t>(p, kIndexMagic);
    store_le<uint32_t>(p + 4, kIndexVersion);
    store_le<uint64_t>(p + 8, s.header.number);
    store_le<uint64_t>(p + 16, s.header.salt);
    store_le<uint64_t>(p + 24, s.end);
    store_le<uint64_t>(p + 32, s.next_sequence);
    store_le<uint64_t>(p + 40, heads.size());
    store_le<uint32_t>(p + 48, crc32c(heads, crc32c({p, 48})));
    file += heads;
    return file;
}

Result<std::optional<BlockHead>> read_head(const Segment& s, uint64_t offset, uint64_t sequence) {
    TARN_TRY(auto bytes, read_up_to(*s.file, offset, kPage));
    auto peek = peek_block_header(bytes);
    if (!peek || peek->sequence != sequence || !counts(s, *peek, offset)) return std::nullopt;
    if (peek->head_bytes() > kPage) {
        TARN_TRY(bytes, read_up_to(*s.file, offset, peek->head_bytes()));
    }
    auto head = parse_block_head(bytes, s.header.salt);
    if (!head) return std::nullopt;
    return std::move(*head);
}

Status visit_sealed(io::FileSystem& fs, const Segment& s, const HeadVisitor& visit,
                    std::string* rebuilt_heads) {
    auto file = fs.read_all(index_path(s.path));
    if (!file && file.error().code() == ErrorCode::kCancelled) return fail(file.error());
    if (file) {
        if (auto heads = heads_of(*file, s)) return visit_heads(*heads, s, visit);
    }
    uint64_t offset = kPage;
    for (uint64_t sequence = s.header.first_sequence; sequence < s.next_sequence; ++sequence) {
        if (offset >= s.end) return fail(missing_block(s, offset, sequence));
        TARN_TRY(auto head, read_head(s, offset, sequence));
        if (!head) return fail(missing_block(s, offset, sequence));
        if (rebuilt_heads) {
            auto at = rebuilt_heads->size();
            rebuilt_heads->resize(at + head->header.head_bytes());
            encode_block_head(head->header, head->entries, s.header.salt,
                              rebuilt_heads->data() + at);
        }
        TARN_RETURN_IF_ERROR(visit(*head));
        offset += head->header.size;
    }
    if (offset != s.end) return fail(missing_block(s, offset, s.next_sequence));
    return {};
}

Result<uint64_t> visit_tail(Segment& s, const HeadVisitor& visit) {
    s.end = kPage;
    s.next_sequence = s.header.first_sequence;
    uint64_t proven = s.header.first_sequence - 1;
    std::deque<uint64_t> unproven;  // offsets of the blocks after `proven`
    while (s.end < s.header.segment_bytes) {
        TARN_TRY(auto head, read_head(s, s.end, s.next_sequence));
        if (!head) break;
        TARN_TRY(bool whole, batches_hold(s, *head, s.end));
        if (!whole) break;
        TARN_RETURN_IF_ERROR(visit(*head));
        for (; proven < head->header.durable_up_to && !unproven.empty(); ++proven) {
            unproven.pop_front();
        }
        unproven.push_back(s.end);
        s.end += head->header.size;
        ++s.next_sequence;
    }
    TARN_RETURN_IF_ERROR(refuse_if_rot(s, s.end, s.next_sequence));

    return unproven.empty() ? s.end : unproven.front();
}

}  // namespace tarn::log
