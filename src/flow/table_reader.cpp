#include "table_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "source.h"

namespace tarn::flow {
namespace {

constexpr size_t kBatchRows = 61'440;  // 30 vectors of DuckDB's
constexpr size_t kVersionsKept = 64;   // lists of files, for flows that follow each other

}  // namespace

void TableReader::need(const std::vector<std::string>& columns) {
    MutexLock lock(mutex_);
    columns_.insert(columns.begin(), columns.end());
}

size_t TableReader::index(Position at) {
    return size_t(at.within < 0 ? at.within - kAllThatStands : at.within);
}

Result<TableReader::Files> TableReader::files_locked(Position at) {
    const bool whole = at.within < 0;
    const Position first{at.at, whole ? kAllThatStands : 0};
    if (auto it = files_.find(first); it != files_.end()) return it->second;
    lake::TableChanges files;
    if (!changes_) {
        TARN_TRY(static_cast<lake::AddedFiles&>(files), lake_.added(table_, at.at));
    } else {
        TARN_TRY(files, whole ? lake_.whole(table_, at.at) : lake_.changes(table_, at.at));
    }
    auto kept = std::make_shared<const lake::TableChanges>(std::move(files));
    files_[first] = kept;
    while (files_.size() > kVersionsKept)
        files_.erase(files_.begin());
    return kept;
}

Result<TableReader::Files> TableReader::files(Position at) {
    MutexLock lock(mutex_);
    return files_locked(at);
}

Status TableReader::read_rows(const lake::TableChanges& files, size_t file, InputBatch& slice) {
    if (!session_) {
        TARN_TRY(session_, engine_.session());
    }
    const std::vector<std::string> columns(columns_.begin(), columns_.end());
    auto read = [&]() -> Status {
        if (!changes_) {
            TARN_TRY(slice.rows,
                     lake_.read(*session_, table_, {files.files[file]}, columns, kBatchRows));
            return {};
        }
        TARN_TRY(auto changed,
                 lake_.read_changes(*session_, table_, files, file, columns, kBatchRows));
        slice.rows = std::move(changed.rows);
        slice.went = changed.went;
        return {};
    }();
    if (!read) session_.reset();
    return read;
}

Result<InputBatchPtr> TableReader::read(Position at) {
    MutexLock lock(mutex_);
    if (auto it = slices_.find(at); it != slices_.end()) return it->second.slice;
    TARN_TRY(auto files, files_locked(at));
    const auto file = index(at);
    if (file >= files->files.size())
        return fail(ErrorCode::kNotFound,
                    fmt::format("version {} of table {} has no file {}", at.at, table_, file));
    auto slice = std::make_shared<InputBatch>();
    slice->from = at;
    slice->to = {at.at, at.within + 1};
    slice->arrived = files->time;
    slice->bytes = size_t(files->files[file]->size);
    TARN_RETURN_IF_ERROR(read_rows(*files, file, *slice));
    for (const auto& batch : slice->rows)
        slice->count += int64_t(batch->row_count);
    keep(slice);
    return InputBatchPtr(slice);
}

void TableReader::keep(const InputBatchPtr& slice) {
    if (passed_.size() < 2) return;  // nobody to share with
    for (const auto& [consumer, at] : passed_)
        if (at > slice->from) return;  // a laggard reads for itself
    const auto bytes = slice->memory_bytes();
    auto reservation = cache_.reserve(bytes);
    while (!reservation && !slices_.empty() && slices_.begin()->first < slice->from) {
        slices_.erase(slices_.begin());
        reservation = cache_.reserve(bytes);
    }
    if (!reservation) return;
    slices_.emplace(slice->from, Cached{slice, std::move(*reservation)});
}

int TableReader::add_consumer() {
    MutexLock lock(mutex_);
    passed_[++last_consumer_] = {};
    return last_consumer_;
}

void TableReader::remove_consumer(int consumer) {
    MutexLock lock(mutex_);
    passed_.erase(consumer);
}

void TableReader::passed(int consumer, Position position) {
    MutexLock lock(mutex_);
    passed_[consumer] = position;
    auto lowest = position;
    for (const auto& [other, at] : passed_)
        lowest = std::min(lowest, at);
    while (!slices_.empty() && slices_.begin()->first < lowest)
        slices_.erase(slices_.begin());
    while (!files_.empty() && files_.begin()->first.at < lowest.at)
        files_.erase(files_.begin());
}

}  // namespace tarn::flow
