#include "input.h"

namespace tarn::flow {

size_t text_bytes(const codec::ColumnBatch& batch) {
    size_t sum = 0;
    for (const auto& column : batch.columns) {
        if (!column.type.is_text()) continue;
        const auto* texts = column.values<codec::TextRef>();
        const auto count = column.dictionary ? column.dictionary_size() : batch.row_count;
        for (size_t i = 0; i < count; ++i)
            if (column.dictionary || !column.is_null(i))
                sum += texts[i].length > codec::TextRef::kInline ? texts[i].length : 0;
    }
    return sum;
}

// Text of records is part of their bytes.
size_t InputBatch::memory_bytes() const {
    size_t sum = records.capacity() * sizeof(codec::RecordView) +
                 accepted.capacity() * sizeof(uint32_t) + (records.empty() ? 0 : bytes);
    for (const auto& batch : rows)
        sum += batch->memory_bytes() + (records.empty() ? text_bytes(*batch) : 0);
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
