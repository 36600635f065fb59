#pragma once

// Rows that do not fit into memory: written once, to a file of this process's life alone (never
// synced, removed with the object), and read again row by row or all in order. Eight bytes a row
// stay in memory. Used by one thread.
//
//   file  := row*
//   row   := value*, one for each column of the batches
//   value := null | set bytes              null: 00; set: 01; bytes: as the batch has them,
//          | set length bytes              the latter of texts; length: u32, the machine's order

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "input.h"
#include "tarn/io/file_system.h"

namespace tarn::flow {

class RowFile {
  public:
    // The rows of these batches, all of one schema; the folder is there. Errors: those of the disk.
    static Result<std::unique_ptr<RowFile>> write(io::FileSystem& fs, const std::string& path,
                                                  std::span<const BatchPtr> batches);
    ~RowFile();
    RowFile(const RowFile&) = delete;

    size_t rows() const { return offsets_.size() - 1; }
    // These rows, ascending. Errors: those of the disk; kCorrupted.
    Result<BatchPtr> read(std::span<const uint32_t> rows) const;
    uint64_t bytes() const { return offsets_.back(); }

  private:
    RowFile(io::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
    Status read_run(uint64_t from, uint64_t to, char* into) const;

    io::FileSystem& fs_;
    const std::string path_;
    std::unique_ptr<io::File> file_;
    std::vector<codec::ColumnSpec> schema_;
    std::vector<uint64_t> offsets_ = {0};  // of rows, then of the end
};

}  // namespace tarn::flow
