// Record batches: what validates can be read, with all headers, and rebuilt with the same content;
// nothing else breaks anything. Length and crc are put right first, or no input would get behind
// them.

#include <cstdlib>

#include "tarn/base/bytes.h"
#include "tarn/codec/record_batch.h"

using namespace tarn;
using namespace tarn::codec;

namespace {

constexpr size_t kLimit = 1 << 20;

void require(bool condition) {
    if (!condition) std::abort();
}

void check_rebuilt(const std::vector<RecordView>& records) {
    BatchBuilder builder;
    for (const auto& r : records) {
        auto headers = decode_headers(r);
        require(headers.has_value());
        std::vector<Header> copied;
        for (const auto& h : *headers)
            copied.push_back({std::string(h.key),
                              h.value ? std::optional(std::string(*h.value)) : std::nullopt});
        builder.add(r.timestamp_ms, r.key, r.value, copied);
    }
    auto batch = builder.finish();
    require(batch.has_value() && validate_batch(*batch, kLimit).has_value());
    std::string scratch;
    std::vector<RecordView> again;
    require(read_records(*batch, scratch, kLimit, again).has_value() &&
            again.size() == records.size());
    for (size_t i = 0; i < records.size(); ++i)
        require(again[i].key == records[i].key && again[i].value == records[i].value &&
                again[i].timestamp_ms == records[i].timestamp_ms &&
                again[i].header_count == records[i].header_count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string batch(reinterpret_cast<const char*>(data), size);
    std::string scratch;
    std::vector<RecordView> records;
    (void)validate_batch(batch, kLimit);
    (void)read_records(batch, scratch, kLimit, records);
    if (size < kBatchHeaderSize) return 0;
    store_be<int32_t>(batch.data() + 8, int32_t(size - kBatchLengthOverhead));
    store_be<uint32_t>(batch.data() + 17, crc32c(std::string_view(batch).substr(21)));
    records.clear();
    bool readable = read_records(batch, scratch, kLimit, records).has_value();
    bool valid = validate_batch(batch, kLimit).has_value();
    require(!valid || readable);
    if (valid) check_rebuilt(records);
    return 0;
}
