#include "table_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace tarn::flow {
namespace {

constexpr size_t kBatchRows = 61'440;  // 30 vectors of DuckDB's
constexpr size_t kVersionsKept = 64;   // lists of files, for flows that follow each other

}  // namespace

void TableReader::need(const std::vector<std::string>& columns) {
    MutexLock lock(mutex_);
    columns_.insert(columns.begin(), columns.end());
}

Result<std::shared_ptr<const lake::AddedFiles>> TableReader::added_locked(int64_t version) {
    if (auto it = added_.find(version); it != added_.end()) return it->second;
    TARN_TRY(auto files, lake_.added(table_, version));
    auto kept = std::make_shared<const lake::AddedFiles>(std::move(files));
    added_[version] = kept;
    while (added_.size() > kVersionsKept)
        added_.erase(added_.begin());
    return kept;
}

Result<std::shared_ptr<const lake::AddedFiles>> TableReader::added(int64_t version) {
    MutexLock lock(mutex_);
    return added_locked(version);
}

Result<InputBatchPtr> TableReader::read(Position at) {
    MutexLock lock(mutex_);
    if (auto it = slices_.find(at); it != slices_.end()) return it->second.slice;
    TARN_TRY(auto added, added_locked(at.at));
    if (size_t(at.within) >= added->files.size())
        return fail(ErrorCode::kNotFound,
                    fmt::format("version {} of table {} has no file {}", at.at, table_, at.within));
    if (!session_) {
        TARN_TRY(session_, engine_.session());
    }
    const auto& file = added->files[size_t(at.within)];
    auto slice = std::make_shared<InputBatch>();
    slice->from = at;
    slice->to = {at.at, at.within + 1};
    slice->arrived = added->time;
    slice->bytes = size_t(file->size);
    const std::vector<std::string> columns(columns_.begin(), columns_.end());
    auto rows = lake_.read(*session_, table_, {file}, columns, kBatchRows);
    if (!rows) {
        session_.reset();
        return fail(std::move(rows).error());
    }
    slice->rows = std::move(*rows);
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
    while (!added_.empty() && added_.begin()->first < lowest.at)
        added_.erase(added_.begin());
}

}  // namespace tarn::flow
