// Tables whose columns change, and tables that take the place of another: each in one commit.

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "lake_impl.h"
#include "tarn/base/check.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/partition.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/delta/schema.h"
#include "tarn/delta/schema_edit.h"
#include "tarn/delta/statistics.h"
#include "tarn/lake/error_ids.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/parquet.h"

namespace tarn::errors {
extern const ErrorId kTableSchema;
}  // namespace tarn::errors

namespace tarn::lake {

namespace {

using codec::ColumnSpec;
using codec::ColumnType;

constexpr size_t kBatchRows = 61'440;

// What the commit says of a table that becomes what `edit` has: its types may ask for features.
void raise(delta::TableEdit& edit, const delta::Snapshot& before, delta::CommitRequest& commit) {
    edit.finish();
    commit.metadata = std::move(edit.metadata);
    const auto &is = edit.protocol, &was = before.protocol;
    if (is.min_reader != was.min_reader || is.min_writer != was.min_writer ||
        is.reader_features != was.reader_features || is.writer_features != was.writer_features)
        commit.protocol = std::move(edit.protocol);
}

// What a table's columns become.
struct NewColumns {
    std::vector<delta::Field> fields;
    SchemaChange change;
    std::map<std::string, ColumnType> wider;  // of those that are widened
    bool any() const {
        return !change.added.empty() || !change.relaxed.empty() || !change.widened.empty();
    }
};

Result<NewColumns> new_columns(const TableSpec& spec, const delta::Snapshot& there) {
    if (!there.schema) return fail(ErrorCode::kCorrupted, "table " + spec.name + " has no schema");
    TARN_TRY(auto stand, delta::columns_of(*there.schema));
    TARN_TRY(auto wanted, delta::schema_of(spec.columns));
    NewColumns out{there.schema->fields, {}, {}};
    auto& change = out.change;
    auto differs = [&](const std::string& what) {
        change.refused += (change.refused.empty() ? "" : "; ") + what;
    };
    if (spec.partition_by != there.metadata->partition_columns)
        differs("it is partitioned by " + json_list(there.metadata->partition_columns));
    for (size_t i = 0; i < stand.size(); ++i) {
        auto& field = out.fields[i];
        auto is = std::ranges::find(spec.columns, stand[i].name, &ColumnSpec::name);
        if (is != spec.columns.end() && is->type != stand[i].type) {
            if (!widens(stand[i].type, is->type)) {
                differs(fmt::format("column {} is {}, not {}", stand[i].name,
                                    codec::to_string(stand[i].type), codec::to_string(is->type)));
                continue;
            }
            field.type = wanted.fields[size_t(is - spec.columns.begin())].type;
            change.widened.push_back(stand[i].name);
            out.wider.emplace(stand[i].name, is->type);
        }
        if (field.nullable || (is != spec.columns.end() && is->required)) continue;
        field.nullable = true;
        change.relaxed.push_back(stand[i].name);
    }
    for (size_t i = 0; i < spec.columns.size(); ++i) {
        if (std::ranges::find(stand, spec.columns[i].name, &ColumnSpec::name) != stand.end())
            continue;
        auto& field = out.fields.emplace_back(wanted.fields[i]);
        field.nullable = true;  // in the rows that stand
        change.added.push_back(field.name);
    }
    if (out.any()) {
        // No two columns may differ in case alone.
        auto all = stand;
        for (const auto& name : change.added)
            all.push_back({name, ColumnType::kText, false});
        TARN_RETURN_IF_ERROR(delta::schema_of(all));
    }
    return out;
}

template <class From, class To>
codec::SharedArray<char> copied(const codec::Column& column, size_t rows) {
    codec::SharedArray<char> data;
    data.resize_for_overwrite(rows * sizeof(To));
    const auto* from = column.values<From>();
    std::copy(from, from + rows, reinterpret_cast<To*>(data.data()));
    return data;
}

// These columns as what they become; others as they are.
std::shared_ptr<const codec::ColumnBatch> widened(
    const std::shared_ptr<const codec::ColumnBatch>& rows,
    const std::map<std::string, ColumnType>& wider) {
    auto out = std::make_shared<codec::ColumnBatch>(*rows);
    out->buffers.push_back(rows);  // text points into it
    const auto count = rows->row_count;
    for (const auto& [name, type] : wider) {
        const auto at = out->find(name);
        if (at < 0) continue;
        auto& column = out->columns[size_t(at)];
        const auto& from = std::as_const(column);
        const bool narrow = column.type == ColumnType::kInt32;
        if (column.type == ColumnType::kDecimal)
            ;  // the same digits
        else if (type == ColumnType::kInt64)
            column.data = copied<int32_t, int64_t>(from, count);
        else
            column.data = narrow ? copied<int32_t, codec::Int128>(from, count)
                                 : copied<int64_t, codec::Int128>(from, count);
        column.type = out->schema[size_t(at)].type = type;
    }
    return out;
}

}  // namespace

bool widens(const ColumnType& from, const ColumnType& to) {
    constexpr int kDigitsOfInt32 = 10, kDigitsOfInt64 = 19;
    if (from == ColumnType::kDecimal)
        return to == ColumnType::kDecimal && to.scale() == from.scale() &&
               to.precision() > from.precision();
    if (from != ColumnType::kInt32 && from != ColumnType::kInt64) return false;
    if (to == ColumnType::kDecimal)
        return to.scale() == 0 &&
               to.precision() >= (from == ColumnType::kInt32 ? kDigitsOfInt32 : kDigitsOfInt64);
    return from == ColumnType::kInt32 && to == ColumnType::kInt64;
}

// The table's files once more, with wider columns.
class Rewrite {
  public:
    Rewrite(Lake::Impl& lake, std::shared_ptr<const delta::Snapshot> snapshot,
            const std::map<std::string, ColumnType>& wider, Timestamp time)
        : lake_(lake), snapshot_(std::move(snapshot)), wider_(wider), time_(time) {}

