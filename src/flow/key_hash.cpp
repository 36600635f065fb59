#include "key_hash.h"

#include <xxhash.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tarn/codec/select_rows.h"

namespace tarn::flow {
namespace {

using codec::Column;
using codec::ColumnType;

constexpr uint64_t kNull = 0x9e3779b97f4a7c15;

uint64_t mixed(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0xff51afd7ed558ccd;
    return (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
}

// Values that GROUP BY holds for equal give the same: both zeros, and every NaN.
uint64_t bits_of(double value) {
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    return std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
}

template <class T>
void mix_values(const Column& column, std::vector<uint64_t>& hashes) {
    const auto* values = column.values<T>();
    for (size_t row = 0; row < hashes.size(); ++row)
        hashes[row] = mixed(hashes[row], column.is_null(row) ? kNull : uint64_t(values[row]));
}

void mix_decimals(const Column& column, std::vector<uint64_t>& hashes) {
    const auto* values = column.values<codec::Int128>();
    for (size_t row = 0; row < hashes.size(); ++row) {
        hashes[row] = mixed(hashes[row], column.is_null(row) ? kNull : uint64_t(values[row]));
        if (!column.is_null(row)) hashes[row] = mixed(hashes[row], uint64_t(values[row] >> 64));
    }
}

void mix_column(const Column& column, std::vector<uint64_t>& hashes) {
    switch (column.type.kind()) {
        case ColumnType::kBool:
            return mix_values<uint8_t>(column, hashes);
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return mix_values<int32_t>(column, hashes);
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            return mix_values<int64_t>(column, hashes);
        case ColumnType::kDecimal:
            return mix_decimals(column, hashes);
        case ColumnType::kDouble:
            for (size_t row = 0; row < hashes.size(); ++row)
                hashes[row] =
                    mixed(hashes[row],
                          column.is_null(row) ? kNull : bits_of(column.values<double>()[row]));
            return;
        case ColumnType::kText:
        case ColumnType::kBytes:
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            for (size_t row = 0; row < hashes.size(); ++row) {
                if (column.is_null(row)) {
                    hashes[row] = mixed(hashes[row], kNull);
                    continue;
                }
                auto text = column.text(row);
                hashes[row] = mixed(hashes[row], XXH3_64bits(text.data(), text.size()));
            }
            return;
    }
}

}  // namespace

std::vector<uint64_t> key_hashes(const codec::ColumnBatch& rows, const std::vector<int>& key) {
    std::vector<uint64_t> hashes(rows.row_count, 0);
    for (auto at : key)
        mix_column(rows.columns[size_t(at)], hashes);
    return hashes;
}

std::array<std::vector<BatchPtr>, 2> halves_by_key(const std::vector<BatchPtr>& batches,
                                                   const std::vector<int>& key, int bit) {
    std::array<std::vector<BatchPtr>, 2> out;
    for (const auto& rows : batches) {
        const auto hashes = key_hashes(*rows, key);
        std::array<std::vector<uint32_t>, 2> which;
        for (uint32_t row = 0; row < hashes.size(); ++row)
            which[hashes[row] >> bit & 1].push_back(row);
        for (size_t half = 0; half < 2; ++half)
            if (!which[half].empty()) out[half].push_back(codec::select_rows(*rows, which[half]));
    }
    return out;
}

}  // namespace tarn::flow
