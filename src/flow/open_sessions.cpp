#include "open_sessions.h"

#include <xxhash.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "tarn/base/check.h"
#include "tarn/codec/select_rows.h"

namespace tarn::flow {
namespace {

using codec::Column;
using codec::ColumnBatch;
using codec::ColumnType;
using codec::TextRef;

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

std::vector<uint64_t> hashes_of(const ColumnBatch& rows, const std::vector<int>& key) {
    std::vector<uint64_t> hashes(rows.row_count, 0);
    for (auto at : key)
        mix_column(rows.columns[size_t(at)], hashes);
    return hashes;
}

// A set of hashes; 0 marks a free place, so it is held for 1.
class HashSet {
  public:
    explicit HashSet(const std::vector<uint64_t>& hashes)
        : places_(std::bit_ceil(hashes.size() * 2 + 1)), mask_(places_.size() - 1) {
        for (auto hash : hashes) {
            hash += hash == 0;
            auto at = hash & mask_;
            while (places_[at] != 0 && places_[at] != hash)
                at = (at + 1) & mask_;
            places_[at] = hash;
        }
    }
    bool contains(uint64_t hash) const {
        hash += hash == 0;
        for (auto at = hash & mask_; places_[at] != 0; at = (at + 1) & mask_)
            if (places_[at] == hash) return true;
        return false;
    }

  private:
    std::vector<uint64_t> places_;
    uint64_t mask_;
};

size_t outside_bytes(const TextRef& ref) { return ref.length > TextRef::kInline ? ref.length : 0; }

// Text that the batch's columns point to, copied into a buffer of its own, so that what it was taken
// from can go.
void own_text(ColumnBatch& batch) {
    auto each_text = [&](auto&& f) {
        for (auto& column : batch.columns) {
            if (!column.type.is_text()) continue;
            auto count = column.data.size() / sizeof(TextRef);
            for (size_t i = 0; i < count; ++i)
                if (column.dictionary || !column.is_null(i)) f(column.values<TextRef>()[i]);
        }
    };
    size_t bytes = 0;
    each_text([&](TextRef& ref) { bytes += outside_bytes(ref); });
    auto buffer = std::make_shared_for_overwrite<char[]>(bytes);
    auto* to = buffer.get();
    each_text([&](TextRef& ref) {
        if (outside_bytes(ref) == 0) return;
        auto text = ref.view();
        std::memcpy(to, text.data(), text.size());
        ref = TextRef({to, text.size()});
        to += text.size();
    });
    batch.buffers = {std::move(buffer)};
}

}  // namespace

OpenSessions::Batch OpenSessions::rows_of(const Part& part) {
    return part.live.size() == part.rows->row_count ? part.rows
                                                    : codec::select_rows(*part.rows, part.live);
}

size_t OpenSessions::size() const {
    size_t sum = 0;
    for (const auto& part : parts_)
        sum += part.live.size();
    return sum;
}

void OpenSessions::add(Batch rows) {
    if (!rows || rows->row_count == 0) return;
    Part part{std::move(rows), {}, {}};
    part.hashes = hashes_of(*part.rows, key_);
    part.live.resize(part.rows->row_count);
    std::iota(part.live.begin(), part.live.end(), 0);
    parts_.push_back(std::move(part));
}

template <class Wanted>
std::vector<OpenSessions::Batch> OpenSessions::take(Wanted&& wanted) {
    std::vector<Batch> out;
    std::vector<uint32_t> taken;
    for (auto& part : parts_) {
        taken.clear();
        size_t kept = 0;
        for (auto row : part.live) {
            if (wanted(part, row))
                taken.push_back(row);
            else
                part.live[kept++] = row;
        }
        if (taken.empty()) continue;
        part.live.resize(kept);
        out.push_back(taken.size() == part.rows->row_count ? part.rows
                                                           : codec::select_rows(*part.rows, taken));
        if (kept * 2 < part.rows->row_count) compact(part);
    }
    std::erase_if(parts_, [](const Part& part) { return part.live.empty(); });
    return out;
}

std::vector<OpenSessions::Batch> OpenSessions::take_keys_of(const ColumnBatch& rows) {
    if (parts_.empty()) return {};
    const HashSet keys(hashes_of(rows, key_));
    return take([&](const Part& part, uint32_t row) { return keys.contains(part.hashes[row]); });
}

std::vector<OpenSessions::Batch> OpenSessions::take_last_below(int64_t us) {
    return take([&](const Part& part, uint32_t row) {
        return part.rows->columns[size_t(last_)].values<int64_t>()[row] < us;
    });
}

std::vector<OpenSessions::Batch> OpenSessions::take_small(size_t most) {
    std::vector<size_t> sizes;
    for (const auto& part : parts_)
        sizes.push_back(part.live.size());
    std::ranges::sort(sizes);
    size_t sum = 0, largest = 0;
    for (auto size : sizes) {
        if (sum + size > most) break;
        sum += size;
        largest = size;
    }
    std::vector<Batch> out;
    std::erase_if(parts_, [&](const Part& part) {
        if (part.live.size() > largest || part.live.size() > sum) return false;
        sum -= part.live.size();
        out.push_back(rows_of(part));
        return true;
    });
    return out;
}

std::vector<OpenSessions::Batch> OpenSessions::rows() const {
    std::vector<Batch> out;
    for (const auto& part : parts_)
        out.push_back(rows_of(part));
    return out;
}

// The rows that have been taken give back their memory.
void OpenSessions::compact(Part& part) {
    if (part.live.empty()) return;
    auto rows = std::make_shared<ColumnBatch>(*codec::select_rows(*part.rows, part.live));
    own_text(*rows);
    for (size_t i = 0; i < part.live.size(); ++i) {
        part.hashes[i] = part.hashes[part.live[i]];  // live[i] >= i
        part.live[i] = uint32_t(i);
    }
    part.hashes.resize(part.live.size());
    part.rows = std::move(rows);
}

}  // namespace tarn::flow
