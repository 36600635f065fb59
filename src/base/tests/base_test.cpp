// Errors, time, ids, bytes, memory budgets, queues.

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <thread>

#include "crc32c_software.h"
#include "tarn/base/bytes.h"
#include "tarn/base/error_ids.h"
#include "tarn/base/errors.h"
#include "tarn/base/ids.h"
#include "tarn/base/memory.h"
#include "tarn/base/queue.h"
#include "tarn/base/time.h"

namespace tarn {
namespace {

Result<int> half(int n) {
    if (n % 2 != 0) return fail(ErrorCode::kInvalidArgument, "odd");
    return n / 2;
}
Result<int> quarter(int n) {
    TARN_TRY(auto h, half(n));
    TARN_TRY(auto q, half(h));
    return q;
}

TEST(ResultTest, TryReturnsTheError) {
    EXPECT_EQ(*quarter(8), 2);
    EXPECT_EQ(quarter(6).error().message(), "odd");
    EXPECT_EQ(Error(ErrorCode::kIo, "why").with_context("where").message(), "where: why");
    EXPECT_TRUE(Error(ErrorCode::kUnavailable, "").retryable());
    EXPECT_FALSE(Error(ErrorCode::kConflict, "").retryable());
}

TEST(ResultTest, EveryCodeHasItsName) {
    std::set<std::string_view> names;
    for (int c = 0; c < kErrorCodeCount; ++c)
        names.insert(to_string(ErrorCode(c)));
    EXPECT_EQ(names.size(), size_t(kErrorCodeCount));
    EXPECT_EQ(to_string(ErrorCode::kNotFound), "not_found");
}

TEST(ResultTest, ErrnoBecomesWhatTheCallerCanDo) {
    auto error = errno_error(ENOENT, "open", "a/b");
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_EQ(error.message(), "cannot open a/b: No such file or directory");
    EXPECT_EQ(errno_error(EEXIST, "", "").code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(errno_error(ENOSPC, "", "").code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(errno_error(ECONNREFUSED, "", "").code(), ErrorCode::kUnavailable);
    EXPECT_EQ(errno_error(EIO, "", "").code(), ErrorCode::kIo);
    EXPECT_EQ(errno_error(EACCES, "", "").code(), ErrorCode::kIo);
}

TEST(ErrorTest, AnIdHasItsCodeAndSurvivesContext) {
    Error generic(ErrorCode::kNotFound, "gone");
    EXPECT_EQ(to_string(generic.id()), "TARN-E0002");
    Error precise(errors::kPortInUse, "9092");
    EXPECT_EQ(precise.code(), ErrorCode::kFailedPrecondition);
    EXPECT_EQ(precise.with_context("here").id(), errors::kPortInUse);
    EXPECT_EQ(generic.with_id(errors::kMemoryExhausted).id(), errors::kMemoryExhausted);
    EXPECT_EQ(generic.with_id(errors::kDiskFull).code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(errno_error(EROFS, "", "").id(), errors::kReadOnlyDisk);
}

TEST(ErrorTest, EachCodeHasItsId) {
    for (int c = 0; c < kErrorCodeCount; ++c) {
        EXPECT_EQ(generic_id(ErrorCode(c)).code, ErrorCode(c));
        EXPECT_EQ(generic_id(ErrorCode(c)).number, c + 1);
    }
}

TEST(TimeTest, InstantsAsText) {
    EXPECT_EQ(format_rfc3339({0}), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_rfc3339({-1}), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(format_rfc3339(Timestamp::from_ms(1'709'210'096'007)), "2024-02-29T12:34:56.007000Z");
    EXPECT_EQ(format_date(-719'528), "0000-01-01");
    EXPECT_EQ(format_date(11'016), "2000-02-29");
    EXPECT_EQ(format_date(2'932'896), "9999-12-31");
    EXPECT_EQ(Timestamp{-1}.ms(), -1);
    EXPECT_EQ(Timestamp{-1000}.ms(), -1);
    EXPECT_EQ(Timestamp{1999}.ms(), 1);
}

TEST(TimeTest, DurationsAsText) {
    for (auto text : {"0s", "150ms", "5s", "2m", "1h", "7d", "10us", "-3s", "90s", "36h"}) {
        auto d = parse_duration(text);
        ASSERT_TRUE(d) << text;
        EXPECT_EQ(*parse_duration(format_duration(*d)), *d) << text;
    }
    EXPECT_EQ(parse_duration("2m")->us, 120'000'000);
    EXPECT_EQ(format_duration(Duration::seconds(86'400)), "1d");
    EXPECT_EQ(format_duration(Duration::millis(1500)), "1500ms");
    EXPECT_EQ(parse_duration("0")->us, 0);
    for (auto bad : {"", "5", "s", "5 s", "5x", "1.5s", "99999999999999d", "5ss"})
        EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(TimeTest, TheManualClockStandsStill) {
    ManualClock clock(Timestamp{1000});
    EXPECT_EQ(clock.now().us, 1000);
    clock.sleep(Duration::micros(5));
    EXPECT_EQ(clock.now().us, 1005);
    EXPECT_EQ(clock.monotonic_us(), 5);
}

TEST(IdsTest, RandomIsReproducibleAndUniform) {
    Random a(1), b(1), c(2);
    EXPECT_EQ(a.next(), b.next());
    EXPECT_NE(a.next(), c.next());
    std::array<int, 5> counts{};
    for (int i = 0; i < 50'000; ++i)
        ++counts[a.below(5)];
    for (int n : counts)
        EXPECT_NEAR(n, 10'000, 500);
    for (int i = 0; i < 1000; ++i) {
        double u = a.unit();
        EXPECT_TRUE(u >= 0 && u < 1);
    }
}

TEST(IdsTest, UuidsInBothTextForms) {
    auto id = *Uuid::parse("00010203-0405-4607-8809-0a0b0c0d0eff");
    EXPECT_EQ(id.str(), "00010203-0405-4607-8809-0a0b0c0d0eff");
    EXPECT_EQ(id.base64(), "AAECAwQFRgeICQoLDA0O_w");
    EXPECT_EQ(*Uuid::parse("00010203-0405-4607-8809-0A0B0C0D0EFF"), id);
    EXPECT_TRUE(Uuid{}.is_zero());
    Random random(1);
    auto made = Uuid::make(random);
    EXPECT_EQ(made.str()[14], '4');
    EXPECT_NE(std::string_view("89ab").find(made.str()[19]), std::string_view::npos);
    for (auto bad :
         {"", "00010203-0405-4607-8809-0a0b0c0d0ef", "00010203-0405-4607-88090-a0b0c0d0eff",
          "0001020g-0405-4607-8809-0a0b0c0d0eff"})
        EXPECT_FALSE(Uuid::parse(bad)) << bad;
}

// RFC 3720, appendix B.4.
TEST(Crc32cTest, KnownValues) {
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
    EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c(""), 0u);
}

TEST(Crc32cTest, AllLengthsAgreeWithTheSoftwareAndAddUp) {
    Random random(5);
    std::string bytes(100'000, '\0');
    for (auto& b : bytes)
        b = char(random.next());
    for (int i = 0; i < 500; ++i) {
        size_t from = random.below(100),
               size = i < 300 ? size_t(i * 7) : random.below(bytes.size() - 100);
        auto part = std::string_view(bytes).substr(from, size);
        auto crc = crc32c(part);
        EXPECT_EQ(crc, crc32c_software(part, 0)) << size;
        size_t cut = random.below(size + 1);
        EXPECT_EQ(crc32c(part.substr(cut), crc32c(part.substr(0, cut))), crc);
    }
}

TEST(BytesTest, ReaderGivesBackWhatTheWriterWrote) {
    ByteWriter w;
    w.be<uint32_t>(0x01020304);
    w.le<int16_t>(-2);
    w.varint(300);
    w.zigzag(-65);
    w.varint(UINT64_MAX);
    w.sized("text");
    auto bytes = w.take();
    EXPECT_EQ(bytes.substr(0, 4), std::string("\1\2\3\4"));
    ByteReader r(bytes);
    EXPECT_EQ(r.be<uint32_t>(), 0x01020304u);
    EXPECT_EQ(r.le<int16_t>(), -2);
    EXPECT_EQ(r.varint(), 300u);
    EXPECT_EQ(r.zigzag(), -65);
    EXPECT_EQ(r.varint(), UINT64_MAX);
    EXPECT_EQ(r.sized(), "text");
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.remaining(), 0u);
    EXPECT_EQ(r.be<uint8_t>(), 0);
    EXPECT_EQ(r.status("message").error().message(), "message is cut short or malformed");
}

TEST(BytesTest, MalformedBytesNeverReadFurther) {
    ByteReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01", 11));
    EXPECT_EQ(endless.varint(), 0u);
    EXPECT_FALSE(endless.ok());
    ByteReader too_long("\x7fshort");
    EXPECT_EQ(too_long.sized(), "");
    EXPECT_FALSE(too_long.ok());
    EXPECT_EQ(too_long.raw(1), "") << "what failed stays failed";
}

TEST(MemoryTest, AChildCountsAgainstItsParents) {
    auto root = MemoryBudget::root("process", 100);
    auto a = root->child("a", 80), b = root->child("b", 80);
    auto first = a->reserve(60);
    ASSERT_TRUE(first);
    EXPECT_EQ(root->used(), 60);
    auto refused = b->reserve(50);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_NE(refused.error().message().find("\"process\""), std::string::npos)
        << "it names the budget that was full";
    EXPECT_EQ(b->used(), 0) << "nothing stays of what was refused";
    EXPECT_NE(a->reserve(30).error().message().find("\"a\""), std::string::npos);
    ASSERT_TRUE(first->resize(10));
    EXPECT_FALSE(first->resize(90));
    EXPECT_EQ(first->bytes(), 10);
    {
        auto second = std::move(*b->reserve(70));
        MemoryReservation moved = std::move(second);
        EXPECT_EQ(root->used(), 80);
    }
    EXPECT_EQ(root->used(), 10);
    first->release();
    EXPECT_EQ(root->used(), 0);
}

TEST(QueueTest, FullWaitsClosedDrains) {
    BoundedQueue<int> queue(2);
    EXPECT_TRUE(queue.try_push(1));
    EXPECT_TRUE(queue.push(2));
    EXPECT_FALSE(queue.try_push(3));
    std::thread pusher([&] { EXPECT_TRUE(queue.push(3)); });
    EXPECT_EQ(queue.pop(), 1);
    pusher.join();
    queue.close();
    EXPECT_FALSE(queue.push(4));
    EXPECT_EQ(queue.pop(), 2);
    EXPECT_EQ(queue.pop_for(Duration{}), 3);
    EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(QueueTest, ClosingWakesWhoWaits) {
    BoundedQueue<int> empty(1), full(1);
    EXPECT_TRUE(full.push(1));
    std::thread popper([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
    std::thread pusher([&] { EXPECT_FALSE(full.push(2)); });
    empty.close();
    full.close();
    popper.join();
    pusher.join();
}

}  // namespace
}  // namespace tarn
