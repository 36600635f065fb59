#pragma once

// The ids of a window of event time, 16 bytes each: a seeded 96-bit hash and the second of the
// event's time. An id whose second is before the window counts as absent, whether or not its place
// has been freed. They lie in 64 tables, each between half and three quarters full once it has some,
// which grow one by one. Used by one thread.

#include <array>
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
    struct Id {
        uint64_t hash = 0;
        uint32_t more = 0;
    };
    Id id_of(std::string_view text) const;
    // Its place will be wanted soon.
    void prefetch(const Id& id) const;
    // True if it was absent, and now stands with this second. Errors: kResourceExhausted (memory).
    Result<bool> insert(const Id& id, int64_t second);
    // Ids of seconds below this are forgotten; never moves back.
    void forget_before(int64_t second);
    size_t places() const;  // all of the memory

  private:
    struct Place {
        uint64_t hash = 0;
        uint32_t more = 0;
        uint32_t second = 0;  // 0: free
    };
    struct Table {
        std::vector<Place> places;
        size_t used = 0;  // with those forgotten and not freed yet
    };
    Table& table_of(const Id& id) { return tables_[id.hash % kTables]; }
    static size_t first_place(const Table& table, uint64_t hash);
    Status grow(Table& table);
    bool live(const Place& place) const { return place.second != 0 && place.second >= before_; }

    static constexpr size_t kTables = 64;
    const uint64_t seed_;
    MemoryReservation memory_;
    std::array<Table, kTables> tables_;
    uint32_t before_ = 0;
};

}  // namespace tarn::flow
