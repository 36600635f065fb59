#pragma once

// Files as Tarn needs them: positioned reads and writes, explicit durability, put-if-absent, a kernel lock. Two
// implementations: the local disk and a simulated one (simulated_disk.h). Paths are relative to nothing: absolute,
// or relative to the working folder, '/'-separated.
//
// Durability: a file's bytes survive a crash after File::sync; a created, renamed or removed *name* survives after
// sync_folder of its folder. put_if_absent and replace do all of that themselves.
//
// All methods are thread-safe; a File may be read from several threads at once and written by one.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::io {

enum class OpenMode {
    kRead,       // must exist
    kReadWrite,  // must exist
    kCreate,     // read-write; created if absent, kept if there
    kCreateNew,  // read-write; kAlreadyExists if there
};

struct OpenOptions {
    OpenMode mode = OpenMode::kRead;
    // O_DIRECT where the file system has it (silently buffered elsewhere): offset, length and address of every read
    // and write must be multiples of kDirectAlignment.
    bool direct = false;
};
inline constexpr size_t kDirectAlignment = 4096;

class File {
  public:
    virtual ~File() = default;
    // Up to n bytes from offset; fewer only at the end of the file. Returns the number read.
    virtual Result<size_t> read_at(uint64_t offset, char* to, size_t n) = 0;
    // Exactly all bytes or an error (kResourceExhausted when the disk is full).
    virtual Status write_at(uint64_t offset, std::string_view bytes) = 0;
    // Bytes and size are on stable storage when it returns (fdatasync). After a failure the file's state is
    // unknown and must not be trusted again: never retry.
    virtual Status sync() = 0;
    virtual Result<uint64_t> size() = 0;
    virtual Status truncate(uint64_t size) = 0;
    // Reserves space up to `size` and makes the file that long if it is shorter; what is new reads as zeros.
    virtual Status allocate(uint64_t size) = 0;
};

struct FileInfo {
    std::string name;  // without its folder
    uint64_t size = 0;
    bool folder = false;
    Timestamp modified;
};

// Held until destroyed or the process ends, however it ends.
class FileLock {
  public:
    virtual ~FileLock() = default;
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;
    virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;
    // The whole file. Errors: kNotFound.
    virtual Result<std::string> read_all(const std::string& path) = 0;
    // Creates `path` with these bytes, durably and atomically, only if nothing is there: kAlreadyExists otherwise.
    // On kIo the outcome is unknown: read it back.
    virtual Status put_if_absent(const std::string& path, std::string_view bytes) = 0;
    // Writes beside and renames over: after a crash `path` holds all of the old bytes or all of the new, durably.
    virtual Status replace(const std::string& path, std::string_view bytes) = 0;
    // Replaces a file that is at `to`.
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    // A file or an empty folder.
    virtual Status remove(const std::string& path) = 0;
    // No error if nothing is there.
    virtual Status remove_tree(const std::string& path) = 0;
    virtual Result<FileInfo> stat(const std::string& path) = 0;
    // Names in byte order. Errors: kNotFound.
    virtual Result<std::vector<FileInfo>> list(const std::string& folder) = 0;
    // With all parents, durably. No error if it is there.
    virtual Status create_folders(const std::string& path) = 0;
    virtual Status sync_folder(const std::string& path) = 0;
    // An exclusive lock of the kernel's (flock) on a file that is created if absent. kFailedPrecondition, naming
    // the holder's process id where it is known, if another open file holds it.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
    virtual Result<uint64_t> free_bytes(const std::string& path) = 0;

    bool exists(const std::string& path) { return stat(path).has_value(); }
};

class LocalFileSystem final : public FileSystem {
  public:
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
};

// "a/b" from "a/b/c"; "." when there is no slash. "c" from "a/b/c".
std::string parent_path(std::string_view path);
std::string file_name(std::string_view path);

}  // namespace tarn::io
