// Reading tables as they grow: what a version added, and the partitions that rows fall in.

#include <algorithm>

#include <fmt/format.h>

#include "lake_impl.h"
#include "tarn/delta/partition.h"
#include "tarn/sql/delta_files.h"

namespace tarn::lake {

static constexpr std::string_view kDeleteOperation = "DELETE";  // as Spark and delta-rs name it

const std::string& stored_name(const delta::Snapshot& snapshot, const std::string& column) {
    const auto* field = snapshot.schema->find(column);
    return field ? delta::physical_name(*field, snapshot.mapping()) : column;
}

const std::string* partition_value(const delta::Snapshot& snapshot, const delta::AddFile& file,
                                   const std::string& column) {
    const auto* value = delta::find(file.partition_values, stored_name(snapshot, column));
    return value && value->empty() ? nullptr : value;  // which is NULL, too
}

PartitionKey partition_of(const delta::Snapshot& snapshot, const delta::AddFile& file) {
    PartitionKey key;
    for (auto& name : snapshot.metadata->partition_columns) {
        auto* value = partition_value(snapshot, file, name);
        key.push_back(value ? std::optional(*value) : std::nullopt);
    }
    return key;
}

PartitionKey partition_identity(const delta::Snapshot& snapshot, PartitionKey key) {
    const auto& columns = snapshot.metadata->partition_columns;
    for (size_t i = 0; i < key.size(); ++i)
        if (const auto* field = snapshot.schema->find(columns[i]); field && key[i])
            key[i] = delta::partition_value_key(field->type, *key[i]);
    return key;
}

PartitionKey partition_identity(const delta::Snapshot& snapshot, const delta::AddFile& file) {
    return partition_identity(snapshot, partition_of(snapshot, file));
}

Result<std::set<PartitionKey>> partitions_of(const delta::Snapshot& snapshot,
                                             const BatchList& rows) {
    std::vector<int> columns;
    for (auto& name : snapshot.metadata->partition_columns) {
        columns.push_back(rows.empty() ? 0 : rows[0]->find(name));
        if (columns.back() < 0)
            return fail(ErrorCode::kInvalidArgument, "rows have no partition column " + name);
    }
    std::set<PartitionKey> out;
    for (auto& [key, part] : split_by_partition(rows, columns))
        out.insert(partition_identity(snapshot, key));
    return out;
}

int64_t Lake::Impl::held(std::string_view table) {
    MutexLock lock(mutex);
    int64_t oldest = INT64_MAX;
    if (auto it = holds.find(table); it != holds.end())
        for (auto& [owner, version] : it->second)
            oldest = std::min(oldest, version);
    return oldest;
}

void Lake::Impl::tell(const std::string& table) {
    MutexLock lock(listening);
    for (auto& [token, listener] : listeners)
        listener(table);
}

void Lake::set_hold(std::string_view owner, std::string_view table, int64_t version) {
    MutexLock lock(impl_->mutex);
    impl_->holds[std::string(table)][std::string(owner)] = version;
}

void Lake::release_holds(std::string_view owner) {
    MutexLock lock(impl_->mutex);
    for (auto& [table, owners] : impl_->holds)
        if (auto it = owners.find(owner); it != owners.end()) owners.erase(it);
}

uint64_t Lake::add_listener(std::function<void(const std::string&)> listener) {
    MutexLock lock(impl_->listening);
    impl_->listeners.emplace(++impl_->last_token, std::move(listener));
    return impl_->last_token;
}

void Lake::remove_listener(uint64_t token) {
    MutexLock lock(impl_->listening);
    impl_->listeners.erase(token);
}

Result<int64_t> Lake::version(std::string_view table) {
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    return snapshot->version;
}

Result<AddedFiles> Lake::files(std::string_view table) {
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    return AddedFiles{.version = snapshot->version,
                      .time = Timestamp::from_ms(snapshot->commit_ms),
                      .files = snapshot->files.all(),
                      .replaced = false};
}

Result<AddedFiles> Lake::added(std::string_view table, int64_t version) {
    TARN_TRY(auto entry, impl_->entry(table));
    auto actions = delta::read_commit(impl_->context.fs, entry->table.log_folder(), version);
    if (!actions) return fail(std::move(actions).error().with_context(std::string(table)));
    AddedFiles out{.version = version, .time = {}, .files = {}, .replaced = false};
    std::string operation = "an operation without a name";
    bool removed = false;
    for (auto& action : *actions) {
        if (auto info = std::get_if<delta::CommitInfo>(&action)) {
            operation = info->operation;
            out.time = Timestamp::from_ms(
                info->in_commit_timestamp_ms.value_or(info->timestamp_ms.value_or(0)));
        } else if (auto remove = std::get_if<delta::RemoveFile>(&action)) {
            removed = removed || remove->data_change;
        } else if (auto add = std::get_if<delta::AddFile>(&action)) {
            if (add->data_change)
                out.files.push_back(std::make_shared<const delta::AddFile>(std::move(*add)));
        }
    }
    out.replaced = operation == kReplaceTable;
    if (!removed || out.replaced) return out;
    // What a DELETE adds are files of the rows that it left, which are not new.
    if (operation == kDeleteOperation) {
        out.files.clear();
        impl_->context.logger.info(
            "rows of a table were deleted; flows that read it go on behind it",
            {{"table", table}, {"version", version}});
        return out;
    }
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("version {} of table {} took rows away or changed them ({}): a flow "
                            "reads tables that only grow",
                            version, table, operation));
}

Result<BatchList> Lake::read(sql::Session& session, std::string_view table, const FileList& files,
                             std::span<const std::string> columns, size_t batch_rows) {
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    return sql::read_delta_files(session, {snapshot, files}, columns, batch_rows);
}

Result<PartitionRows> Lake::read_partitions(sql::Session& session, std::string_view table,
                                            const BatchList& like,
                                            std::span<const std::string> columns) {
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    TARN_TRY(auto touched, partitions_of(*snapshot, like));
    sql::DeltaFiles files{snapshot, {}};
    snapshot->files.each([&](auto& file) {
        if (touched.contains(partition_identity(*snapshot, *file))) files.files.push_back(file);
    });
    PartitionRows out{.version = snapshot->version, .rows = {}};
    TARN_TRY(out.rows, sql::read_delta_files(session, files, columns, SIZE_MAX));
    return out;
}

}  // namespace tarn::lake
