#pragma once

// A file system that takes no more than a quota of bytes under one folder. The quota stands in the file
// `<folder>/QUOTA` (bytes, or with a unit: 8MB), so it can be set, changed and lifted while a process runs; without
// the file there is none. One that cannot be read stops every write, with what is wrong.
//
// Past it every write is refused with kResourceExhausted, also one into space that a file has reserved: as on a disk
// that allocates when it writes (copy on write, thin provisioning), reserved space does not help. Removing, renaming,
// reading and syncing go on. What lies in the folder is measured by the sizes of its files, at most every 200 ms and only
// while a quota stands; between two measurements what is written counts in full.
//
// Thread-safe like what it stands on, which outlives it.

#include <memory>

#include "tarn/base/mutex.h"
#include "tarn/io/file_system.h"

namespace tarn::io {

class QuotaFileSystem final : public FileSystem {
  public:
    QuotaFileSystem(FileSystem& fs, Clock& clock, std::string folder);

    Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
    Result<std::string> read_all(const std::string& path) override;
    Status put_if_absent(const std::string& path, std::string_view bytes) override;
    Status replace(const std::string& path, std::string_view bytes) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status remove_tree(const std::string& path) override;
    Result<FileInfo> stat(const std::string& path) override;
    Result<std::vector<FileInfo>> list(const std::string& folder) override;
    Status create_folders(const std::string& path) override;
    Status sync_folder(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
    Result<uint64_t> free_bytes(const std::string& path) override;

    // Whether `bytes` more may be written now. Errors: kResourceExhausted, with the quota and what to do.
    Status take(uint64_t bytes);

  private:
    void look() TARN_REQUIRES(mutex_);
    FileSystem& fs_;
    Clock& clock_;
    const std::string folder_;
    Mutex mutex_;
    int64_t looked_us_ TARN_GUARDED_BY(mutex_) = INT64_MIN / 2;  // monotonic
    std::string unreadable_ TARN_GUARDED_BY(mutex_);             // why
    bool limited_ TARN_GUARDED_BY(mutex_) = false;
    uint64_t quota_ TARN_GUARDED_BY(mutex_) = 0, used_ TARN_GUARDED_BY(mutex_) = 0;
};

// Bytes of all files under a folder; files that go meanwhile are left out.
uint64_t folder_bytes(FileSystem& fs, const std::string& folder);

}  // namespace tarn::io
