#include "tarn/io/quota.h"

#include <fmt/format.h>

#include "tarn/base/settings.h"

namespace tarn::io {
namespace {

constexpr Duration kLookEvery = Duration::millis(200);

class QuotaFile final : public File {
  public:
    QuotaFile(std::unique_ptr<File> file, QuotaFileSystem& quota)
        : file_(std::move(file)), quota_(quota) {}
    Result<size_t> read_at(uint64_t offset, char* to, size_t n) override {
        return file_->read_at(offset, to, n);
    }
    Status write_at(uint64_t offset, std::string_view bytes) override {
        TARN_RETURN_IF_ERROR(quota_.take(bytes.size()));
        return file_->write_at(offset, bytes);
    }
    Status sync() override { return file_->sync(); }
    Result<uint64_t> size() override { return file_->size(); }
    Status truncate(uint64_t size) override { return file_->truncate(size); }
    Status allocate(uint64_t size) override {
        TARN_TRY(auto old_size, file_->size());
        if (size > old_size) TARN_RETURN_IF_ERROR(quota_.take(size - old_size));
        return file_->allocate(size);
    }

  private:
    std::unique_ptr<File> file_;
    QuotaFileSystem& quota_;
};

}  // namespace

uint64_t folder_bytes(FileSystem& fs, const std::string& folder) {
    uint64_t bytes = 0;
    auto files = fs.list(folder);
    if (!files) return 0;
    for (const auto& file : *files)
        bytes += file.folder ? folder_bytes(fs, folder + "/" + file.name) : file.size;
    return bytes;
}

QuotaFileSystem::QuotaFileSystem(FileSystem& fs, Clock& clock, std::string folder)
    : fs_(fs), clock_(clock), folder_(std::move(folder)) {}

void QuotaFileSystem::look() {
    auto now = clock_.monotonic_us();
    if (now - looked_us_ < kLookEvery.us) return;
    looked_us_ = now;
    auto text = fs_.read_all(folder_ + "/QUOTA");
    unreadable_.clear();
    limited_ = false;
    if (!text) return;
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r' || text->back() == ' '))
        text->pop_back();
    auto bytes = parse_bytes(*text);
    if (!bytes) {
        unreadable_ = bytes.error().message();
        return;
    }
    quota_ = uint64_t(*bytes);
    limited_ = true;
    used_ = folder_bytes(fs_, folder_);
}

Status QuotaFileSystem::take(uint64_t bytes) {
    MutexLock lock(mutex_);
    look();
    if (!unreadable_.empty())
        return fail(ErrorCode::kResourceExhausted,
                    fmt::format("{}/QUOTA cannot be read, so nothing is written: {}", folder_,
                                unreadable_));
    if (!limited_) return {};
    if (used_ + bytes > quota_)
        return fail(ErrorCode::kResourceExhausted,
                    fmt::format("the data folder's quota is reached: {} of {} bytes are used; free "
                                "some, or raise or remove {}/QUOTA",
                                used_, quota_, folder_));
    used_ += bytes;
    return {};
}

Result<std::unique_ptr<File>> QuotaFileSystem::open(const std::string& path, OpenOptions options) {
    TARN_TRY(auto file, fs_.open(path, options));
    if (options.mode == OpenMode::kRead) return file;
    return std::make_unique<QuotaFile>(std::move(file), *this);
}

Result<std::string> QuotaFileSystem::read_all(const std::string& path) {
    return fs_.read_all(path);
}

Status QuotaFileSystem::put_if_absent(const std::string& path, std::string_view bytes) {
    // Who asks for a name that is taken learns that, not that the disk is full.
    if (!fs_.exists(path)) TARN_RETURN_IF_ERROR(take(bytes.size()));
    return fs_.put_if_absent(path, bytes);
}

Status QuotaFileSystem::replace(const std::string& path, std::string_view bytes) {
    TARN_RETURN_IF_ERROR(take(bytes.size()));
    return fs_.replace(path, bytes);
}

Status QuotaFileSystem::rename(const std::string& from, const std::string& to) {
    return fs_.rename(from, to);
}

Status QuotaFileSystem::remove(const std::string& path) { return fs_.remove(path); }

Status QuotaFileSystem::remove_tree(const std::string& path) { return fs_.remove_tree(path); }

Result<FileInfo> QuotaFileSystem::stat(const std::string& path) { return fs_.stat(path); }

Result<std::vector<FileInfo>> QuotaFileSystem::list(const std::string& folder) {
    return fs_.list(folder);
}

Status QuotaFileSystem::create_folders(const std::string& path) { return fs_.create_folders(path); }

Status QuotaFileSystem::sync_folder(const std::string& path) { return fs_.sync_folder(path); }

Result<std::unique_ptr<FileLock>> QuotaFileSystem::lock(const std::string& path) {
    return fs_.lock(path);
}

Result<uint64_t> QuotaFileSystem::free_bytes(const std::string& path) {
    return fs_.free_bytes(path);
}

}  // namespace tarn::io