    Status run(delta::CommitRequest& commit) {
        TARN_TRY(session_, lake_.context.engine.session());
        for (const auto& field : snapshot_->schema->fields)
            if (std::ranges::find(snapshot_->metadata->partition_columns, field.name) ==
                snapshot_->metadata->partition_columns.end())
                names_.push_back(field.name);
        const auto stem = lake_.new_uuid().str();
        for (const auto& file : snapshot_->files.all()) {
            TARN_TRY(auto add, rewrite(*file, fmt::format("{:05}-{}", commit.adds.size(), stem)));
            if (add) commit.adds.push_back(std::move(*add));
            auto& remove = commit.removes.emplace_back(removal(*file, time_));
            remove.data_change = false;
        }
        return {};
    }

  private:
    Result<std::optional<delta::AddFile>> rewrite(const delta::AddFile& file,
                                                  const std::string& stem) {
        sql::DeltaFiles one{snapshot_, {std::make_shared<const delta::AddFile>(file)}};
        TARN_TRY(auto rows, sql::read_delta_files(*session_, one, names_, kBatchRows));
        Batches batches;
        for (const auto& batch : rows)
            batches.push_back(widened(batch, wider_));
        if (batches.empty()) return std::nullopt;  // all of them deleted
        std::string folder;
        for (const auto& name : snapshot_->metadata->partition_columns) {
            auto* value = partition_value(*snapshot_, file, name);
            folder +=
                delta::partition_folder(name, value ? std::optional(*value) : std::nullopt) + "/";
        }
        const auto relative = folder + "part-" + stem + ".zstd.parquet";
        const auto path = snapshot_->root + "/" + relative;
        std::vector<int> columns;
        for (const auto& name : names_)
            columns.push_back(batches[0]->find(name));
        auto& fs = lake_.context.fs;
        TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(path)));
        TARN_TRY(auto written, sql::write_parquet(*session_, path, batches, columns));
        TARN_RETURN_IF_ERROR(fs.sync_folder(io::parent_path(path)));
        delta::AddFile add;
        add.path = delta::percent_encode(relative);
        add.partition_values = file.partition_values;
        add.size = int64_t(written.bytes);
        add.modified_ms = time_.ms();
        add.data_change = false;
        add.stats = delta::file_statistics(batches, columns);
        add.records = int64_t(written.rows);
        return add;
    }

    Lake::Impl& lake_;
    const std::shared_ptr<const delta::Snapshot> snapshot_;
    const std::map<std::string, ColumnType>& wider_;
    const Timestamp time_;
    std::unique_ptr<sql::Session> session_;
    std::vector<std::string> names_;
};

