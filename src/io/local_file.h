#pragma once

// File descriptors and files of the local disk. Private to io.

#include <unistd.h>

#include <utility>

#include "tarn/io/file_system.h"

namespace tarn::io {

// Owns a file descriptor.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

// open(2) with O_CLOEXEC; retried when interrupted. errno tells what went wrong if the Fd is not
// valid.
Fd open_fd(const std::string& path, int flags);

// All bytes at an offset; `path` is for the error.
Status write_all(int fd, uint64_t offset, std::string_view bytes, const std::string& path);

class LocalFile final : public File {
  public:
    LocalFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    Result<size_t> read_at(uint64_t offset, char* to, size_t n) override;
    Status write_at(uint64_t offset, std::string_view bytes) override;
    Status sync() override;
    Result<uint64_t> size() override;
    Status truncate(uint64_t size) override;
    Status allocate(uint64_t size) override;

  private:
    Fd fd_;
    std::string path_;
};

}  // namespace tarn::io
