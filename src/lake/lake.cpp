#include "tarn/lake/lake.h"

#include <fmt/format.h>

#include <algorithm>

#include "action.h"
#include "table_files.h"
#include "tarn/base/names.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/lake/error_ids.h"
#include "tarn/sql/checkpoint_io.h"

namespace tarn::errors {
extern const ErrorId kTableNameTaken;
extern const ErrorId kTableSchema;
}  // namespace tarn::errors

namespace tarn::lake {

std::string json_list(const std::vector<std::string>& values) {
    std::string out = "[";
    for (size_t i = 0; i < values.size(); ++i) {
        if (i) out += ',';
        delta::append_json_string(out, values[i]);
    }
    return out + "]";
}

std::string json_object(const std::map<std::string, std::string>& values) {
    std::string out = "{";
    for (auto& [key, value] : values) {
        if (out.size() > 1) out += ',';
        delta::append_json_string(out, key);
        out += ':';
        delta::append_json_string(out, value);
    }
    return out + "}";
}

namespace {

Status check_partitions(const TableSpec& spec) {
    for (auto& name : spec.partition_by) {
        auto named = [&](auto& column) { return column.name == name; };
        const auto column = std::ranges::find_if(spec.columns, named);
        if (column == spec.columns.end())
            return fail(ErrorCode::kInvalidArgument,
                        "table " + spec.name + " has no column to partition by: " + name);
        if (column->type.is_nested())
            return fail(errors::kTableSchema,
                        fmt::format("table {} cannot be partitioned by {}, which is {}: take a "
                                    "field of it as a column of its own",
                                    spec.name, name, codec::to_string(column->type)));
        if (std::count(spec.partition_by.begin(), spec.partition_by.end(), name) > 1)
            return fail(ErrorCode::kInvalidArgument,
                        "table " + spec.name + " is partitioned twice by " + name);
    }
    if (spec.partition_by.size() >= spec.columns.size())
        return fail(ErrorCode::kInvalidArgument,
                    "a table needs a column beside those it is partitioned by: " + spec.name);
    return {};
}

TableInfo info_of(std::string_view name, const delta::Snapshot& snapshot,
                  std::vector<codec::ColumnSpec> columns) {
    TableInfo out;
    out.name = name;
    out.path = snapshot.root;
    out.description = snapshot.metadata->description.value_or("");
    if (auto id = Uuid::parse(snapshot.metadata->id)) out.id = *id;
    out.version = snapshot.version;
    out.columns = std::move(columns);
    out.partition_by = snapshot.metadata->partition_columns;
    for (auto& [key, value] : snapshot.metadata->configuration)
        if (value) out.properties[key] = *value;
    out.files = snapshot.files.size();
    out.bytes = snapshot.bytes;
    out.rows = snapshot.uncounted ? -1 : snapshot.rows;
    out.created = Timestamp::from_ms(snapshot.metadata->created_ms.value_or(0));
    out.last_commit = Timestamp::from_ms(snapshot.commit_ms);
    return out;
}

}  // namespace

Result<TableInfo> describe_snapshot(std::string_view name, const delta::Snapshot& snapshot) {
    if (!snapshot.schema)
        return fail(ErrorCode::kCorrupted, "table " + std::string(name) + " has no schema");
    TARN_TRY(auto columns, delta::columns_of(*snapshot.schema));
    return info_of(name, snapshot, std::move(columns));
}

Lake::Impl::Impl(std::string folder, LakeContext c)
    : root(std::move(folder)),
      context(std::move(c)),
      checkpoints(sql::make_checkpoint_io(context.engine, context.fs)),
      later(context.later ? std::make_unique<Later>() : nullptr),
      appends(
          context.metrics.counter("tarn_lake_appends_total", "Appends committed to lake tables")),
      rows(context.metrics.counter("tarn_lake_rows_total", "Rows appended to lake tables")),
      bytes(context.metrics.counter("tarn_lake_bytes_total",
                                    "Bytes of data files appended to lake tables")),
      conflicts(context.metrics.counter("tarn_lake_lost_races_total",
                                        "Versions that another writer won")),
      duplicates(context.metrics.counter("tarn_lake_duplicates_total",
                                         "Appends left out since they were made before")),
      checkpoint_failures(context.metrics.counter("tarn_lake_checkpoint_failures_total",
                                                  "Checkpoints not written")),
      ahead(context.metrics.counter("tarn_lake_commits_ahead_total",
                                    "Commits whose time is more than a minute ahead of the clock, "
                                    "since the one before them was")) {}

std::string Lake::Impl::path_of(std::string_view name) const {
    auto dot = name.find('.');
    if (dot == name.npos) return root + "/" + std::string(name);
    return root + "/" + std::string(name.substr(0, dot)) + "/" + std::string(name.substr(dot + 1));
}

Result<std::shared_ptr<Entry>> Lake::Impl::entry(std::string_view name) {
    if (!is_table_name(name))
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("a table's name is schema.table, each of {}: {}", kNamePartRule, name));
    MutexLock lock(mutex);
    auto& slot = entries[std::string(name)];
    if (slot) return slot;
    delta::Table::Note note;
    if (later)
        note = [this](std::string path, std::string text) {
            later->put(path, [this, path, text = std::move(text)] { note_checksum(path, text); });
        };
    slot = std::make_shared<Entry>(context.fs, path_of(name), checkpoints.get(), std::move(note));
    return slot;
}

Result<std::shared_ptr<const delta::Snapshot>> Lake::Impl::snapshot(std::string_view name) {
    TARN_TRY(auto found, entry(name));
    auto snapshot = found->table.refresh();
    if (!snapshot && snapshot.error().code() == ErrorCode::kNotFound)
        return fail(errors::kNoTable, "no table " + std::string(name));
    return snapshot;
}

