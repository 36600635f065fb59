#include "id_set.h"

#include <xxhash.h>

#include <algorithm>

namespace tarn::flow {
namespace {

constexpr size_t kFirstPlaces = 1 << 12;

// From 1: 0 marks a free place.
uint32_t stored(int64_t second) {
    return uint32_t(std::clamp<int64_t>(second, 1, int64_t(UINT32_MAX)));
}

}  // namespace

IdSet::IdSet(uint64_t seed, MemoryReservation memory) : seed_(seed), memory_(std::move(memory)) {}

void IdSet::forget_before(int64_t second) { before_ = std::max(before_, stored(second)); }

void IdSet::put(const Place& place) {
    auto mask = places_.size() - 1;
    auto at = place.hash & mask;
    while (places_[at].second != 0)
        at = (at + 1) & mask;
    places_[at] = place;
}

// Frees what is forgotten; twice the places if that is not enough.
Status IdSet::grow() {
    auto kept = size_t(std::ranges::count_if(places_, [&](auto& place) { return live(place); }));
    auto size = std::max(kFirstPlaces, places_.size());
    while (kept * 2 > size)
        size *= 2;
    TARN_RETURN_IF_ERROR(memory_.resize(int64_t((size + places_.size()) * sizeof(Place))));
    auto old = std::move(places_);
    places_.assign(size, {});
    for (const auto& place : old)
        if (live(place)) put(place);
    used_ = kept;
    old = {};
    return memory_.resize(int64_t(size * sizeof(Place)));
}

Result<bool> IdSet::insert(std::string_view id, int64_t second) {
    if ((used_ + 1) * 10 > places_.size() * 7) TARN_RETURN_IF_ERROR(grow());
    auto hash = XXH3_128bits_withSeed(id.data(), id.size(), seed_);
    Place wanted{hash.low64, uint32_t(hash.high64), stored(second)};
    auto mask = places_.size() - 1;
    for (auto at = wanted.hash & mask;; at = (at + 1) & mask) {
        auto& place = places_[at];
        if (place.second == 0) {
            place = wanted;
            ++used_;
            return true;
        }
        if (place.hash != wanted.hash || place.more != wanted.more) continue;
        if (live(place)) return false;
        place.second = wanted.second;
        return true;
    }
}

}  // namespace tarn::flow
