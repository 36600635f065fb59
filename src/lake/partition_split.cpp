#include "partition_split.h"

#include <algorithm>

#include "tarn/codec/select_rows.h"
#include "tarn/delta/partition.h"

namespace tarn::lake {
namespace {

// Whether the row has what the one before it has.
bool repeats(const codec::Column& column, uint32_t row) {
    if (row == 0 || column.is_null(row) != column.is_null(row - 1)) return false;
    if (column.is_null(row)) return true;
    if (column.dictionary) return column.codes[row] == column.codes[row - 1];
    switch (codec::column_width(column.type)) {
        case 1:
            return column.values<uint8_t>()[row] == column.values<uint8_t>()[row - 1];
        case 4:
            return column.values<uint32_t>()[row] == column.values<uint32_t>()[row - 1];
        case 8:
            return column.values<uint64_t>()[row] == column.values<uint64_t>()[row - 1];
        default:
            if (column.type == codec::ColumnType::kDecimal)
                return column.values<codec::Int128>()[row] ==
                       column.values<codec::Int128>()[row - 1];
            return column.text(row) == column.text(row - 1);
    }
}

}  // namespace

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
        std::vector<uint32_t>* members = nullptr;  // of the row before
        for (uint32_t row = 0; row < batch->row_count; ++row) {
            auto same = [&](int column) { return repeats(batch->columns[size_t(column)], row); };
            if (!members || !std::ranges::all_of(columns, same)) {
                for (size_t i = 0; i < columns.size(); ++i)
                    key[i] = delta::partition_text(batch->columns[size_t(columns[i])], row);
                members = &rows[key];
            }
            members->push_back(row);
        }
        for (auto& [part, chosen] : rows)
            out[part].push_back(
                chosen.size() == batch->row_count ? batch : codec::select_rows(*batch, chosen));
    }
    return out;
}

}  // namespace tarn::lake
