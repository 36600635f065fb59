// The log's own bytes: segment headers, block heads, topics, snapshots. What is read, written and
// read again is the same; nothing else breaks anything. Magic and crc are put right first (kinds 0
// to 3), or no input would get behind them; kinds 4 and up take the bytes as they are.

#include <cstdlib>

#include "lane.h"
#include "segment.h"
#include "stores.h"
#include "tarn/base/bytes.h"

using namespace tarn;
using namespace tarn::log;

namespace {

constexpr uint64_t kSalt = 7;

void require(bool condition) {
    if (!condition) std::abort();
}

void segment_header(std::string page, bool repair) {
    if (repair) {
        page.resize(kPage, '\0');
        store_le<uint32_t>(page.data(), kSegmentMagic);
        store_le<uint32_t>(page.data() + kPage - 4, crc32c({page.data(), kPage - 4}));
    }
    auto header = parse_segment_header(page);
    if (!header) return;
    auto again = parse_segment_header(encode_segment_header(*header));
    require(again.has_value());
    require(encode_segment_header(*again) == encode_segment_header(*header));
}

void block_head(std::string bytes, bool repair) {
    if (repair && bytes.size() >= kBlockHeaderSize) {
        store_le<uint32_t>(bytes.data(), kBlockMagic);
        auto peek = peek_block_header(bytes);
        if (!peek) return;
        bytes.resize(peek->head_bytes(), '\0');
        char seed[8];
        store_le<uint64_t>(seed, kSalt);
        store_le<uint32_t>(bytes.data() + 4, crc32c({bytes.data() + 8, bytes.size() - 8},
                                                    crc32c({seed, sizeof seed})));
    }
    auto head = parse_block_head(bytes, kSalt);
    if (!head) return;
    std::string written(head->header.head_bytes(), '\0');
    encode_block_head(head->header, head->entries, kSalt, written.data());
    auto again = parse_block_head(written, kSalt);
    require(again.has_value() && again->entries.size() == head->entries.size());
    std::string twice(again->header.head_bytes(), '\0');
    encode_block_head(again->header, again->entries, kSalt, twice.data());
    require(twice == written);
    SegmentIndex index;
    index.add(*head);
    for (auto& e : head->entries) {
        auto* places = index.batches(e.partition);
        require(places != nullptr && !places->empty());
        require(e.next_offset() > e.base_offset);
    }
}

void topics(std::string_view body, bool repair) {
    auto parsed =
        parse_topics(repair ? encode_document(kTopicsMagic, 1, body) : std::string(body), "f");
    if (!parsed) return;
    auto written = encode_topics(*parsed);
    auto again = parse_topics(written, "f");
    require(again.has_value() && encode_topics(*again) == written);
}

void snapshot(std::string_view body, bool repair) {
    auto parsed =
        parse_snapshot(repair ? encode_document(kSnapshotMagic, 1, body) : std::string(body), "f");
    if (!parsed) return;
    auto written = encode_snapshot(*parsed);
    auto again = parse_snapshot(written, "f");
    require(again.has_value() && encode_snapshot(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    bool repair = data[0] < 4;
    switch (data[0] % 4) {
        case 0:
            segment_header(std::string(bytes), repair);
            break;
        case 1:
            block_head(std::string(bytes), repair);
            break;
        case 2:
            topics(bytes, repair);
            break;
        default:
            snapshot(bytes, repair);
            break;
    }
    return 0;
}
