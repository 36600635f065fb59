#pragma once

// Kafka's record batch, magic 2 (Kafka documentation, "Message Format"): the one form in which records are sent,
// stored and fetched. All integers big-endian.
//
//   baseOffset i64 | batchLength i32 (bytes after this field) | partitionLeaderEpoch i32 | magic i8 = 2 |
//   crc u32 (CRC-32C of everything after this field) | attributes i16 | lastOffsetDelta i32 | baseTimestamp i64 |
//   maxTimestamp i64 | producerId i64 | producerEpoch i16 | baseSequence i32 | recordCount i32 | records
//
// attributes: bits 0–2 compression, 3 timestamp type (1 = LogAppendTime), 4 transactional, 5 control, 6 delete
// horizon. A record: length varint, attributes i8, timestampDelta varint, offsetDelta varint, key, value (length
// varint, -1 = null), header count varint, headers. Varints are zigzag.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/compression.h"

namespace tarn::codec {

inline constexpr size_t kBatchHeaderSize = 61;
// Bytes of baseOffset and batchLength, which batchLength does not count.
inline constexpr size_t kBatchLengthOverhead = 12;

struct BatchHeader {
    int64_t base_offset = 0;
    int32_t batch_length = 0;
    int32_t leader_epoch = 0;
    int8_t magic = 2;
    uint32_t crc = 0;
    int16_t attributes = 0;
    int32_t last_offset_delta = 0;
    int64_t base_timestamp_ms = 0;
    int64_t max_timestamp_ms = 0;
    int64_t producer_id = -1;
    int16_t producer_epoch = -1;
    int32_t base_sequence = -1;
    int32_t record_count = 0;

    size_t total_size() const { return kBatchLengthOverhead + size_t(batch_length); }
    int64_t last_offset() const { return base_offset + last_offset_delta; }
    int64_t next_offset() const { return last_offset() + 1; }
    Compression compression() const { return Compression(attributes & 7); }
    bool log_append_time() const { return attributes & 8; }
    bool transactional() const { return attributes & 16; }
    bool control() const { return attributes & 32; }
};

// The header of the batch at the front of `bytes`, which may hold more batches behind it. Checks that the whole
// batch is there, magic is 2 and the counts are sane, not the crc. Errors: kCorrupted, kUnsupported (magic 0 or 1).
Result<BatchHeader> parse_batch_header(std::string_view bytes);

// Whether the stored crc is that of the bytes. `batch` is exactly one batch.
bool batch_crc_holds(std::string_view batch);

// Overwrites base offset and leader epoch, which the crc does not cover.
void assign_offset(char* batch, int64_t base_offset, int32_t leader_epoch);
// Sets the timestamp type and the max timestamp, and computes the crc anew.
void assign_create_time(std::span<char> batch, int64_t max_timestamp_ms);
void assign_log_append_time(std::span<char> batch, int64_t timestamp_ms);

struct HeaderView {
    std::string_view key;
    std::optional<std::string_view> value;
};

// One record; views point into the batch's (decompressed) bytes.
struct RecordView {
    int64_t offset = 0;
    int64_t timestamp_ms = 0;
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::string_view headers;  // undecoded: see decode_headers
    int32_t header_count = 0;
};
Result<std::vector<HeaderView>> decode_headers(const RecordView& record);

// Appends the records of one batch to `out`. A compressed batch is decompressed into `scratch`, which must outlive
// the views (an uncompressed batch's views point into `batch`). Checks counts, lengths and offset deltas; not the
// crc. Errors: kCorrupted, kResourceExhausted (decompresses past limit_bytes).
Status read_records(std::string_view batch, std::string& scratch, size_t limit_bytes,
                    std::vector<RecordView>& out);

// The times of a batch's records: -1 where none has one.
struct BatchTimes {
    int64_t earliest_ms = -1;  // of those that have one
    int64_t latest_ms = -1;
};
// Counts, and for every record its framing and consecutive offset deltas (decompressing for it); not the crc. Errors:
// kCorrupted, kUnsupported, kResourceExhausted.
Result<BatchTimes> check_records(std::string_view batch, size_t limit_bytes);
// What a broker must check before it acknowledges a batch: the crc, and that.
Status validate_batch(std::string_view batch, size_t limit_bytes);

struct Header {
    std::string key;
    std::optional<std::string> value;
};
struct Record {
    int64_t timestamp_ms = 0;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<Header> headers;
};

struct BatchOptions {
    Compression compression = Compression::kNone;
    int64_t producer_id = -1;
    int16_t producer_epoch = -1;
    int32_t base_sequence = -1;
    bool transactional = false;
};

// Builds one batch. Base offset is 0 until the log assigns it.
class BatchBuilder {
  public:
    explicit BatchBuilder(BatchOptions options = {}) : options_(options) {}
    void add(int64_t timestamp_ms, std::optional<std::string_view> key,
             std::optional<std::string_view> value, std::span<const Header> headers = {});
    int32_t count() const { return count_; }
    // Bytes of the records so far, before compression.
    size_t size() const { return kBatchHeaderSize + records_.size(); }
    // The finished batch; the builder is empty again. Needs count() > 0. Errors: of compress.
    Result<std::string> finish();

  private:
    BatchOptions options_;
    std::string records_;
    int32_t count_ = 0;
    int64_t base_timestamp_ms_ = 0;
    int64_t max_timestamp_ms_ = 0;
};

}  // namespace tarn::codec
