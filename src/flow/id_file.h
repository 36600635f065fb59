#pragma once

// Ids of a deduplication window that do not fit into memory: written once, sorted, to a file of
// this process's life alone (never synced, removed with the object). A filter of them stays in
// memory, about 1.3 bytes an id, and tells of 99 in 100 ids that they are not in the file; of the
// others a page of 4 KiB is read. Used by one thread.
//
//   file  := table*                   64 of them: ids by the hash's lower bits
//   table := id*                      by hash
//   id    := hash more second         u64 u32 u32, the machine's order

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/io/file_system.h"

namespace tarn::flow {

// An id and the second of its event.
struct IdPlace {
    uint64_t hash = 0;
    uint32_t more = 0;
    uint32_t second = 0;  // 0: no id
};

class IdFile {
  public:
    static constexpr size_t kTables = 64;
    // Asks for the ids of one table after the other; the folder is there. `count`: of all, at most.
    // Errors: those of the disk.
    using TableOf = std::function<Result<std::vector<IdPlace>>(size_t table)>;
    static Result<std::unique_ptr<IdFile>> write(io::FileSystem& fs, const std::string& path,
                                                 size_t count, const TableOf& table_of);
    ~IdFile();
    IdFile(const IdFile&) = delete;

    void prefetch(uint64_t hash) const { __builtin_prefetch(&filter_[block_of(hash) * kWords]); }
    // The second of the id; 0: it is not there. Errors: those of the disk; kCorrupted.
    Result<uint32_t> find(uint64_t hash, uint32_t more) const;
    // All of a table.
    Result<std::vector<IdPlace>> table(size_t table) const;
    uint32_t newest_second() const { return newest_; }
    size_t ids() const;
    size_t memory_bytes() const;

  private:
    static constexpr size_t kWords = 8;  // of a block of the filter: a line of the cache
    struct Table {
        uint64_t begin = 0;            // place of its first id in the file
        std::vector<uint64_t> fences;  // the first hash of each page
        size_t ids = 0;
    };
    IdFile(io::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
    size_t block_of(uint64_t hash) const;
    void remember(uint64_t hash);
    bool may_have(uint64_t hash) const;
    Status read(const Table& table, size_t first, std::span<IdPlace> to) const;
    Status write_table(Table& table, std::vector<IdPlace> ids, uint64_t begin);

    io::FileSystem& fs_;
    const std::string path_;
    std::unique_ptr<io::File> file_;
    std::vector<uint64_t> filter_;
    std::array<Table, kTables> tables_;
    uint32_t newest_ = 0;
};

}  // namespace tarn::flow
