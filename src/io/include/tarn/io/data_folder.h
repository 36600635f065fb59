#pragma once

// The data folder (`--data`): who may use it, which version wrote it, and which start this is.
//
//   FORMAT   "tarn <format version>\n", written once by put-if-absent
//   LOCK     kernel lock, held while a process serves the folder; holds its process id
//   START    the start number, replaced and synced at each start: fences everything an earlier process left undone

#include <cstdint>
#include <memory>
#include <string>

#include "tarn/base/result.h"
#include "tarn/io/file_system.h"

namespace tarn::io {

inline constexpr int kFormatVersion = 1;

class DataFolder {
  public:
    // Creates the folder if absent, takes the lock, checks FORMAT and bumps START. Errors: kFailedPrecondition
    // (another process holds it, with its pid; or an older format that needs an upgrade), kUnsupported (a newer
    // format, naming both versions), kIo.
    static Result<DataFolder> open(FileSystem& fs, std::string path);
    // Only checks FORMAT: for readers beside a running process. kNotFound if it is no data folder.
    static Status check_format(FileSystem& fs, const std::string& path);

    const std::string& path() const { return path_; }
    uint64_t start_number() const { return start_number_; }

  private:
    DataFolder(std::string path, std::unique_ptr<FileLock> lock, uint64_t start)
        : path_(std::move(path)), lock_(std::move(lock)), start_number_(start) {}
    std::string path_;
    std::unique_ptr<FileLock> lock_;
    uint64_t start_number_;
};

}  // namespace tarn::io
