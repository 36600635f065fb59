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
                spares_.push_back({path, f.size});
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

// Disk space for a file that has so many bytes, up to the limit.
Status SegmentFiles::reserve(io::File& file, uint64_t has, uint64_t bytes) {
    limit_reached_ = disk_bytes_ + (bytes - has) > options_.disk_limit_bytes;
    if (limit_reached_) {
        return fail(errors::kLogDiskLimit,
                    fmt::format("the log has reached its disk limit of {} bytes; raise it or "
                                "shorten the retention of a topic",
                                options_.disk_limit_bytes));
    }
    TARN_RETURN_IF_ERROR(file.allocate(bytes));
    disk_bytes_ += bytes - has;
    return {};
}

Result<SegmentFiles::Spare> SegmentFiles::create_spare(uint64_t bytes) {
    auto path = fmt::format("{}/{}{}", options_.folder, kSparePrefix, next_spare_++);
    TARN_TRY(auto file, fs_.open(path, {.mode = io::OpenMode::kCreateNew, .direct = true}));
    if (auto status = reserve(*file, 0, bytes); !status) {
        file.reset();
        (void)fs_.remove(path);
        return fail(std::move(status).error());
    }
    return Spare{path, bytes};
}

Result<SegmentFiles::Spare> SegmentFiles::take_spare(bool whole) {
    if (spares_.empty()) {
        const auto first = std::min(options_.first_bytes, options_.segment_bytes);
        auto made = create_spare(whole ? options_.segment_bytes : first);
        const bool full = !made && made.error().code() == ErrorCode::kResourceExhausted;
        return full && whole && first < options_.segment_bytes ? create_spare(first) : made;
    }
    auto spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
}

Result<uint64_t> SegmentFiles::grow(io::File& file, uint64_t has, uint64_t need) {
    MutexLock lock(mutex_);
    auto wanted = std::min(std::max(2 * has, need), options_.segment_bytes);
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.segment.before_grow"));
    auto status = reserve(file, has, wanted);
    if (!status && status.error().code() == ErrorCode::kResourceExhausted && need < wanted) {
        wanted = need;  // what is left of the disk is used
        status = reserve(file, has, wanted);
    }
    TARN_RETURN_IF_ERROR(status);
    return wanted;
}

Result<uint64_t> SegmentFiles::trim(uint64_t number, uint64_t end) {
    MutexLock lock(mutex_);
    auto path = path_of(number);
    TARN_TRY(auto info, fs_.stat(path));
    if (info.size <= end || end >= options_.segment_bytes / 4 * 3) return info.size;
    TARN_TRY(auto file, fs_.open(path, {.mode = io::OpenMode::kReadWrite}));
    TARN_RETURN_IF_ERROR(failpoints_.hit("log.segment.before_trim"));
    TARN_RETURN_IF_ERROR(file->truncate(end));
    disk_bytes_ -= std::min(disk_bytes_, info.size - end);
    return end;
}

Status SegmentFiles::prepare_spare() {
    MutexLock lock(mutex_);
    if (!spares_.empty()) return {};
    bool limit_reached = limit_reached_;
    auto spare = create_spare(options_.segment_bytes);
    if (!spare) {
        limit_reached_ = limit_reached;
        if (spare.error().code() == ErrorCode::kResourceExhausted) return {};
        return fail(spare.error());
    }
    spares_.push_back(std::move(*spare));
    return {};
}

Result<SegmentFiles::Opened> SegmentFiles::open_segment(const SegmentHeader& header,
                                                        BufferPool& pool, bool whole) {
    MutexLock lock(mutex_);
    TARN_TRY(auto spare, take_spare(whole));
    Opened opened{path_of(header.number), nullptr, nullptr, spare.bytes};
    TARN_TRY(opened.writer,
             fs_.open(spare.path, {.mode = io::OpenMode::kReadWrite, .direct = true}));
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
    TARN_RETURN_IF_ERROR(fs_.rename(spare.path, opened.path));
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
        spares_.push_back({std::move(spare), info.size});
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

bool SegmentFiles::limit_reached() const {
    MutexLock lock(mutex_);
    return limit_reached_;
}

}  // namespace tarn::log
