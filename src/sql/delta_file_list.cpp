#include "delta_file_list.h"

#include <duckdb/common/multi_file/multi_file_data.hpp>

#include <algorithm>
#include <numeric>

#include "delta_bounds.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/statistics.h"
#include "tarn/sql/delta_files.h"

namespace tarn::sql {

using namespace duckdb;  // NOLINT: this file is an adapter of DuckDB

Value partition_value(const ScanState& state, const delta::AddFile& file, const string& column,
                      const LogicalType& type) {
    if (state.numbered && column == kFileNumberColumn) {
        const auto number = state.numbers.find(&file);
        return number == state.numbers.end() ? Value(type) : Value::BIGINT(number->second);
    }
    const bool id = column == kFileIdColumn;
    if (state.has_places && (id || column == kFileVersionColumn)) {
        const auto& number = id ? file.base_row_id : file.default_row_commit_version;
        return number ? Value::BIGINT(*number) : Value(type);
    }
    auto text = delta::find(file.partition_values, state.physical.at(column));
    // An empty text is NULL (PROTOCOL.md "Partition Value Serialization").
    if (!text || text->empty()) return Value(type);
    if (type.id() == LogicalTypeId::BLOB) return Value::BLOB_RAW(*text);
    return Value(*text).DefaultCastAs(type);
}

ColumnFilters::ColumnFilters(const ScanState& state, const vector<string>& names,
                             const vector<column_t>& column_ids, const TableFilterSet& filters) {
    for (const auto& [at, filter] : filters.filters) {
        const auto column = column_ids[at];
        if (IsVirtualColumn(column) || column >= names.size()) continue;
        tests.emplace_back(column, filter.get());
        physical.push_back(state.physical.at(names[column]));
    }
}

bool possible(const ScanState& state, const delta::AddFile& file, const vector<string>& names,
              const vector<LogicalType>& types, const ColumnFilters& filters) {
    const auto ranges = delta::read_statistics(file.stats, filters.physical);
    for (size_t i = 0; i < filters.tests.size(); ++i) {
        const auto& name = names[filters.tests[i].first];
        const auto& type = types[filters.tests[i].first];
        if (state.numbered && name == kFileNumberColumn && !state.numbers.contains(&file)) continue;
        unique_ptr<BaseStatistics> statistics;
        if (state.constant(file, name)) {
            const auto value = partition_value(state, file, name, type);
            statistics = make_statistics(type, value, value, value.IsNull(), !value.IsNull());
        } else if (type.IsJSONType()) {
            continue;  // bounds of a variant are not those of its text
        } else {
            const auto& range = ranges[i];
            const bool all_null = range.nulls && file.records >= 0 && *range.nulls == file.records;
            statistics = make_statistics(type, bound_value(range.min, type, false),
                                         bound_value(range.max, type, true),
                                         range.nulls.value_or(1) != 0, !all_null);
        }
        if (filters.tests[i].second->CheckStatistics(*statistics) ==
            FilterPropagateResult::FILTER_ALWAYS_FALSE)
            return false;
    }
    return true;
}

void SnapshotFiles::set(std::shared_ptr<const ScanState> state) {
    state_ = std::move(state);
    ids_.resize(state_->files.size());
    std::iota(ids_.begin(), ids_.end(), 0);
}

vector<OpenFileInfo> SnapshotFiles::GetAllFiles() const {
    vector<OpenFileInfo> out;
    for (idx_t i = 0; i < ids_.size(); ++i)
        out.push_back(GetFile(i));
    return out;
}

FileExpandResult SnapshotFiles::GetExpandResult() const {
    return ids_.empty()       ? FileExpandResult::NO_FILES
           : ids_.size() == 1 ? FileExpandResult::SINGLE_FILE
                              : FileExpandResult::MULTIPLE_FILES;
}

unique_ptr<NodeStatistics> SnapshotFiles::GetCardinality(ClientContext&) const {
    idx_t rows = 0;
    for (idx_t i = 0; i < ids_.size(); ++i) {
        const auto only = state_->only.find(&file(i));
        rows += only != state_->only.end() ? idx_t(only->second->size())
                                           : idx_t(std::max<int64_t>(0, file(i).live_rows()));
    }
    return make_uniq<NodeStatistics>(std::max<idx_t>(rows, state_->planned_rows));
}

unique_ptr<MultiFileList> SnapshotFiles::Copy() const {
    return make_uniq<SnapshotFiles>(path, state_, ids_);
}

unique_ptr<MultiFileList> SnapshotFiles::DynamicFilterPushdown(ClientContext&,
                                                               const MultiFileOptions&,
                                                               const vector<string>& names,
                                                               const vector<LogicalType>& types,
                                                               const vector<column_t>& column_ids,
                                                               TableFilterSet& filters) const {
    const ColumnFilters wanted(*state_, names, column_ids, filters);
    std::vector<idx_t> keep;
    for (auto id : ids_)
        if (possible(*state_, *state_->files[id], names, types, wanted)) keep.push_back(id);
    if (keep.size() == ids_.size()) return nullptr;
    return make_uniq<SnapshotFiles>(path, state_, std::move(keep));
}

OpenFileInfo SnapshotFiles::GetFile(idx_t i) const {
    if (i >= ids_.size()) return OpenFileInfo();  // an empty path is the end
    auto& add = file(i);
    auto& root = state_->snapshot->root;
    OpenFileInfo info("tarn://" + delta::disk_path(delta::canonical_path(add.path, root), root));
    info.extended_info = make_shared_ptr<ExtendedOpenFileInfo>();
    auto& options = info.extended_info->options;
    options["has_deletes"] = Value::BOOLEAN(
        bool(add.deletion_vector) || state_->only.contains(&add) || state_->without.contains(&add));
    options["validate_external_file_cache"] = Value::BOOLEAN(false);  // data files never change
    return info;
}

}  // namespace tarn::sql
