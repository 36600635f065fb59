// The generated codec: what is written is read back; what is cut or changed is refused or read,
// never worse.

#include <gtest/gtest.h>

#include "message_filler.h"
#include "messages.h"

namespace tarn::kafka {
namespace {

template <class Message>
std::string encode(const Message& message, int16_t version) {
    Encoder out(version >= Message::kFlexibleFrom);
    message.encode(out, version);
    return out.take().flatten();
}

template <class F>
void for_each_version(F&& f) {
    for_each_message([&]<class Message>() {
        for (int16_t v = Message::kMinVersion; v <= Message::kMaxVersion; ++v) {
            SCOPED_TRACE(std::string(Message::kName) + " version " + std::to_string(v));
            f.template operator()<Message>(v);
        }
    });
}

TEST(Codec, EveryMessageOfEveryVersionIsReadBackAsItWasWritten) {
    for_each_version([]<class Message>(int16_t version) {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            MessageFiller filler(seed);
            const auto message = filler.make<Message>(version);
            const auto bytes = encode(message, version);
            Decoder in(bytes, version >= Message::kFlexibleFrom);
            Message back;
            back.decode(in, version);
            ASSERT_TRUE(in.ok()) << "seed " << seed;
            EXPECT_EQ(in.remaining(), 0u);
            ASSERT_EQ(back, message) << "seed " << seed;
        }
    });
}

TEST(Codec, NoStrictPrefixOfAMessageIsAMessage) {
    for_each_version([]<class Message>(int16_t version) {
        MessageFiller filler(7);
        const auto bytes = encode(filler.make<Message>(version), version);
        for (size_t n = 0; n < bytes.size(); ++n) {
            Decoder in(std::string_view(bytes).substr(0, n), version >= Message::kFlexibleFrom);
            Message back;
            back.decode(in, version);
            ASSERT_FALSE(in.ok()) << n << " of " << bytes.size() << " bytes";
        }
    });
}

TEST(Codec, ChangedBytesAreRefusedOrReadAndWrittenAgain) {
    for_each_version([]<class Message>(int16_t version) {
        MessageFiller filler(11);
        auto& random = filler.random();
        for (int round = 0; round < 200; ++round) {
            auto bytes = encode(filler.make<Message>(version), version);
            if (bytes.empty()) break;
            for (uint64_t n = 1 + random.below(3); n > 0; --n)
                bytes[random.below(bytes.size())] = char(random.next());
            Decoder in(bytes, version >= Message::kFlexibleFrom);
            Message back;
            back.decode(in, version);
            if (!in.ok()) continue;
            const auto again = encode(back, version);
            Decoder in2(again, version >= Message::kFlexibleFrom);
            Message twice;
            twice.decode(in2, version);
            ASSERT_TRUE(in2.ok());
            ASSERT_EQ(twice, back);
        }
    });
}

TEST(Codec, AnArrayLongerThanItsBytesIsRefusedBeforeItIsAllocated) {
    ByteWriter out;
    out.be<int32_t>(INT32_MAX);
    const auto bytes = out.take() + std::string(100, 'x');
    Decoder in(bytes, false);
    std::vector<int32_t> v;
    in.read_array(v, false, 4, [&](int32_t& e) { in.read_int32(e); });
    EXPECT_FALSE(in.ok());
    EXPECT_LT(v.capacity(), 2000u);
}

TEST(Codec, AFrameHasOnlySoManyElements) {
    const std::string bytes = [] {
        ByteWriter out;
        out.be<int32_t>(int32_t(kMaxElementsPerFrame) + 1);
        return out.take() + std::string(kMaxElementsPerFrame + 1, '\0');
    }();
    Decoder in(bytes, false);
    std::vector<int8_t> v;
    in.read_array(v, false, 1, [&](int8_t& e) { in.read_int8(e); });
    EXPECT_FALSE(in.ok());
}

TEST(Codec, UnknownTaggedFieldsAreSkipped) {
    Encoder out(true);
    out.write_string("librdkafka");
    out.write_string("2.16");
    out.write_varint(2);  // two tagged fields that nobody knows
    for (const uint64_t tag : {3u, 77u}) {
        out.write_varint(tag);
        out.write_varint(3);
        out.write_raw("abc");
    }
    const auto bytes = out.take().bytes;
    Decoder in(bytes, true);
    ApiVersionsRequest request;
    request.decode(in, 3);
    ASSERT_TRUE(in.ok());
    EXPECT_EQ(in.remaining(), 0u);
    EXPECT_EQ(request.client_software_name, "librdkafka");
}

TEST(Codec, TagsMustAscend) {
    Encoder out(true);
    out.write_string("");
    out.write_string("");
    out.write_varint(2);
    for (const uint64_t tag : {5u, 5u}) {
        out.write_varint(tag);
        out.write_varint(0);
    }
    const auto bytes = out.take().bytes;
    Decoder in(bytes, true);
    ApiVersionsRequest request;
    request.decode(in, 3);
    EXPECT_FALSE(in.ok());
}

// The bytes of Kafka's own protocol guide for a Metadata request, version 1, of one topic.
TEST(Codec, OldAndCompactFormsAreKafkas) {
    MetadataRequest request;
    request.topics.emplace().push_back({Uuid{}, "ab"});
    EXPECT_EQ(encode(request, 1), std::string("\0\0\0\1\0\2ab", 8));
    // Version 9: compact array, compact string, tags of the topic, three booleans, tags.
    EXPECT_EQ(encode(request, 9), std::string("\2\3ab\0\1\0\0\0", 9));
}

TEST(Codec, SlicesAreSplicedInWhereTheirFieldStands) {
    const auto owner = std::make_shared<std::string>("batch-bytes");
    FetchResponse response;
    auto& topic = response.topics.emplace_back();
    topic.topic = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.records = Records::of({log::Slice{owner, std::string_view(*owner).substr(0, 5)},
                                     log::Slice{owner, std::string_view(*owner).substr(5)}});
    Encoder out(false);
    response.encode(out, 11);
    const auto encoded = out.take();
    EXPECT_EQ(encoded.splices.size(), 2u);
    EXPECT_EQ(encoded.size(), encoded.flatten().size());
    const auto bytes = encoded.flatten();
    Decoder in(bytes, false);
    FetchResponse back;
    back.decode(in, 11);
    ASSERT_TRUE(in.ok());
    EXPECT_EQ(back.topics[0].partitions[0].records.view, *owner);
}

}  // namespace
}  // namespace tarn::kafka
