#include "id_set.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <utility>

namespace tarn::flow {
namespace {

constexpr size_t kFirstPlaces = 64;
constexpr size_t kMerged = 4;  // files that become one

__extension__ using Wide = unsigned __int128;

// From 1: 0 marks a free place.
uint32_t stored(int64_t second) {
    return uint32_t(std::clamp<int64_t>(second, 1, int64_t(UINT32_MAX)));
}

}  // namespace

IdSet::IdSet(uint64_t seed, MemoryReservation memory) : seed_(seed), memory_(std::move(memory)) {}

void IdSet::forget_before(int64_t second) {
    before_ = std::max(before_, stored(second));
    if (std::erase_if(files_, [&](auto& file) { return file->newest_second() < before_; }) == 0)
        return;
    (void)count_files();  // they take less
}

size_t IdSet::places() const {
    size_t sum = 0;
    for (const auto& table : tables_)
        sum += table.places.size();
    return sum;
}

// By the hash's upper bits, of which the table's number takes none.
size_t IdSet::first_place(const Table& table, uint64_t hash) {
    return size_t(Wide(hash) * table.places.size() >> 64);
}

IdSet::Id IdSet::id_of(std::string_view text) const {
    auto hash = XXH3_128bits_withSeed(text.data(), text.size(), seed_);
    return {hash.low64, uint32_t(hash.high64)};
}

void IdSet::prefetch(const Id& id) const {
    const auto& table = tables_[id.hash % kTables];
    if (!table.places.empty()) __builtin_prefetch(&table.places[first_place(table, id.hash)], 1);
    for (const auto& file : files_)
        file->prefetch(id.hash);
}

size_t IdSet::memory_bytes() const { return places() * sizeof(Place) + file_bytes_; }

Status IdSet::reserve(size_t places) {
    return memory_.resize(int64_t(places * sizeof(Place) + file_bytes_));
}

Result<bool> IdSet::in_files(const Id& id) const {
    for (const auto& file : files_) {
        TARN_TRY(auto second, file->find(id.hash, id.more));
        if (second != 0 && second >= before_) return true;
    }
    return false;
}

// What the table still knows; it is empty then.
std::vector<IdSet::Place> IdSet::take_live(Table& table) const {
    auto places = std::exchange(table.places, {});
    table.used = 0;
    std::erase_if(places, [&](const Place& place) { return !live(place); });
    return places;
}

size_t IdSet::ids_in_files() const {
    size_t sum = 0;
    for (const auto& file : files_)
        sum += file->ids();
    return sum;
}

Status IdSet::count_files() {
    file_bytes_ = 0;
    for (const auto& file : files_)
        file_bytes_ += file->memory_bytes();
    return reserve(places());
}

Result<std::unique_ptr<IdFile>> IdSet::write_file(io::FileSystem& fs, const std::string& folder,
                                                  size_t count, const IdFile::TableOf& table_of) {
    return IdFile::write(fs, folder + "/ids-" + std::to_string(made_++), count, table_of);
}

Status IdSet::spill(io::FileSystem& fs, const std::string& folder) {
    size_t count = 0;
    for (const auto& table : tables_)
        count += table.used;
    if (count == 0) return {};
    auto take = [&](size_t table) { return take_live(tables_[table]); };
    TARN_TRY(auto file, write_file(fs, folder, count, take));
    files_.push_back(std::move(file));
    while (files_.size() >= kMerged &&
           files_.end()[-ptrdiff_t(kMerged)]->ids() <= 2 * files_.back()->ids())
        TARN_RETURN_IF_ERROR(merge_files(fs, folder));
    return count_files();
}

// The newest of them become one, a table at a time, without what is forgotten.
Status IdSet::merge_files(io::FileSystem& fs, const std::string& folder) {
    const std::span merged(files_.end() - kMerged, files_.end());
    size_t count = 0;
    for (const auto& file : merged)
        count += file->ids();
    auto all = [&](size_t table) -> Result<std::vector<Place>> {
        std::vector<Place> out;
        for (const auto& file : merged) {
            TARN_TRY(auto places, file->table(table));
            std::ranges::copy_if(places, std::back_inserter(out),
                                 [&](const Place& place) { return live(place); });
        }
        return out;
    };
    TARN_TRY(auto file, write_file(fs, folder, count, all));
    files_.resize(files_.size() - kMerged);
    files_.push_back(std::move(file));
    return {};
}

// Frees what is forgotten; more places if half of them would not be enough.
Status IdSet::grow(Table& table) {
    auto kept =
        size_t(std::ranges::count_if(table.places, [&](auto& place) { return live(place); }));
    auto size = std::max({kFirstPlaces, table.places.size(), kept * 2});
    auto others = places() - table.places.size();
    TARN_RETURN_IF_ERROR(reserve(others + table.places.size() + size));
    auto old = std::exchange(table.places, std::vector<Place>(size));
    for (const auto& place : old) {
        if (!live(place)) continue;
        auto at = first_place(table, place.hash);
        while (table.places[at].second != 0)
            at = at + 1 == size ? 0 : at + 1;
        table.places[at] = place;
    }
    table.used = kept;
    old = {};
    return reserve(others + size);
}

Result<bool> IdSet::insert(const Id& id, int64_t second) {
    auto& table = table_of(id);
    if ((table.used + 1) * 4 > table.places.size() * 3) TARN_RETURN_IF_ERROR(grow(table));
    for (auto at = first_place(table, id.hash);; at = at + 1 == table.places.size() ? 0 : at + 1) {
        auto& place = table.places[at];
        const bool free = place.second == 0;
        if (!free && (place.hash != id.hash || place.more != id.more)) continue;
        if (live(place)) return false;
        if (!files_.empty()) {
            TARN_TRY(bool known, in_files(id));
            if (known) return false;
        }
        place = {id.hash, id.more, stored(second)};
        table.used += free;
        return true;
    }
}

}  // namespace tarn::flow
