#include "id_set.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace tarn::flow {
namespace {

constexpr size_t kFirstPlaces = 64;

__extension__ using Wide = unsigned __int128;

// From 1: 0 marks a free place.
uint32_t stored(int64_t second) {
    return uint32_t(std::clamp<int64_t>(second, 1, int64_t(UINT32_MAX)));
}

}  // namespace

IdSet::IdSet(uint64_t seed, MemoryReservation memory) : seed_(seed), memory_(std::move(memory)) {}

void IdSet::forget_before(int64_t second) { before_ = std::max(before_, stored(second)); }

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
}

// Frees what is forgotten; more places if half of them would not be enough.
Status IdSet::grow(Table& table) {
    auto kept =
        size_t(std::ranges::count_if(table.places, [&](auto& place) { return live(place); }));
    auto size = std::max({kFirstPlaces, table.places.size(), kept * 2});
    auto others = places() - table.places.size();
    TARN_RETURN_IF_ERROR(
        memory_.resize(int64_t((others + table.places.size() + size) * sizeof(Place))));
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
    return memory_.resize(int64_t((others + size) * sizeof(Place)));
}

Result<bool> IdSet::insert(const Id& id, int64_t second) {
    auto& table = table_of(id);
    if ((table.used + 1) * 4 > table.places.size() * 3) TARN_RETURN_IF_ERROR(grow(table));
    for (auto at = first_place(table, id.hash);; at = at + 1 == table.places.size() ? 0 : at + 1) {
        auto& place = table.places[at];
        if (place.second == 0) {
            place = {id.hash, id.more, stored(second)};
            ++table.used;
            return true;
        }
        if (place.hash != id.hash || place.more != id.more) continue;
        if (live(place)) return false;
        place.second = stored(second);
        return true;
    }
}

}  // namespace tarn::flow
