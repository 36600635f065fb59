#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "local_file.h"
#include "tarn/io/error_ids.h"
#include "tarn/io/file_system.h"

namespace tarn::io {

namespace {

FileInfo info_of(std::string name, const struct stat& st) {
    return {std::move(name), uint64_t(st.st_size), S_ISDIR(st.st_mode),
            Timestamp{int64_t(st.st_mtim.tv_sec) * 1'000'000 + st.st_mtim.tv_nsec / 1'000}};
}

// A new file of a fresh name beside `path`, synced. Left behind only by a crash; the leading dot
// and ".tmp-" tell readers of the folder that it is nobody's.
Result<std::string> write_beside(const std::string& path, std::string_view bytes) {
    for (;;) {
        uint64_t salt = 0;
        if (::getrandom(&salt, sizeof salt, 0) != ssize_t(sizeof salt))
            return fail(errno_error(errno, "get randomness for", path));
        auto temporary =
            fmt::format("{}/.{}.tmp-{:016x}", parent_path(path), file_name(path), salt);
        Fd fd = open_fd(temporary, O_WRONLY | O_CREAT | O_EXCL);
        if (!fd.valid() && errno == EEXIST) continue;
        if (!fd.valid()) return fail(errno_error(errno, "create", temporary));
        auto status = write_all(fd.get(), 0, bytes, temporary);
        if (status && ::fsync(fd.get()) != 0) status = fail(errno_error(errno, "sync", temporary));
        if (!status) {
            ::unlink(temporary.c_str());
            return fail(std::move(status).error());
        }
        return temporary;
    }
}

// Gives `temporary` the name `path` if nothing has it. link(2) where the file system has hard
// links.
Status name_if_absent(const std::string& temporary, const std::string& path) {
    if (::link(temporary.c_str(), path.c_str()) == 0) {
        ::unlink(temporary.c_str());
        return {};
    }
    int error = errno;
    if (error == EPERM || error == EOPNOTSUPP || error == EMLINK) {
        if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0)
            return {};
        error = errno;
    }
    ::unlink(temporary.c_str());
    return fail(errno_error(error, "create", path));
}

class LocalLock final : public FileLock {
  public:
    explicit LocalLock(Fd fd) : fd_(std::move(fd)) {}

  private:
    Fd fd_;  // closing it frees the lock
};

}  // namespace

Result<std::unique_ptr<File>> LocalFileSystem::open(const std::string& path, OpenOptions options) {
    int flags = 0;
    switch (options.mode) {
        case OpenMode::kRead:
            flags = O_RDONLY;
            break;
        case OpenMode::kReadWrite:
            flags = O_RDWR;
            break;
        case OpenMode::kCreate:
            flags = O_RDWR | O_CREAT;
            break;
        case OpenMode::kCreateNew:
            flags = O_RDWR | O_CREAT | O_EXCL;
            break;
    }
    Fd fd = open_fd(path, flags);
    if (!fd.valid()) return fail(errno_error(errno, "open", path));
    struct stat st{};
    if (::fstat(fd.get(), &st) != 0) return fail(errno_error(errno, "stat", path));
    if (S_ISDIR(st.st_mode)) return fail(errno_error(EISDIR, "open", path));
    // Set afterwards, because open with O_CREAT | O_DIRECT creates the file even where it then
    // fails with EINVAL.
    if (options.direct && ::fcntl(fd.get(), F_SETFL, O_DIRECT) != 0 && errno != EINVAL)
        return fail(errno_error(errno, "open with O_DIRECT", path));
    return std::make_unique<LocalFile>(std::move(fd), path);
}

Result<std::string> LocalFileSystem::read_all(const std::string& path) {
    TARN_TRY(auto file, open(path, {}));
    TARN_TRY(auto size, file->size());
    std::string out;
    size_t done = 0;
    // One byte more than the size: a full read means the file has grown meanwhile.
    for (size_t want = size + 1;; want *= 2) {
        out.resize(want);
        TARN_TRY(auto got, file->read_at(done, out.data() + done, want - done));
        done += got;
        if (done < want) break;
    }
    out.resize(done);
    return out;
}

Status LocalFileSystem::put_if_absent(const std::string& path, std::string_view bytes) {
    if (::access(path.c_str(), F_OK) == 0) return fail(errno_error(EEXIST, "create", path));
    TARN_TRY(auto temporary, write_beside(path, bytes));
    TARN_RETURN_IF_ERROR(name_if_absent(temporary, path));
    return sync_folder(parent_path(path));
}

Status LocalFileSystem::replace(const std::string& path, std::string_view bytes) {
    TARN_TRY(auto temporary, write_beside(path, bytes));
    auto status = rename(temporary, path);
    if (!status) {
        ::unlink(temporary.c_str());
        return status;
    }
    return sync_folder(parent_path(path));
}

Status LocalFileSystem::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        return fail(errno_error(errno, "rename to " + to, from));
    return {};
}

Status LocalFileSystem::remove(const std::string& path) {
    if (::remove(path.c_str()) != 0) return fail(errno_error(errno, "remove", path));
    return {};
}

Status LocalFileSystem::remove_tree(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail(errno_error(error.value(), "remove", path));
    return {};
}

Result<FileInfo> LocalFileSystem::stat(const std::string& path) {
    struct stat st{};
    if (::stat(path.c_str(), &st) != 0) return fail(errno_error(errno, "stat", path));
    return info_of(file_name(path), st);
}

Result<std::vector<FileInfo>> LocalFileSystem::list(const std::string& folder) {
    std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
    if (!dir) return fail(errno_error(errno, "list", folder));
    std::vector<FileInfo> out;
    for (;;) {
        errno = 0;
        const auto* entry = ::readdir(dir.get());
        if (!entry && errno != 0) return fail(errno_error(errno, "list", folder));
        if (!entry) break;
        std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat st{};
        if (::fstatat(::dirfd(dir.get()), name.c_str(), &st, 0) != 0) {
            if (errno == ENOENT) continue;  // gone since
            return fail(errno_error(errno, "stat", folder + "/" + name));
        }
        out.push_back(info_of(std::move(name), st));
    }
    std::ranges::sort(out, {}, &FileInfo::name);
    return out;
}

Status LocalFileSystem::create_folders(const std::string& path) {
    struct stat st{};
    if (::stat(path.c_str(), &st) == 0) {
        if (S_ISDIR(st.st_mode)) return {};
        return fail(errno_error(ENOTDIR, "create folder", path).id(),
                    "cannot create folder " + path + ": a file has that name. Choose another one");
    }
    auto parent = parent_path(path);
    if (parent != path) TARN_RETURN_IF_ERROR(create_folders(parent));
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
        return fail(errno_error(errno, "create folder", path));
    return sync_folder(parent);
}

Status LocalFileSystem::sync_folder(const std::string& path) {
    Fd fd = open_fd(path, O_RDONLY | O_DIRECTORY);
    if (!fd.valid()) return fail(errno_error(errno, "open folder", path));
    if (::fsync(fd.get()) != 0) return fail(errno_error(errno, "sync folder", path));
    return {};
}

Result<std::unique_ptr<FileLock>> LocalFileSystem::lock(const std::string& path) {
    Fd fd = open_fd(path, O_RDWR | O_CREAT);
    if (!fd.valid()) return fail(errno_error(errno, "open", path));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail(errno_error(errno, "lock", path));
        std::array<char, 32> text{};
        auto n = ::pread(fd.get(), text.data(), text.size(), 0);
        long pid = 0;
        if (n > 0) std::from_chars(text.data(), text.data() + n, pid);
        auto holder = pid > 0 ? fmt::format("process {}", pid) : std::string("another process");
        return fail(errors::kDataFolderInUse, fmt::format("{} is locked by {}", path, holder));
    }
    if (::ftruncate(fd.get(), 0) != 0) return fail(errno_error(errno, "truncate", path));
    TARN_RETURN_IF_ERROR(write_all(fd.get(), 0, fmt::format("{}\n", ::getpid()), path));
    return std::make_unique<LocalLock>(std::move(fd));
}

Result<uint64_t> LocalFileSystem::free_bytes(const std::string& path) {
    struct statvfs st{};
    if (::statvfs(path.c_str(), &st) != 0) return fail(errno_error(errno, "stat", path));
    return uint64_t(st.f_bavail) * st.f_frsize;
}

}  // namespace tarn::io
