// Every codec gives back what went in, reads what other programs wrote, and never gives more than
// the limit.

#include "tarn/codec/compression.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zstd.h>

#include "tarn/base/ids.h"

namespace tarn::codec {
namespace {

constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kSnappy,
                                Compression::kLz4, Compression::kZstd};
constexpr size_t kLimit = 64 << 20;

std::string some_text(size_t size, uint64_t seed) {
    Random random(seed);
    std::string s;
    while (s.size() < size)
        s += random.chance(0.1) ? std::to_string(random.next()) : "the same words again ";
    s.resize(size);
    return s;
}

TEST(CompressionTest, RoundTrip) {
    for (auto c : kAll)
        for (size_t size : {0, 1, 100, 32 * 1024, 32 * 1024 + 1, 1'000'000, 5'000'000}) {
            auto text = some_text(size, size);
            std::string packed = "before", out = "garbage";
            ASSERT_TRUE(compress(c, text, packed));
            EXPECT_TRUE(packed.starts_with("before")) << "compress appends";
            auto status = decompress(c, std::string_view(packed).substr(6), kLimit, out);
            ASSERT_TRUE(status) << to_string(c) << " " << size << " " << status.error().message();
            EXPECT_TRUE(out == text) << to_string(c) << " " << size;
            if (c != Compression::kNone && size > 1000) {
                EXPECT_LT(packed.size(), size / 2);
            }
        }
}

TEST(CompressionTest, TheLimitIsExact) {
    for (auto c : kAll) {
        std::string zeros(3'000'000, '\0'), packed, out;
        ASSERT_TRUE(compress(c, zeros, packed));
        EXPECT_TRUE(decompress(c, packed, zeros.size(), out)) << to_string(c);
        auto over = decompress(c, packed, zeros.size() - 1, out);
        ASSERT_FALSE(over) << to_string(c);
        EXPECT_EQ(over.error().code(), ErrorCode::kResourceExhausted) << to_string(c);
        EXPECT_LT(out.capacity(), 2 * zeros.size());
    }
}

TEST(CompressionTest, CutShortOrDamagedIsCorrupted) {
    auto text = some_text(100'000, 1);
    for (auto c :
         {Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) {
        std::string packed, out;
        ASSERT_TRUE(compress(c, text, packed));
        for (size_t size = 0; size < packed.size(); size += 1 + packed.size() / 50) {
            auto cut = decompress(c, std::string_view(packed).substr(0, size), kLimit, out);
            // Snappy's framing has no end: cut between two blocks it is whole, and shorter.
            if (cut && c == Compression::kSnappy) {
                EXPECT_LT(out.size(), text.size());
            } else {
                EXPECT_EQ(cut.error().code(), ErrorCode::kCorrupted) << to_string(c) << " " << size;
            }
        }
        EXPECT_FALSE(decompress(c, "neither this nor that", kLimit, out)) << to_string(c);
    }
}

TEST(CompressionTest, ReadsWhatOthersWrite) {
    auto text = some_text(300'000, 2);
    std::string out, raw_snappy;
    snappy::Compress(text.data(), text.size(), &raw_snappy);
    ASSERT_TRUE(decompress(Compression::kSnappy, raw_snappy, kLimit, out))
        << "librdkafka writes no framing";
    EXPECT_TRUE(out == text);

    // A linked frame with content size and checksum, then a second one.
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.contentSize = text.size();
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    std::string lz4(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
    lz4.resize(LZ4F_compressFrame(lz4.data(), lz4.size(), text.data(), text.size(), &preferences));
    ASSERT_TRUE(decompress(Compression::kLz4, lz4 + lz4, kLimit, out));
    EXPECT_TRUE(out == text + text);

    for (auto c : {Compression::kGzip, Compression::kZstd}) {
        std::string twice;
        ASSERT_TRUE(compress(c, text, twice));
        ASSERT_TRUE(compress(c, "more", twice));
        ASSERT_TRUE(decompress(c, twice, kLimit, out)) << to_string(c);
        EXPECT_TRUE(out == text + "more");
    }

    // A stream that does not say how long it is.
    std::string zstd(ZSTD_compressBound(text.size()), '\0');
    std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    ZSTD_outBuffer to{zstd.data(), zstd.size(), 0};
    (void)ZSTD_compressStream2(context.get(), &to, &in, ZSTD_e_continue);
    while (ZSTD_compressStream2(context.get(), &to, &in, ZSTD_e_end) != 0) {
    }
    zstd.resize(to.pos);
    ASSERT_TRUE(decompress(Compression::kZstd, zstd, kLimit, out));
    EXPECT_TRUE(out == text);
}

TEST(CompressionTest, Names) {
    for (auto c : kAll)
        EXPECT_EQ(*parse_compression(to_string(c)), c);
    EXPECT_EQ(parse_compression("brotli").error().code(), ErrorCode::kInvalidArgument);
    std::string out;
    EXPECT_EQ(decompress(Compression(7), "", 1, out).error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace tarn::codec
