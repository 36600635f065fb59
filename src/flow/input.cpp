#include "input.h"

namespace tarn::flow {

size_t InputBatch::memory_bytes() const {
    size_t sum = records.capacity() * sizeof(codec::RecordView) +
                 accepted.capacity() * sizeof(uint32_t) + (records.empty() ? 0 : bytes);
    for (const auto& batch : rows)
        sum += batch->memory_bytes();
    return sum;
}

void Input::add(int32_t source, SourceInput read) {
    records += read.records;
    bytes += read.bytes;
    more = more || read.more;
    for (auto& batch : read.batches)
        parts.push_back({source, std::move(batch)});
}

}  // namespace tarn::flow