Status Lake::Impl::evolve(Entry& entry, const TableSpec& spec,
                          const std::shared_ptr<const delta::Snapshot>& there) {
    TARN_TRY(auto columns, new_columns(spec, *there));
    const auto& change = columns.change;
    if (!change.refused.empty())
        return fail(errors::kTableSchema,
                    "table " + spec.name + " exists with another schema: " + change.refused);
    if (!columns.any()) return {};
    if (!change.widened.empty() && there->is_true(delta::kEnableRowTracking))
        return fail(errors::kTableFeature,
                    fmt::format("table {} keeps the ids of its rows ({}), which this version of "
                                "Tarn would lose as its files get wider columns",
                                spec.name, delta::kEnableRowTracking));
    delta::CommitRequest commit;
    commit.time = context.clock.now();
    delta::TableEdit edit(*there);
    edit.schema.fields = columns.fields;
    for (auto at = there->schema->fields.size(); at < edit.schema.fields.size(); ++at)
        edit.add_ids(edit.schema.fields[at], [this] { return new_uuid().str(); });
    raise(edit, *there, commit);
    commit.info.operation =
        change.widened.empty() && change.relaxed.empty() ? "ADD COLUMNS" : "CHANGE COLUMNS";
    commit.info.parameters = {{"added", json_list(change.added)},
                              {"nullable", json_list(change.relaxed)},
                              {"widened", json_list(change.widened)}};
    commit.info.engine = kEngine;
    commit.info.txn_id = new_uuid().str();
    if (!change.widened.empty())
        TARN_RETURN_IF_ERROR(Rewrite(*this, there, columns.wider, commit.time).run(commit));
    TARN_RETURN_IF_ERROR(context.failpoints.hit("lake.before_evolve"));
    TARN_TRY(auto made, entry.table.commit(std::move(commit), *there, steps()));
    context.logger.info("the columns of a table changed", {{"table", spec.name},
                                                           {"version", made.version},
                                                           {"added", change.added.size()},
                                                           {"nullable", change.relaxed.size()},
                                                           {"widened", change.widened.size()}});
    tell(spec.name);
    return {};
}

Result<std::optional<SchemaChange>> Lake::schema_change(const TableSpec& spec) {
    auto there = impl_->snapshot(spec.name);
    if (!there && there.error().code() == ErrorCode::kNotFound) return std::nullopt;
    if (!there) return fail(there.error());
    TARN_TRY(auto columns, new_columns(spec, **there));
    return std::move(columns.change);
}

Result<int64_t> Lake::replaced_at(std::string_view table) {
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    int64_t version = 0;
    if (auto text = snapshot->property(std::string(kReplacedAt)))
        std::from_chars(text->data(), text->data() + text->size(), version);
    return version;
}

