#include "partition_split.h"

#include "tarn/delta/partition.h"

namespace tarn::lake {
namespace {

codec::Column take_column(const codec::Column& from, std::span<const uint32_t> rows) {
    codec::Column to;
    to.type = from.type;
    to.dictionary = from.dictionary;
    for (size_t i = 0; i < rows.size(); ++i)
        if (from.is_null(rows[i])) to.set_null(i, rows.size());
    if (from.dictionary) {
        to.data = from.data;
        to.codes.reserve(rows.size());
        for (auto row : rows)
            to.codes.push_back(from.codes[row]);
        return to;
    }
    size_t width = codec::column_width(from.type);
    to.data.resize(rows.size() * width);
    for (size_t i = 0; i < rows.size(); ++i)
        std::memcpy(to.data.data() + i * width, from.data.data() + rows[i] * width, width);
    return to;
}

}  // namespace

std::shared_ptr<const codec::ColumnBatch> take_rows(
    const std::shared_ptr<const codec::ColumnBatch>& batch, std::span<const uint32_t> rows) {
    auto out = std::make_shared<codec::ColumnBatch>();
    out->schema = batch->schema;
    out->row_count = rows.size();
    out->buffers = {batch};
    for (auto& column : batch->columns)
        out->columns.push_back(take_column(column, rows));
    return out;
}

std::map<PartitionKey, Batches> split_by_partition(
    std::span<const std::shared_ptr<const codec::ColumnBatch>> batches,
    std::span<const int> columns) {
    std::map<PartitionKey, Batches> out;
    for (auto& batch : batches) {
        if (batch->row_count == 0) continue;
        if (columns.empty()) {
            out[{}].push_back(batch);
            continue;
        }
        std::map<PartitionKey, std::vector<uint32_t>> rows;
        PartitionKey key(columns.size());
        for (uint32_t row = 0; row < batch->row_count; ++row) {
            for (size_t i = 0; i < columns.size(); ++i)
                key[i] = delta::partition_text(batch->columns[size_t(columns[i])], row);
            rows[key].push_back(row);
        }
        for (auto& [part, members] : rows)
            out[part].push_back(members.size() == batch->row_count ? batch
                                                                   : take_rows(batch, members));
    }
    return out;
}

}  // namespace tarn::lake
