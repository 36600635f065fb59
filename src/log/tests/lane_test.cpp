// The grammar of the bytes: round trips, and refusal of everything else.

#include "lane.h"

#include <gtest/gtest.h>

#include "log_fixture.h"
#include "segment.h"
#include "stores.h"
#include "tarn/base/bytes.h"

namespace tarn::log::testing {
namespace {

SegmentHeader some_header() {
    SegmentHeader h;
    Random random(3);
    h.log_id = Uuid::make(random);
    h.lane = 0;
    h.number = 17;
    h.salt = 0x1122334455667788;
    h.start_number = 4;
    h.first_sequence = 900;
    h.predecessor = 16;
    h.predecessor_end = 8192;
    h.segment_bytes = 1 << 20;
    h.created_us = 5;
    return h;
}

TEST(Lane, ASegmentHeaderIsReadBackAndEveryBitOfItCounts) {
    auto page = encode_segment_header(some_header());
    ASSERT_EQ(page.size(), kPage);
    auto back = parse_segment_header(page);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(encode_segment_header(*back), page);
    for (size_t at = 0; at < page.size(); at += 7) {
        auto broken = page;
        broken[at] ^= 4;
        EXPECT_FALSE(parse_segment_header(broken).has_value()) << at;
    }
}

TEST(Lane, ANewerFormatIsNamedAsSuch) {
    auto page = encode_segment_header(some_header());
    store_le<uint32_t>(page.data() + 4, 2);
    EXPECT_EQ(parse_segment_header(page).error().code(), ErrorCode::kUnsupported);
}

std::string some_head(uint64_t salt) {
    BlockHead head;
    for (int i = 0; i < 3; ++i) {
        auto batch = make_batch("x", {.records = 2});
        codec::assign_offset(batch.data(), 10 * i, 0);
        std::optional<Writer> writer;
        if (i == 1) writer = Writer{5, 6, 7};
        auto header = codec::parse_batch_header(batch);
        head.entries.push_back(
            describe_batch(partition_key(3, uint32_t(i)), *header, batch, writer));
        EXPECT_TRUE(batch_holds(head.entries.back(), batch));
        head.header.directory_bytes += uint32_t(head.entries.back().encoded_size());
    }
    head.header.count = 3;
    head.header.size = kPage;
    head.header.sequence = 12;
    head.header.position = lane_position(17, 4096);
    head.header.durable_up_to = 11;
    std::string bytes(head.header.head_bytes(), '\0');
    encode_block_head(head.header, head.entries, salt, bytes.data());
    return bytes;
}

TEST(Lane, ABlocksHeadIsReadBackAndEveryBitOfItCounts) {
    auto bytes = some_head(99);
    auto head = parse_block_head(bytes, 99);
    ASSERT_TRUE(head.has_value());
    ASSERT_EQ(head->entries.size(), 3u);
    EXPECT_EQ(head->header.durable_up_to, 11u);
    EXPECT_FALSE(head->entries[0].writer.has_value());
    ASSERT_TRUE(head->entries[1].writer.has_value());
    EXPECT_EQ(head->entries[1].writer->part, 7);
    EXPECT_EQ(head->entries[2].next_offset(), 22);
    for (size_t at = 0; at < bytes.size(); ++at) {
        auto broken = bytes;
        broken[at] ^= 16;
        EXPECT_FALSE(parse_block_head(broken, 99).has_value()) << at;
    }
}

TEST(Lane, BytesOfAFormerLifeFailOnTheSalt) {
    EXPECT_FALSE(parse_block_head(some_head(99), 98).has_value());
}

TEST(Lane, TheGuardCoversWhatKafkasCrcMisses) {
    auto batch = make_batch("x");
    auto entry = describe_batch(1, *codec::parse_batch_header(batch), batch, {});
    for (size_t at = 0; at < batch.size(); ++at) {
        auto broken = batch;
        broken[at] ^= 1;
        EXPECT_FALSE(batch_holds(entry, broken)) << at;
    }
}

TEST(Stores, TopicsAndSnapshotsAreReadBack) {
    TopicsDocument topics;
    Random random(1);
    topics.log_id = Uuid::make(random);
    topics.next_number = 9;
    TopicInfo info{"clicks", Uuid::make(random), {}, Timestamp{77}, true};
    info.config.partitions = 12;
    info.config.raw = {{"cleanup.policy", "delete"}};
    topics.topics.push_back({8, info});
    auto file = encode_topics(topics);
    auto back = parse_topics(file, "topics");
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(encode_topics(*back), file);
    EXPECT_TRUE(back->topics[0].info.internal);

    Snapshot snapshot;
    snapshot.up_to_sequence = 5;
    snapshot.freed = {3, 4};
    snapshot.sealed[2] = {8192, 4};
    snapshot.partitions.push_back({partition_key(8, 0), 3, 10, {}, {{9, 4}}});
    auto bytes = encode_snapshot(snapshot);
    auto again = parse_snapshot(bytes, "snapshot");
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(encode_snapshot(*again), bytes);
    for (size_t at = 0; at < bytes.size(); ++at) {
        auto broken = bytes;
        broken[at] ^= 2;
        EXPECT_FALSE(parse_snapshot(broken, "snapshot").has_value()) << at;
    }
}

}  // namespace
}  // namespace tarn::log::testing
