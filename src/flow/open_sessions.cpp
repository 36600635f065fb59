#include "open_sessions.h"

#include <bit>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

#include "key_hash.h"
#include "tarn/base/check.h"
#include "tarn/codec/select_rows.h"

namespace tarn::flow {
namespace {

using codec::ColumnBatch;
using codec::TextRef;

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

// The rows of a part, which may be all that it has.
Result<OpenSessions::Batch> OpenSessions::select(const Part& part, std::span<const uint32_t> rows) {
    if (part.file) return part.file->read(rows);
    return rows.size() == part.row_count() ? part.rows : codec::select_rows(*part.rows, rows);
}

// Those that have not been taken, kRowsAtOnce of them.
Result<OpenSessions::Batch> OpenSessions::rows_of(const Part& part, size_t from) {
    const std::span live(part.live);
    return select(part, live.subspan(from, std::min(kRowsAtOnce, live.size() - from)));
}

size_t OpenSessions::size() const {
    size_t sum = 0;
    for (const auto& part : parts_)
        sum += part.live.size();
    return sum;
}

size_t OpenSessions::spilled() const {
    size_t sum = 0;
    for (const auto& part : parts_)
        sum += part.file ? part.live.size() : 0;
    return sum;
}

size_t OpenSessions::memory_bytes() const {
    size_t sum = 0;
    for (const auto& part : parts_)
        sum += part.bytes;
    return sum;
}

OpenSessions::Part OpenSessions::part_of(Batch rows) const {
    Part part;
    part.hashes = key_hashes(*rows, key_);
    const auto* lasts = rows->columns[size_t(last_)].values<int64_t>();
    part.lasts.assign(lasts, lasts + rows->row_count);
    part.live.resize(rows->row_count);
    std::iota(part.live.begin(), part.live.end(), 0);
    part.bytes = rows->memory_bytes() + text_bytes(*rows);
    part.rows = std::move(rows);
    return part;
}

void OpenSessions::add(Batch rows) {
    if (rows && rows->row_count > 0) parts_.push_back(part_of(std::move(rows)));
}

// The first of what it knows of its rows; memory goes back when half of it is not used.
void OpenSessions::Part::keep(size_t count) {
    auto keep_of = [count](auto& values) {
        values.resize(count);
        if (values.capacity() > 2 * count) values.shrink_to_fit();
    };
    keep_of(live);
    keep_of(hashes);
    keep_of(lasts);
}

template <class Wanted>
Result<OpenSessions::Batches> OpenSessions::take(Wanted&& wanted) {
    Batches out;
    std::vector<uint32_t> taken;
    for (auto& part : parts_) {
        taken.clear();
        size_t kept = 0;
        for (size_t i = 0; i < part.live.size(); ++i) {
            if (wanted(part, i)) {
                taken.push_back(part.live[i]);
                continue;
            }
            part.live[kept] = part.live[i];
            part.hashes[kept] = part.hashes[i];
            part.lasts[kept++] = part.lasts[i];
        }
        if (taken.empty()) continue;
        part.keep(kept);
        TARN_TRY(auto rows, select(part, taken));
        out.push_back(std::move(rows));
        // A file is read again for more than memory is copied for.
        if (kept * (part.file ? 4 : 2) < part.row_count()) TARN_RETURN_IF_ERROR(compact(part));
    }
    std::erase_if(parts_, [](const Part& part) { return part.live.empty(); });
    return out;
}

Result<OpenSessions::Batches> OpenSessions::take_keys_of(const ColumnBatch& rows) {
    if (parts_.empty()) return Batches();
    const HashSet keys(key_hashes(rows, key_));
    return take([&](const Part& part, size_t i) { return keys.contains(part.hashes[i]); });
}

Result<OpenSessions::Batches> OpenSessions::take_last_below(int64_t us) {
    return take([&](const Part& part, size_t i) { return part.lasts[i] < us; });
}

Result<OpenSessions::Batches> OpenSessions::take_small(size_t most) {
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
    Batches out;
    for (auto& part : parts_) {
        if (part.live.size() > largest || part.live.size() > sum) continue;
        sum -= part.live.size();
        TARN_TRY(auto rows, select(part, part.live));
        out.push_back(std::move(rows));
        part.live.clear();
    }
    std::erase_if(parts_, [](const Part& part) { return part.live.empty(); });
    return out;
}

// The rows that have been taken give back their memory; what little a file still has is in memory
// again.
Status OpenSessions::compact(Part& part) const {
    if (part.live.empty()) return {};
    TARN_TRY(auto selected, select(part, part.live));
    if (!part.file) {
        auto own = std::make_shared<ColumnBatch>(*selected);
        own_text(*own);
        selected = std::move(own);
    }
    part = part_of(std::move(selected));
    return {};
}

// In the place of the first of them.
Status OpenSessions::spill(io::FileSystem& fs, const std::string& folder) {
    Part spilled;
    Batches batches;
    for (const auto& part : parts_) {
        if (part.file) continue;
        TARN_TRY(auto rows, select(part, part.live));
        batches.push_back(std::move(rows));
        spilled.hashes.insert(spilled.hashes.end(), part.hashes.begin(), part.hashes.end());
        spilled.lasts.insert(spilled.lasts.end(), part.lasts.begin(), part.lasts.end());
    }
    if (batches.empty()) return {};
    TARN_TRY(spilled.file,
             RowFile::write(fs, fmt::format("{}/sessions-{}", folder, files_++), batches));
    spilled.hashes.shrink_to_fit();
    spilled.lasts.shrink_to_fit();
    spilled.live.resize(spilled.row_count());
    std::iota(spilled.live.begin(), spilled.live.end(), 0);
    auto first = std::ranges::find_if(parts_, [](const Part& part) { return !part.file; });
    *first = std::move(spilled);
    std::erase_if(parts_, [](const Part& part) { return !part.file; });
    return {};
}

}  // namespace tarn::flow
