#include "local_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace tarn::io {

Fd open_fd(const std::string& path, int flags) {
    int fd;
    do
        fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    while (fd < 0 && errno == EINTR);
    return Fd(fd);
}

Status write_all(int fd, uint64_t offset, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        auto n = ::pwrite(fd, bytes.data(), bytes.size(), off_t(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(errno_error(errno, "write", path));
        bytes.remove_prefix(size_t(n));
        offset += uint64_t(n);
    }
    return {};
}

Result<size_t> LocalFile::read_at(uint64_t offset, char* to, size_t n) {
    size_t done = 0;
    while (done < n) {
        auto got = ::pread(fd_.get(), to + done, n - done, off_t(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EINVAL && done > 0)
            break;  // O_DIRECT, after the odd end of the file
        if (got < 0) return fail(errno_error(errno, "read", path_));
        if (got == 0) break;
        done += size_t(got);
    }
    return done;
}

Status LocalFile::write_at(uint64_t offset, std::string_view bytes) {
    return write_all(fd_.get(), offset, bytes, path_);
}

Status LocalFile::sync() {
    if (::fdatasync(fd_.get()) != 0) return fail(errno_error(errno, "sync", path_));
    return {};
}

Result<uint64_t> LocalFile::size() {
    struct stat st{};
    if (::fstat(fd_.get(), &st) != 0) return fail(errno_error(errno, "stat", path_));
    return uint64_t(st.st_size);
}

Status LocalFile::truncate(uint64_t size) {
    if (::ftruncate(fd_.get(), off_t(size)) != 0)
        return fail(errno_error(errno, "truncate", path_));
    return {};
}

Status LocalFile::allocate(uint64_t size) {
    TARN_TRY(auto old_size, this->size());
    if (size <= old_size) return {};
    int rc;
    do
        rc = ::fallocate(fd_.get(), 0, 0, off_t(size));
    while (rc != 0 && errno == EINTR);
    if (rc == 0) return {};
    if (errno != EOPNOTSUPP) return fail(errno_error(errno, "allocate", path_));
    return truncate(size);
}

}  // namespace tarn::io
