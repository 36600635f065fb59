#pragma once

// The ids of a horizon of event time, 16 bytes each: a seeded 96-bit hash and the second of the
// event's time. An id whose second is before the horizon counts as absent, whether or not its place
// has been freed. Used by one thread.

#include <cstdint>
#include <string_view>
#include <vector>

#include "tarn/base/memory.h"
#include "tarn/base/result.h"

namespace tarn::flow {

class IdSet {
  public:
    // `seed` is secret to this process, so that nobody can make ids that collide.
    IdSet(uint64_t seed, MemoryReservation memory);
    // True if it was absent, and now stands with this second. Errors: kResourceExhausted (memory).
    Result<bool> insert(std::string_view id, int64_t second);
    // Ids of seconds below this are forgotten; never moves back.
    void forget_before(int64_t second);
    size_t size() const { return used_; }  // with those forgotten and not freed yet

  private:
    struct Place {
        uint64_t hash = 0;
        uint32_t more = 0;
        uint32_t second = 0;  // 0: free
    };
    Status grow();
    bool live(const Place& place) const { return place.second != 0 && place.second >= before_; }
    void put(const Place& place);

    const uint64_t seed_;
    MemoryReservation memory_;
    std::vector<Place> places_;
    size_t used_ = 0;
    uint32_t before_ = 0;
};

}  // namespace tarn::flow
