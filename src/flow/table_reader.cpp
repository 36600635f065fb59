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
    if (files.files.size() >= size_t(1) << TablePosition::kFileBits)
        return fail(ErrorCode::kUnsupported,
                    fmt::format("version {} of table {} has {} files, which is more than a flow "
                                "can read of one version",
                                version, table_, files.files.size()));
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

Result<std::shared_ptr<const Slice>> TableReader::read(TablePosition at) {
    MutexLock lock(mutex_);
    if (auto it = slices_.find(at.packed()); it != slices_.end()) return it->second.slice;
    TARN_TRY(auto added, added_locked(at.version));
    if (size_t(at.file) >= added->files.size())
        return fail(ErrorCode::kNotFound, fmt::format("version {} of table {} has no file {}",
                                                      at.version, table_, at.file));
    if (!session_) {
        TARN_TRY(session_, engine_.session());
    }
    const auto& file = added->files[size_t(at.file)];
    auto slice = std::make_shared<Slice>();
    slice->at = at;
    slice->committed = added->time;
    slice->bytes = uint64_t(file->size);
    const std::vector<std::string> columns(columns_.begin(), columns_.end());
    auto rows = lake_.read(*session_, table_, {file}, columns, kBatchRows);
    if (!rows) {
        session_.reset();
        return fail(std::move(rows).error());
    }
    slice->batches = std::move(*rows);
    for (const auto& batch : slice->batches)
        slice->rows += int64_t(batch->row_count);
    keep(slice);
    return std::shared_ptr<const Slice>(slice);
}

void TableReader::keep(const std::shared_ptr<const Slice>& slice) {
    if (passed_.size() < 2) return;  // nobody to share with
    for (const auto& [consumer, at] : passed_)
        if (at > slice->at.packed()) return;  // a laggard reads for itself
    int64_t bytes = 0;
    for (const auto& batch : slice->batches)
        bytes += int64_t(batch->memory_bytes());
    auto reservation = cache_.reserve(size_t(bytes));
    while (!reservation && !slices_.empty() && slices_.begin()->first < slice->at.packed()) {
        slices_.erase(slices_.begin());
        reservation = cache_.reserve(size_t(bytes));
    }
    if (!reservation) return;
    slices_.emplace(slice->at.packed(), Cached{slice, std::move(*reservation)});
}

int TableReader::add_consumer() {
    MutexLock lock(mutex_);
    passed_[++last_consumer_] = 0;
    return last_consumer_;
}

void TableReader::remove_consumer(int consumer) {
    MutexLock lock(mutex_);
    passed_.erase(consumer);
}

void TableReader::passed(int consumer, int64_t packed) {
    MutexLock lock(mutex_);
    passed_[consumer] = packed;
    int64_t lowest = packed;
    for (const auto& [other, at] : passed_)
        lowest = std::min(lowest, at);
    while (!slices_.empty() && slices_.begin()->first < lowest)
        slices_.erase(slices_.begin());
    while (!added_.empty() && added_.begin()->first < TablePosition::of(lowest).version)
        added_.erase(added_.begin());
}

}  // namespace tarn::flow
