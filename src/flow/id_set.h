#pragma once

// The ids of a window of event time, 16 bytes each: a seeded 96-bit hash and the second of the
// event's time. An id whose second is before the window counts as absent, whether or not its place
// has been freed. They lie in 64 tables, each between half and three quarters full once it has some,
// which grow one by one; spill() empties them into a file (id_file.h). Of n files that were made,
// about 3·log4(n) stand: four of one size become one. Used by one thread.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "id_file.h"
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
    // True if it was absent, and now stands with this second. Errors: kResourceExhausted (memory);
    // those of the disk, once ids were spilled.
    Result<bool> insert(const Id& id, int64_t second);
    // Ids of seconds below this are forgotten; never moves back.
    void forget_before(int64_t second);
    size_t places() const;                                                // all of those in memory
    size_t memory_in_tables() const { return places() * sizeof(Place); }  // what a spill frees
    size_t memory_bytes() const;  // with what it keeps of the files
    // Puts the ids in memory into a file of this folder, which is there. After an error what stands
    // is unknown.
    Status spill(io::FileSystem& fs, const std::string& folder);
    size_t files() const { return files_.size(); }
    size_t ids_in_files() const;  // also forgotten ones

  private:
    using Place = IdPlace;
    struct Table {
        std::vector<Place> places;
        size_t used = 0;  // with those forgotten and not freed yet
    };
    Table& table_of(const Id& id) { return tables_[id.hash % kTables]; }
    static size_t first_place(const Table& table, uint64_t hash);
    Status grow(Table& table);
    Status reserve(size_t places);
    std::vector<Place> take_live(Table& table) const;
    Result<std::unique_ptr<IdFile>> write_file(io::FileSystem& fs, const std::string& folder,
                                               size_t count, const IdFile::TableOf& table_of);
    Status merge_files(io::FileSystem& fs, const std::string& folder);
    Status count_files();
    Result<bool> in_files(const Id& id) const;
    bool live(const Place& place) const { return place.second != 0 && place.second >= before_; }

    static constexpr size_t kTables = IdFile::kTables;
    const uint64_t seed_;
    MemoryReservation memory_;
    std::array<Table, kTables> tables_;
    std::vector<std::unique_ptr<IdFile>> files_;  // oldest first
    size_t file_bytes_ = 0;                       // of memory
    uint64_t made_ = 0;                           // files
    uint32_t before_ = 0;
};

}  // namespace tarn::flow