Status Lake::replace_table(std::string_view table, std::string_view from) {
    TARN_TRY(auto source, impl_->entry(from));
    auto& fs = impl_->context.fs;
    if (!fs.exists(source->table.root() + "/_delta_log")) return {};
    TARN_TRY(auto fresh, source->table.refresh());
    TARN_TRY(auto entry, impl_->entry(table));
    {
        MutexLock care(entry->maintaining);  // files without a commit yet stay
        MutexLock lock(entry->appending);
        auto there = entry->table.refresh();
        if (!there && there.error().code() != ErrorCode::kNotFound) return fail(there.error());
        if (!there) {
            TARN_RETURN_IF_ERROR(impl_->check_new_name(table));
            delta::CommitRequest create;
            create.time = impl_->context.clock.now();
            create.protocol = fresh->protocol;
            create.metadata = *fresh->metadata;
            create.metadata->id = impl_->new_uuid().str();
            create.metadata->name = std::string(table);
            create.info.operation = "CREATE TABLE";
            create.info.engine = kEngine;
            create.info.txn_id = impl_->new_uuid().str();
            TARN_RETURN_IF_ERROR(entry->table.create(std::move(create)));
            there = entry->table.refresh();
            if (!there) return fail(there.error());
        }
        const auto& old = **there;
        const auto& txns = *fresh->transactions;
        const bool done = !txns.empty() && std::ranges::all_of(txns, [&](const auto& txn) {
            return old.transaction(txn.second.app_id) >= txn.second.version;
        });
        if (!done) TARN_RETURN_IF_ERROR(impl_->take_over(*entry, old, *fresh));
        for (const auto& [app, txn] : txns)
            entry->known[txn.app_id] = std::max(entry->known[txn.app_id], txn.version);
    }
    TARN_RETURN_IF_ERROR(impl_->context.failpoints.hit("lake.after_replace"));
    impl_->tell(std::string(table));
    return purge_table(from);
}

// The files move first: each is there under its new name or under its old one.
Status Lake::Impl::take_over(Entry& entry, const delta::Snapshot& old,
                             const delta::Snapshot& fresh) {
    delta::CommitRequest commit;
    commit.time = context.clock.now();
    auto& fs = context.fs;
    for (const auto& file : fresh.files.all()) {
        const auto relative = delta::canonical_path(file->path, fresh.root);
        const auto to = old.root + "/" + relative;
        auto& add = commit.adds.emplace_back(*file);
        add.base_row_id = add.default_row_commit_version = std::nullopt;  // those of `fresh`
        if (fs.exists(to)) continue;
        TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(to)));
        TARN_RETURN_IF_ERROR(fs.rename(fresh.root + "/" + relative, to));
        TARN_RETURN_IF_ERROR(fs.sync_folder(io::parent_path(to)));
        TARN_RETURN_IF_ERROR(context.failpoints.hit("lake.replace.moved"));
    }
    old.files.each(
        [&](const auto& file) { commit.removes.push_back(removal(*file, commit.time)); });
    delta::TableEdit edit(old);
    edit.take_plain(*fresh.schema);
    raise(edit, old, commit);
    commit.metadata->partition_columns = fresh.metadata->partition_columns;
    std::erase_if(commit.metadata->configuration,
                  [](const auto& one) { return one.first == kReplacedAt; });
    commit.metadata->configuration.emplace_back(std::string(kReplacedAt),
                                                std::to_string(old.version + 1));
    for (const auto& [app, txn] : *fresh.transactions)
        commit.transactions.push_back(txn);
    commit.info.operation = kReplaceTable;
    commit.info.parameters = {{"partitionBy", json_list(fresh.metadata->partition_columns)}};
    commit.info.metrics = {{"numFiles", std::to_string(commit.adds.size())},
                           {"numRemovedFiles", std::to_string(commit.removes.size())}};
    commit.info.engine = kEngine;
    commit.info.txn_id = new_uuid().str();
    TARN_RETURN_IF_ERROR(context.failpoints.hit("lake.before_replace"));
    TARN_RETURN_IF_ERROR(entry.table.commit(std::move(commit), old, steps()));
    return {};
}

}  // namespace tarn::lake
