#include "segment_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "segment.h"

namespace tarn::errors {
extern const ErrorId kLogDiskLimit;
}  // namespace tarn::errors

namespace tarn::log {
namespace {

constexpr std::string_view kSparePrefix = "spare-";

std::optional<uint64_t> parse_number(std::string_view text, int base) {
    uint64_t n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n, base);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return n;
}

std::optional<uint64_t> number_of(std::string_view name, std::string_view suffix) {
    if (name.size() != 16 + suffix.size() || !name.ends_with(suffix)) return {};
    return parse_number(name.substr(0, 16), 16);
}

}  // namespace

std::string SegmentFiles::path_of(uint64_t number) const {
    return fmt::format("{}/{:016x}.seg", options_.folder, number);
}

Result<std::vector<uint64_t>> SegmentFiles::load() {
    MutexLock lock(mutex_);
    TARN_TRY(auto files, fs_.list(options_.folder));
    std::set<uint64_t> numbers;
    for (auto& f : files) {
        if (auto number = number_of(f.name, ".seg")) {
            numbers.insert(*number);
            disk_bytes_ += f.size;
        }
    }
    for (auto& f : files) {
        auto path = options_.folder + "/" + f.name;
        if (f.name.starts_with(kSparePrefix)) {
            auto n = parse_number(std::string_view(f.name).substr(kSparePrefix.size()), 10);
            if (n) next_spare_ = std::max(next_spare_, *n + 1);
            if (n && f.size == options_.segment_bytes && spares_.size() < options_.max_spares) {
                spares_.push_back(path);
                disk_bytes_ += f.size;
            } else {
                TARN_RETURN_IF_ERROR(fs_.remove(path));
            }
        } else if (auto number = number_of(f.name, ".idx"); number && !numbers.contains(*number)) {
            TARN_RETURN_IF_ERROR(fs_.remove(path));
        }
    }
    return std::vector<uint64_t>(numbers.begin(), numbers.end());
}

Result<std::string> SegmentFiles::create_spare() {
    limit_reached_ = disk_bytes_ + options_.segment_bytes > options_.disk_limit_bytes;
    if (limit_reached_) {
        return fail(errors::kLogDiskLimit,
                    fmt::format("the log has reached its disk limit of {} bytes; raise it or "
                                "shorten the retention of a topic",
                                options_.disk_limit_bytes));
    }
    auto path = fmt::format("{}/{}{}", options_.folder, kSparePrefix, next_spare_++);
    TARN_TRY(auto file, fs_.open(path, {.mode = io::OpenMode::kCreateNew, .direct = true}));
    if (auto status = file->allocate(options_.segment_bytes); !status) {
        file.reset();
        (void)fs_.remove(path);
        return fail(std::move(status).error());
    }
    disk_bytes_ += options_.segment_bytes;
    return path;
}

Result<std::string> SegmentFiles::take_spare() {
    if (spares_.empty()) return create_spare();
    auto path = std::move(spares_.back());
    spares_.pop_back();
    return path;
}

Status SegmentFiles::prepare_spare() {
    MutexLock lock(mutex_);
    if (!spares_.empty()) return {};
    bool limit_reached = limit_reached_;
    auto path = create_spare();
    if (!path) {
        limit_reached_ = limit_reached;
        if (path.error().code() == ErrorCode::kResourceExhausted) return {};
        return fail(path.error());
    }
    spares_.push_back(*path);
    return {};
}

Result<SegmentFiles::Opened> SegmentFiles::open_segment(const SegmentHeader& header,
                                                        BufferPool& pool) {
    MutexLock lock(mutex_);
    TARN_TRY(auto spare, take_spare());
    Opened opened{path_of(header.number), nullptr, nullptr};
    TARN_TRY(opened.writer, fs_.open(spare, {.mode = io::OpenMode::kReadWrite, .direct = true}));
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.segment.before_header"));
    auto page = pool.get(kPage);
    std::memcpy(page.get(), encode_segment_header(header).data(), kPage);
    if (auto status = opened.writer->write_at(0, {page.get(), kPage}); !status) {
        spares_.push_back(spare);
        return fail(std::move(status).error());
    }
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.segment.before_sync"));
    TARN_RETURN_IF_ERROR(opened.writer->sync());
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.segment.before_rename"));
    TARN_RETURN_IF_ERROR(fs_.rename(spare, opened.path));
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.segment.before_folder_sync"));
    TARN_RETURN_IF_ERROR(fs_.sync_folder(options_.folder));
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.segment.opened"));
    TARN_TRY(opened.reader, fs_.open(opened.path, {}));
    return opened;
}

Status SegmentFiles::retire(uint64_t number) {
    MutexLock lock(mutex_);
    auto path = path_of(number);
    TARN_TRY(auto info, fs_.stat(path));
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.free.before_rename"));
    bool reuse = info.size == options_.segment_bytes && spares_.size() < options_.max_spares;
    if (reuse) {
        auto spare = fmt::format("{}/{}{}", options_.folder, kSparePrefix, next_spare_++);
        TARN_RETURN_IF_ERROR(fs_.rename(path, spare));
        // Its old name must not come back once another header stands in it.
        TARN_RETURN_IF_ERROR(fs_.sync_folder(options_.folder));
        spares_.push_back(std::move(spare));
    } else {
        TARN_RETURN_IF_ERROR(fs_.remove(path));
        disk_bytes_ -= std::min(disk_bytes_, info.size);
    }
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.free.after_rename"));
    auto index = fs_.remove(index_path(path));
    if (!index && index.error().code() != ErrorCode::kNotFound) return index;
    return {};
}

uint64_t SegmentFiles::disk_bytes() const {
    MutexLock lock(mutex_);
    return disk_bytes_;
}

void SegmentFiles::count_shrunk(uint64_t bytes) {
    MutexLock lock(mutex_);
    disk_bytes_ -= std::min(disk_bytes_, bytes);
}

bool SegmentFiles::limit_reached() const {
    MutexLock lock(mutex_);
    return limit_reached_;
}

}  // namespace tarn::log
