#include "load.h"

#include <zlib.h>

#include "tarn/base/check.h"
#include "tarn/codec/record_batch.h"

namespace tarn::demo {

uint32_t crc32_of_values(const SlotBatch& batch) {
    uLong crc = crc32(0, nullptr, 0);
    for (auto [at, length] : batch.values)
        crc = crc32(crc, reinterpret_cast<const Bytef*>(batch.batch.data() + at), length);
    return uint32_t(crc);
}

void find_values(SlotBatch& batch) {
    std::string scratch;
    std::vector<codec::RecordView> records;
    auto read = codec::read_records(batch.batch, scratch, SIZE_MAX, records);
    TARN_CHECK(read.has_value(), "what was built can be read");
    batch.values.clear();
    for (auto& record : records)
        batch.values.emplace_back(uint32_t(record.value->data() - batch.batch.data()),
                                  uint32_t(record.value->size()));
    batch.count = uint32_t(records.size());
}

}  // namespace tarn::demo
