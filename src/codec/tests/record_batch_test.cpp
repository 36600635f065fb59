// Record batches as Kafka's clients write them: what is built is read back, and nothing malformed
// gets through.

#include "tarn/codec/record_batch.h"

#include <gtest/gtest.h>

#include "tarn/base/bytes.h"
#include "tarn/base/ids.h"

namespace tarn::codec {
namespace {

constexpr size_t kLimit = 64 << 20;

std::string three_records(BatchOptions options = {}) {
    BatchBuilder builder(options);
    std::vector<Header> headers = {{"trace", "abc"}, {"none", std::nullopt}, {"", ""}};
    builder.add(1000, "k1", "v1");
    builder.add(990, std::nullopt, std::string(300, 'v'), headers);
    builder.add(1005, "k3", std::nullopt);
    return *builder.finish();
}

TEST(RecordBatchTest, WhatIsBuiltIsReadBack) {
    for (auto c : {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4,
                   Compression::kZstd}) {
        auto batch = three_records({c, 77, 3, 41, true});
        assign_offset(batch.data(), 1'000'000, 9);
        ASSERT_TRUE(validate_batch(batch, kLimit)) << to_string(c);
        auto header = parse_batch_header(batch + "the next batch");
        ASSERT_TRUE(header);
        EXPECT_EQ(header->total_size(), batch.size());
        EXPECT_EQ(header->base_offset, 1'000'000);
        EXPECT_EQ(header->next_offset(), 1'000'003);
        EXPECT_EQ(header->leader_epoch, 9);
        EXPECT_EQ(header->compression(), c);
        EXPECT_TRUE(header->transactional());
        EXPECT_EQ(header->producer_id, 77);
        EXPECT_EQ(header->producer_epoch, 3);
        EXPECT_EQ(header->base_sequence, 41);
        EXPECT_EQ(header->base_timestamp_ms, 1000);
        EXPECT_EQ(header->max_timestamp_ms, 1005);

        std::string scratch;
        std::vector<RecordView> records(1);
        ASSERT_TRUE(read_records(batch, scratch, kLimit, records));
        ASSERT_EQ(records.size(), 4u) << "records are appended";
        EXPECT_EQ(records[1].offset, 1'000'000);
        EXPECT_EQ(records[1].key, "k1");
        EXPECT_EQ(records[1].value, "v1");
        EXPECT_EQ(records[2].timestamp_ms, 990);
        EXPECT_FALSE(records[2].key);
        EXPECT_EQ(records[2].value, std::string(300, 'v'));
        EXPECT_EQ(records[3].offset, 1'000'002);
        EXPECT_FALSE(records[3].value);
        auto headers = decode_headers(records[2]);
        ASSERT_TRUE(headers);
        ASSERT_EQ(headers->size(), 3u);
        EXPECT_EQ((*headers)[0].key, "trace");
        EXPECT_EQ((*headers)[0].value, "abc");
        EXPECT_FALSE((*headers)[1].value);
        EXPECT_EQ((*headers)[2].value, "");
    }
}

// The bytes of the format's description, written out by hand.
TEST(RecordBatchTest, TheBytesAreKafkas) {
    BatchBuilder builder;
    builder.add(5, "k", "v");
    auto batch = *builder.finish();
    std::string expected(
        "\0\0\0\0\0\0\0\0"
        "\0\0\0\x3a"
        "\0\0\0\0"
        "\2",
        17);
    EXPECT_EQ(batch.substr(0, 17), expected);
    expected.assign(
        "\0\0"
        "\0\0\0\0"
        "\0\0\0\0\0\0\0\5"
        "\0\0\0\0\0\0\0\5"
        "\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xff"
        "\xff\xff\xff\xff"
        "\0\0\0\1"
        "\x10\0\0\0\2k\2v\0",
        49);
    EXPECT_EQ(batch.substr(21), expected);
    EXPECT_EQ(load_be<uint32_t>(batch.data() + 17), crc32c(expected));
}

TEST(RecordBatchTest, LogAppendTimeHoldsForAllRecords) {
    auto batch = three_records();
    assign_log_append_time(std::span(batch.data(), batch.size()), 4242);
    ASSERT_TRUE(validate_batch(batch, kLimit));
    std::string scratch;
    std::vector<RecordView> records;
    ASSERT_TRUE(read_records(batch, scratch, kLimit, records));
    for (const auto& r : records)
        EXPECT_EQ(r.timestamp_ms, 4242);
}

TEST(RecordBatchTest, OldFormatsAreNamed) {
    auto batch = three_records();
    batch[16] = 1;
    EXPECT_EQ(validate_batch(batch, kLimit).error().code(), ErrorCode::kUnsupported);
    batch[16] = 3;
    EXPECT_EQ(validate_batch(batch, kLimit).error().code(), ErrorCode::kCorrupted);
}

TEST(RecordBatchTest, EveryFlippedBitIsSeen) {
    auto good = three_records();
    for (size_t byte = 8; byte < good.size(); ++byte) {
        if (byte >= 12 && byte < 16) continue;  // the leader's epoch, which the crc does not cover
        auto batch = good;
        batch[byte] ^= 4;
        EXPECT_FALSE(validate_batch(batch, kLimit)) << byte;
    }
    for (size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(validate_batch(good.substr(0, size), kLimit));
    EXPECT_FALSE(validate_batch(good + "x", kLimit)) << "exactly one batch";
}

// A batch with these record bytes and a crc that holds.
std::string batch_of(std::string_view records, int32_t count, int32_t last_delta) {
    BatchBuilder builder;
    builder.add(0, std::nullopt, std::nullopt);
    auto batch = builder.finish()->substr(0, kBatchHeaderSize).append(records);
    store_be<int32_t>(batch.data() + 8, int32_t(batch.size() - kBatchLengthOverhead));
    store_be<int32_t>(batch.data() + 23, last_delta);
    store_be<int32_t>(batch.data() + 57, count);
    store_be<uint32_t>(batch.data() + 17, crc32c(std::string_view(batch).substr(21)));
    return batch;
}

TEST(RecordBatchTest, MalformedRecordsAreRefusedByName) {
    auto record = [](int delta) {
        return std::string("\x0c\0\0", 3) + char(delta * 2) + std::string("\1\1\0", 3);
    };
    std::string scratch;
    std::vector<RecordView> out;
    EXPECT_TRUE(validate_batch(batch_of(record(0) + record(1), 2, 1), kLimit));
    // In a compacted batch some are gone.
    auto compacted = batch_of(record(1) + record(4), 2, 5);
    EXPECT_TRUE(read_records(compacted, scratch, kLimit, out));
    EXPECT_FALSE(validate_batch(compacted, kLimit));
    auto message = [&](const std::string& batch) {
        auto status = validate_batch(batch, kLimit);
        return status ? "fine" : status.error().message();
    };
    EXPECT_EQ(message(batch_of(record(0) + record(0), 2, 1)),
              "record batch is malformed: offset deltas are not consecutive (record 1 of 2)");
    EXPECT_EQ(message(batch_of(record(0) + record(1), 1, 0)),
              "record batch is malformed: 7 bytes follow the last record");
    EXPECT_EQ(message(batch_of(record(0), 2, 1)),
              "record batch is malformed: 2 records cannot be in 7 bytes");
    EXPECT_EQ(message(batch_of(record(0), 1, 1)),
              "record batch is malformed: record count 1 with last offset delta 1");
    EXPECT_EQ(message(batch_of("", 0, 0)),
              "record batch is malformed: record count 0 with last offset delta 0");
    EXPECT_EQ(message(batch_of(std::string("\x10\0\0\0\1\1\0", 7), 1, 0)),
              "record batch is malformed: a record runs past the end of its batch (record 0 of 1)");
    EXPECT_EQ(message(batch_of(std::string("\x0c\0\0\0\x20\1\0", 7), 1, 0)),
              "record batch is malformed: a record's fields run past its end (record 0 of 1)");
    EXPECT_EQ(
        message(batch_of(std::string("\x0e\0\0\0\1\1\0\0", 8), 1, 0)),
        "record batch is malformed: a record's headers do not end where it does (record 0 of 1)");
    EXPECT_EQ(
        message(batch_of(std::string("\x10\0\0\0\1\1\2\1\1", 9), 1, 0)),
        "record batch is malformed: a record's headers do not end where it does (record 0 of 1)")
        << "a header's key cannot be null";
    EXPECT_EQ(message(batch_of(std::string(20, '\xff'), 1, 0)),
              "record batch is malformed: a record runs past the end of its batch (record 0 of 1)");
}

TEST(RecordBatchTest, ASmallBatchCannotFillTheMemory) {
    BatchBuilder builder({.compression = Compression::kZstd});
    builder.add(0, std::nullopt, std::string(10'000'000, 'x'));
    auto batch = *builder.finish();
    EXPECT_EQ(validate_batch(batch, 1'000'000).error().code(), ErrorCode::kResourceExhausted);
    EXPECT_TRUE(validate_batch(batch, 20'000'000));
}

TEST(RecordBatchTest, RandomDamageNeverCrashes) {
    Random random(11);
    std::string scratch;
    std::vector<RecordView> out;
    for (int i = 0; i < 5000; ++i) {
        auto batch = three_records({Compression(i % 5)});
        for (auto n = random.below(4) + 1; n > 0; --n)
            batch[21 + random.below(batch.size() - 21)] = char(random.next());
        store_be<uint32_t>(batch.data() + 17, crc32c(std::string_view(batch).substr(21)));
        out.clear();
        auto valid = validate_batch(batch, 1 << 20);
        auto read = read_records(batch, scratch, 1 << 20, out);
        if (valid) {
            EXPECT_TRUE(read) << "what is valid can be read";
        }
        if (!read) {
            EXPECT_TRUE(out.empty());
        }
    }
}

}  // namespace
}  // namespace tarn::codec
