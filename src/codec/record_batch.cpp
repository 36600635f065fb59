#include "tarn/codec/record_batch.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/base/check.h"

namespace tarn::codec {

namespace {

// Positions in the header.
constexpr size_t kEpochAt = 12, kMagicAt = 16, kCrcAt = 17, kAttributesAt = 21,
                 kMaxTimestampAt = 35;
constexpr int16_t kLogAppendTime = 8;
// The shortest record: length, attributes, two deltas, null key, null value, no headers.
constexpr size_t kMinRecordSize = 7;

Error malformed(std::string_view why) {
    return Error(ErrorCode::kCorrupted, fmt::format("record batch is malformed: {}", why));
}

// Reads varints from bytes it does not own. A bad read leaves `failed` set and gives zero.
struct Cursor {
    const char* at;
    const char* end;
    bool failed = false;

    uint64_t varint() {
        if (at < end && !(*at & 0x80)) [[likely]]
            return uint8_t(*at++);
        uint64_t v = 0;
        for (int shift = 0; shift < 64 && at < end; shift += 7) {
            auto b = uint8_t(*at++);
            if (shift == 63 && b > 1) break;
            v |= uint64_t(b & 0x7f) << shift;
            if (!(b & 0x80)) return v;
        }
        failed = true;
        return 0;
    }
    int64_t zigzag() {
        auto v = varint();
        return int64_t(v >> 1) ^ -int64_t(v & 1);
    }
    // A length and that many bytes; -1 is null. What is longer than the rest fails.
    std::optional<std::string_view> nullable() {
        auto n = zigzag();
        if (n == -1) return std::nullopt;
        if (n < 0 || n > end - at) [[unlikely]] {
            failed = true;
            return std::nullopt;
        }
        std::string_view s(at, size_t(n));
        at += n;
        return s;
    }
};

// The record at the cursor, whose end is that of the batch. Nothing is allocated. `why` is set if
// it is malformed.
RecordView read_record(Cursor& batch, int64_t& offset_delta, const char*& why) {
    RecordView record;
    auto length = batch.zigzag();
    if (batch.failed || length < 0 || length > batch.end - batch.at) [[unlikely]] {
        why = "a record runs past the end of its batch";
        return record;
    }
    Cursor c{batch.at, batch.at + length};
    batch.at += length;
    if (c.at < c.end)
        ++c.at;  // attributes: unused
    else
        c.failed = true;
    record.timestamp_ms = c.zigzag();  // relative, for now
    offset_delta = c.zigzag();
    record.key = c.nullable();
    record.value = c.nullable();
    auto headers = c.zigzag();
    if (c.failed || headers < 0 || headers > c.end - c.at) [[unlikely]] {
        why = "a record's fields run past its end";
        return record;
    }
    record.header_count = int32_t(headers);
    record.headers = std::string_view(c.at, size_t(c.end - c.at));
    for (int64_t i = 0; i < headers; ++i) {
        if (!c.nullable()) c.failed = true;  // a header's key cannot be null
        c.nullable();
        if (c.failed) break;
    }
    if (c.failed || c.at != c.end) [[unlikely]]
        why = "a record's headers do not end where it does";
    return record;
}

// Calls `use(record, offset_delta)` for each record of a body; it answers with a reason to stop, or
// null.
template <class Use>
Status walk_records(const BatchHeader& header, std::string_view body, Use use) {
    Cursor cursor{body.data(), body.data() + body.size()};
    for (int32_t i = 0; i < header.record_count; ++i) {
        const char* why = nullptr;
        int64_t offset_delta = 0;
        auto record = read_record(cursor, offset_delta, why);
        if (!why) why = use(record, offset_delta);
        if (why) [[unlikely]]
            return fail(
                malformed(fmt::format("{} (record {} of {})", why, i, header.record_count)));
    }
    if (cursor.at != cursor.end)
        return fail(
            malformed(fmt::format("{} bytes follow the last record", cursor.end - cursor.at)));
    return {};
}

// The records' bytes: those of the batch, or decompressed into scratch.
Result<std::string_view> records_of(const BatchHeader& header, std::string_view batch, size_t limit,
                                    std::string& scratch) {
    auto body = batch.substr(kBatchHeaderSize);
    if (header.compression() != Compression::kNone) {
        TARN_RETURN_IF_ERROR(decompress(header.compression(), body, limit, scratch));
        body = scratch;
    }
    if (size_t(header.record_count) > body.size() / kMinRecordSize)
        return fail(malformed(
            fmt::format("{} records cannot be in {} bytes", header.record_count, body.size())));
    return body;
}

Result<BatchHeader> header_of_exactly_one(std::string_view batch) {
    TARN_TRY(auto header, parse_batch_header(batch));
    if (header.total_size() != batch.size())
        return fail(malformed(
            fmt::format("it has {} bytes and says {}", batch.size(), header.total_size())));
    return header;
}

size_t varint_size(uint64_t v) { return (size_t(std::bit_width(v | 1)) + 6) / 7; }
size_t zigzag_size(int64_t v) { return varint_size((uint64_t(v) << 1) ^ uint64_t(v >> 63)); }
size_t sized_size(size_t n) { return zigzag_size(int64_t(n)) + n; }

void append_zigzag(std::string& out, int64_t v) {
    uint64_t u = (uint64_t(v) << 1) ^ uint64_t(v >> 63);
    for (; u >= 0x80; u >>= 7)
        out.push_back(char(u | 0x80));
    out.push_back(char(u));
}
void append_nullable(std::string& out, std::optional<std::string_view> s) {
    append_zigzag(out, s ? int64_t(s->size()) : -1);
    if (s) out.append(*s);
}

}  // namespace

Result<BatchHeader> parse_batch_header(std::string_view bytes) {
    if (bytes.size() > kMagicAt && bytes[kMagicAt] != 2) {
        auto magic = int(bytes[kMagicAt]);
        if (magic == 0 || magic == 1)
            return fail(
                ErrorCode::kUnsupported,
                fmt::format(
                    "message format magic {} is not supported: use a client of Kafka 0.11 or newer",
                    magic));
        return fail(malformed(fmt::format("magic is {}, must be 2", magic)));
    }
    if (bytes.size() < kBatchHeaderSize)
        return fail(malformed(fmt::format("cut short at {} bytes", bytes.size())));
    ByteReader r(bytes);
    BatchHeader h;
    h.base_offset = r.be<int64_t>();
    h.batch_length = r.be<int32_t>();
    h.leader_epoch = r.be<int32_t>();
    h.magic = r.be<int8_t>();
    h.crc = r.be<uint32_t>();
    h.attributes = r.be<int16_t>();
    h.last_offset_delta = r.be<int32_t>();
    h.base_timestamp_ms = r.be<int64_t>();
    h.max_timestamp_ms = r.be<int64_t>();
    h.producer_id = r.be<int64_t>();
    h.producer_epoch = r.be<int16_t>();
    h.base_sequence = r.be<int32_t>();
    h.record_count = r.be<int32_t>();
    if (h.batch_length < int32_t(kBatchHeaderSize - kBatchLengthOverhead))
        return fail(malformed(fmt::format("its length is {}", h.batch_length)));
    if (h.total_size() > bytes.size())
        return fail(
            malformed(fmt::format("cut short: {} bytes of {}", bytes.size(), h.total_size())));
    if (h.record_count < 0 || h.last_offset_delta < 0 ||
        int64_t(h.record_count) > int64_t(h.last_offset_delta) + 1)
        return fail(malformed(fmt::format("record count {} with last offset delta {}",
                                          h.record_count, h.last_offset_delta)));
    if (h.compression() > Compression::kZstd)
        return fail(ErrorCode::kUnsupported,
                    fmt::format("unknown compression {}", int(h.compression())));
    return h;
}

bool batch_crc_holds(std::string_view batch) {
    if (batch.size() < kBatchHeaderSize) return false;
    return load_be<uint32_t>(batch.data() + kCrcAt) == crc32c(batch.substr(kAttributesAt));
}

void assign_offset(char* batch, int64_t base_offset, int32_t leader_epoch) {
    store_be<int64_t>(batch, base_offset);
    store_be<int32_t>(batch + kEpochAt, leader_epoch);
}

namespace {

void assign_times(std::span<char> batch, int16_t type, int64_t max_timestamp_ms) {
    TARN_CHECK(batch.size() >= kBatchHeaderSize, "a whole batch");
    auto attributes = load_be<int16_t>(batch.data() + kAttributesAt);
    store_be<int16_t>(batch.data() + kAttributesAt, int16_t((attributes & ~kLogAppendTime) | type));
    store_be<int64_t>(batch.data() + kMaxTimestampAt, max_timestamp_ms);
    auto crc = crc32c(std::string_view(batch.data(), batch.size()).substr(kAttributesAt));
    store_be<uint32_t>(batch.data() + kCrcAt, crc);
}

}  // namespace

void assign_create_time(std::span<char> batch, int64_t max_timestamp_ms) {
    assign_times(batch, 0, max_timestamp_ms);
}

void assign_log_append_time(std::span<char> batch, int64_t timestamp_ms) {
    assign_times(batch, kLogAppendTime, timestamp_ms);
}

Result<std::vector<HeaderView>> decode_headers(const RecordView& record) {
    Cursor c{record.headers.data(), record.headers.data() + record.headers.size()};
    std::vector<HeaderView> out;
    out.reserve(std::min(size_t(std::max(record.header_count, 0)), record.headers.size()));
    for (int32_t i = 0; i < record.header_count; ++i) {
        auto key = c.nullable();
        auto value = c.nullable();
        if (c.failed || !key) return fail(malformed("a record's headers are cut short"));
        out.push_back({*key, value});
    }
    return out;
}

Status read_records(std::string_view batch, std::string& scratch, size_t limit_bytes,
                    std::vector<RecordView>& out) {
    TARN_TRY(auto header, header_of_exactly_one(batch));
    TARN_TRY(auto body, records_of(header, batch, limit_bytes, scratch));
    size_t before = out.size();
    // Never exactly as many: then a run of small batches would be copied for each of them.
    const auto needed = before + size_t(header.record_count);
    if (needed > out.capacity()) out.reserve(std::max(needed, 2 * out.capacity()));
    int64_t last = -1;
    auto status = walk_records(header, body, [&](RecordView& record, int64_t delta) -> const char* {
        if (delta <= last || delta > header.last_offset_delta)
            return "offset deltas do not ascend within the batch";
        last = delta;
        record.offset = int64_t(uint64_t(header.base_offset) + uint64_t(delta));
        record.timestamp_ms =
            header.log_append_time()
                ? header.max_timestamp_ms
                : int64_t(uint64_t(header.base_timestamp_ms) + uint64_t(record.timestamp_ms));
        out.push_back(record);
        return nullptr;
    });
    if (!status) out.resize(before);
    return status;
}

Result<BatchTimes> check_records(std::string_view batch, size_t limit_bytes) {
    TARN_TRY(auto header, header_of_exactly_one(batch));
    if (header.record_count == 0 || header.last_offset_delta != header.record_count - 1)
        return fail(malformed(fmt::format("record count {} with last offset delta {}",
                                          header.record_count, header.last_offset_delta)));
    std::string scratch;
    TARN_TRY(auto body, records_of(header, batch, limit_bytes, scratch));
    BatchTimes times;
    int64_t expected = 0;
    TARN_RETURN_IF_ERROR(
        walk_records(header, body, [&](RecordView& record, int64_t delta) -> const char* {
            auto time = int64_t(uint64_t(header.base_timestamp_ms) + uint64_t(record.timestamp_ms));
            times.latest_ms = std::max(times.latest_ms, time);
            if (time != -1 && (times.earliest_ms == -1 || time < times.earliest_ms))
                times.earliest_ms = time;
            return delta == expected++ ? nullptr : "offset deltas are not consecutive";
        }));
    return times;
}

Status validate_batch(std::string_view batch, size_t limit_bytes) {
    TARN_RETURN_IF_ERROR(header_of_exactly_one(batch));
    if (!batch_crc_holds(batch))
        return fail(ErrorCode::kCorrupted, "record batch is damaged: its crc does not hold");
    TARN_RETURN_IF_ERROR(check_records(batch, limit_bytes));
    return {};
}

void BatchBuilder::add(int64_t timestamp_ms, std::optional<std::string_view> key,
                       std::optional<std::string_view> value, std::span<const Header> headers) {
    if (count_ == 0) base_timestamp_ms_ = max_timestamp_ms_ = timestamp_ms;
    max_timestamp_ms_ = std::max(max_timestamp_ms_, timestamp_ms);
    auto timestamp_delta = int64_t(uint64_t(timestamp_ms) - uint64_t(base_timestamp_ms_));
    size_t length = 1 + zigzag_size(timestamp_delta) + zigzag_size(count_) +
                    (key ? sized_size(key->size()) : 1) + (value ? sized_size(value->size()) : 1) +
                    zigzag_size(int64_t(headers.size()));
    for (const auto& h : headers)
        length += sized_size(h.key.size()) + (h.value ? sized_size(h.value->size()) : 1);
    append_zigzag(records_, int64_t(length));
    records_.push_back(0);
    append_zigzag(records_, timestamp_delta);
    append_zigzag(records_, count_);
    append_nullable(records_, key);
    append_nullable(records_, value);
    append_zigzag(records_, int64_t(headers.size()));
    for (const auto& h : headers) {
        append_nullable(records_, h.key);
        append_nullable(records_, h.value);
    }
    ++count_;
}

Result<std::string> BatchBuilder::finish() {
    TARN_CHECK(count_ > 0, "a batch has records");
    std::string batch(kBatchHeaderSize, '\0');
    TARN_RETURN_IF_ERROR(compress(options_.compression, records_, batch));
    if (batch.size() - kBatchLengthOverhead > size_t(std::numeric_limits<int32_t>::max()))
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("a record batch of {} bytes is too large", batch.size()));
    ByteWriter w;
    w.be<int64_t>(0);
    w.be<int32_t>(int32_t(batch.size() - kBatchLengthOverhead));
    w.be<int32_t>(0);
    w.be<int8_t>(2);
    w.be<uint32_t>(0);
    w.be<int16_t>(int16_t(int(options_.compression) | (options_.transactional ? 16 : 0)));
    w.be<int32_t>(count_ - 1);
    w.be<int64_t>(base_timestamp_ms_);
    w.be<int64_t>(max_timestamp_ms_);
    w.be<int64_t>(options_.producer_id);
    w.be<int16_t>(options_.producer_epoch);
    w.be<int32_t>(options_.base_sequence);
    w.be<int32_t>(count_);
    TARN_DCHECK(w.size() == kBatchHeaderSize, "the header has its size");
    batch.replace(0, kBatchHeaderSize, w.buffer());
    store_be<uint32_t>(batch.data() + kCrcAt,
                       crc32c(std::string_view(batch).substr(kAttributesAt)));
    records_.clear();
    count_ = 0;
    return batch;
}

}  // namespace tarn::codec