Uuid Lake::Impl::new_uuid() {
    MutexLock lock(mutex);
    return Uuid::make(context.random);
}

// Of a table that is to be made. Errors: kAlreadyExists, if one is there whose name differs from
// this in case alone; kInvalidArgument (SQL could not read it).
Status Lake::Impl::check_new_name(std::string_view name) {
    if (is_taken_by_sql(name))
        return fail(errors::kTableNameTaken,
                    fmt::format("no table can be called {}: SQL has tables of its own there, and "
                                "nobody could read it",
                                name));
    auto dot = name.find('.');
    auto schemas = context.fs.list(root);
    if (!schemas) return fail(std::move(schemas).error());
    for (const auto& schema : *schemas) {
        if (!schema.folder || !same_but_case(schema.name, name.substr(0, dot))) continue;
        auto tables = context.fs.list(root + "/" + schema.name);
        if (!tables) continue;  // dropped meanwhile
        for (const auto& table : *tables) {
            auto other = schema.name + "." + table.name;
            if (other == name || !same_but_case(other, name) ||
                !context.fs.exists(path_of(other) + "/_delta_log"))
                continue;
            return fail(ErrorCode::kAlreadyExists,
                        fmt::format("table {} would differ in case alone from {}, which is there",
                                    name, other));
        }
    }
    return {};
}

delta::StepHook Lake::Impl::steps() {
    return [this](std::string_view step) {
        return context.failpoints.hit("lake." + std::string(step));
    };
}

Lake::Lake(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Lake::~Lake() = default;

Result<std::unique_ptr<Lake>> Lake::open(std::string root, LakeContext context) {
    TARN_RETURN_IF_ERROR(context.fs.create_folders(root));
    return std::unique_ptr<Lake>(
        new Lake(std::make_unique<Impl>(std::move(root), std::move(context))));
}

Status Lake::ensure_table(const TableSpec& spec) {
    TARN_TRY(auto schema, delta::schema_of(spec.columns));
    TARN_RETURN_IF_ERROR(check_partitions(spec));
    TARN_TRY(auto entry, impl_->entry(spec.name));
    MutexLock lock(entry->appending);
    auto there = entry->table.refresh();
    if (!there && there.error().code() != ErrorCode::kNotFound)
        return fail(std::move(there).error());
    if (!there) {
        TARN_RETURN_IF_ERROR(impl_->check_new_name(spec.name));
        delta::CommitRequest request;
        request.time = impl_->context.clock.now();
        request.protocol = delta::protocol_of(schema);
        auto& metadata = request.metadata.emplace();
        metadata.id = impl_->new_uuid().str();
        metadata.name = spec.name;
        if (!spec.description.empty()) metadata.description = spec.description;
        metadata.schema = delta::schema_json(schema);
        metadata.partition_columns = spec.partition_by;
        for (auto& [key, value] : spec.properties)
            metadata.configuration.emplace_back(key, value);
        metadata.created_ms = request.time.ms();
        request.protocol =
            delta::with_properties(std::move(*request.protocol), metadata.configuration);
        TARN_RETURN_IF_ERROR(delta::check_writable(*request.protocol, metadata));
        request.info.operation = "CREATE TABLE";
        request.info.parameters = {{"partitionBy", json_list(spec.partition_by)},
                                   {"isManaged", "false"}};
        request.info.engine = kEngine;
        request.info.txn_id = impl_->new_uuid().str();
        request.info.blind_append = true;
        TARN_RETURN_IF_ERROR(impl_->context.failpoints.hit("lake.before_create"));
        auto created = entry->table.create(std::move(request));
        if (created) return impl_->context.failpoints.hit("lake.after_create");
        if (created.error().code() != ErrorCode::kAlreadyExists)
            return fail(std::move(created).error());
        there = entry->table.refresh();  // someone else made it meanwhile
        if (!there) return fail(std::move(there).error());
    }
    return impl_->evolve(*entry, spec, *there);
}

Result<AppendOutcome> Lake::append(AppendRequest request) {
    TARN_TRY(auto entry, impl_->entry(request.table));
    MutexLock lock(entry->appending);
    const auto& action = request.replace_at >= 0 ? overwrite_partitions_action() : append_action();
    return Write(*impl_, *entry, request, action).run();
}

Result<int64_t> Lake::txn_version(std::string_view table, std::string_view app_id) {
    TARN_TRY(auto entry, impl_->entry(table));
    MutexLock lock(entry->appending);
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    auto version = snapshot->transaction(app_id);
    entry->known[std::string(app_id)] = version;
    return version;
}

std::vector<std::string> Lake::tables() {
    std::vector<std::string> out;
    auto& fs = impl_->context.fs;
    auto schemas = fs.list(impl_->root);
    if (!schemas) return out;
    for (auto& schema : *schemas) {
        if (!schema.folder || !is_name_part(schema.name)) continue;
        auto folder = impl_->root + "/" + schema.name;
        auto tables = fs.list(folder);
        if (!tables) continue;
        for (auto& table : *tables) {
            auto first = folder + "/" + table.name + "/_delta_log";
            if (!table.folder || !is_name_part(table.name)) continue;
            auto log = delta::list_log(fs, first);
            if (log && log->newest() >= 0) out.push_back(schema.name + "." + table.name);
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

Result<TableInfo> Lake::describe(std::string_view table) {
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    return describe_snapshot(table, *snapshot);
}

Result<std::vector<std::string>> Lake::column_names(std::string_view table) {
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    std::vector<std::string> out;
    for (const auto& field : snapshot->schema->fields)
        out.push_back(field.name);
    return out;
}

std::string Lake::path_of(std::string_view table) const { return impl_->path_of(table); }

}  // namespace tarn::lake
