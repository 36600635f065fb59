// Tarn reuses DuckDB's parquet_scan and gives it a MultiFileReader of its own: the schema and the
// column mapping come from the Delta log, partition columns are constants of a file, files are
// pruned by the log's statistics, deletion vectors filter rows by their position. A scan of changes
// is one of the files that came and went, with what became of their rows as constants.

#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/common/multi_file/multi_file_data.hpp>
#include <duckdb/common/multi_file/multi_file_reader.hpp>
#include <duckdb/common/multi_file/multi_file_states.hpp>
#include <duckdb/function/partition_stats.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/parsed_data/create_table_function_info.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <unordered_map>

#include "asked_rows.h"
#include "delta_columns.h"
#include "delta_file_list.h"
#include "delta_rows.h"
#include "delta_tables.h"
#include "delta_types.h"
#include "duck.h"
#include "nested_fields.h"
#include "tarn/delta/changes.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/delta/table.h"
#include "tarn/sql/functions.h"

namespace tarn::sql {
namespace {

using namespace duckdb;  // NOLINT: this file is an adapter of DuckDB

template <class T>
T value_or_raise(Result<T> result) {
    if (!result) throw_error(result.error());
    return std::move(*result);
}

// Which version, or which changes; the newest version if nothing is said.
struct Wanted {
    std::optional<int64_t> version, starting, ending;
    std::optional<timestamp_tz_t> time;
    bool row_ids = false;
};

class DeltaReader final : public MultiFileReader {
  public:
    DeltaReader(shared_ptr<DeltaTables> tables, bool changes)
        : tables_(std::move(tables)), changes_(changes) {}
    static unique_ptr<MultiFileReader> create(const TableFunction& function) {
        return make_uniq<DeltaReader>(
            shared_ptr_cast<TableFunctionInfo, DeltaTables>(function.function_info),
            function.name == kDeltaChangesFunction);
    }
    unique_ptr<MultiFileReader> Copy() const override {
        auto copy = make_uniq<DeltaReader>(tables_, changes_);
        copy->wanted_ = wanted_;
        copy->given_ = given_;
        copy->session_ = session_;
        copy->asked_ = asked_;
        return copy;
    }

    shared_ptr<MultiFileList> CreateFileList(ClientContext& context, const vector<string>& paths,
                                             const FileGlobInput&) override {
        if (paths.size() != 1) throw BinderException("delta_scan takes one path");
        auto path = paths[0];
        session_ = SessionState::of(context);
        if (path == kGivenFiles) given_ = session_->files;
        if (StringUtil::StartsWith(path, "tarn://")) path = path.substr(7);
        if (StringUtil::StartsWith(path, "file://")) path = path.substr(7);
        while (path.size() > 1 && path.back() == '/')
            path.pop_back();
        return make_shared_ptr<SnapshotFiles>(path);
    }
    bool ParseOption(const string& key, const Value& value, MultiFileOptions&,
                     ClientContext&) override {
        auto take = [&](std::optional<int64_t>& to) {
            if (value.IsNull() || value.GetValue<int64_t>() < 0)
                throw BinderException("%s is the number of a version, not below 0", key);
            to = value.GetValue<int64_t>();
            return true;
        };
        if (key == "version") return take(wanted_.version);
        if (key == "starting") return take(wanted_.starting);
        if (key == "ending") return take(wanted_.ending);
        if (key == "row_ids") {
            wanted_.row_ids = !value.IsNull() && value.GetValue<bool>();
            return true;
        }
        if (key != "timestamp") return false;
        if (value.IsNull()) throw BinderException("timestamp must not be NULL");
        wanted_.time = value.GetValue<timestamp_tz_t>();
        return true;
    }
    // No file is opened here.
    bool Bind(MultiFileOptions& options, MultiFileList& list, vector<LogicalType>& types,
              vector<string>& names, MultiFileReaderBindData& bind) override {
        auto& files = list.Cast<SnapshotFiles>();
        auto snapshot = given_ ? given_->snapshot : find_snapshot(files.path);
        if (!snapshot->schema)
            throw IOException("Delta table %s has no schema at version %d", files.path,
                              snapshot->version);
        auto mapping = snapshot->mapping();
        auto state = std::make_shared<ScanState>();
        for (auto& field : snapshot->schema->fields) {
            bind.schema.push_back(definition(field, mapping));
            names.push_back(field.name);
            types.push_back(bind.schema.back().type);
            state->physical[field.name] = delta::physical_name(field, mapping);
        }
        for (auto& name : snapshot->metadata->partition_columns)
            if (auto field = snapshot->schema->find(name))
                state->partitions[name] = duck_type(field->type);
        if (changes_) {
            add_changes(files.path, *snapshot, *state, bind, names, types);
        } else {
            state->has_places = given_ || wanted_.row_ids;
            if (state->has_places) add_row_ids(*snapshot, *state, bind, names, types);
            if (given_)
                take_given(*state, bind, names, types);
            else
                state->files = snapshot->files.all();
        }
        if (!given_) session_->tables_read.insert(snapshot->metadata->id);
        state->snapshot = std::move(snapshot);
        if (given_ && given_->asked) {
            auto& scans = given_->asked->impl().scans;
            asked_ = scans.size();
            scans.push_back({state, names, types});
        }
        files.set(std::move(state));
        bind.mapping = MultiFileColumnMappingMode::BY_NAME;
        options.auto_detect_hive_partitioning = false;
        options.hive_partitioning = false;
        return true;
    }
    unique_ptr<MultiFileList> DynamicFilterPushdown(
        ClientContext& context, const MultiFileList& files, const MultiFileOptions& options,
        const vector<string>& names, const vector<LogicalType>& types,
        const vector<column_t>& column_ids, TableFilterSet& filters) override {
        if (asked_) {
            auto& run = asked_scan().runs.emplace_back();
            run.column_ids = column_ids;
            for (const auto& [at, filter] : filters.filters)
                if (auto one = as_it_stands(*filter)) run.filters.filters[at] = std::move(one);
            filtered_ = true;
        }
        return files.DynamicFilterPushdown(context, options, names, types, column_ids, filters);
    }
    // Called once an execution, behind that. Hands the pruned list to FinalizeBind.
    unique_ptr<MultiFileReaderGlobalState> InitializeGlobalState(
        ClientContext&, const MultiFileOptions&, const MultiFileReaderBindData&,
        const MultiFileList& files, const vector<MultiFileColumnDefinition>&,
        const vector<ColumnIndex>&) override {
        if (asked_) {
            auto& scan = asked_scan();
            scan.ran = true;
            scan.everything = scan.everything || !std::exchange(filtered_, false);
        }
        return make_uniq<MultiFileReaderGlobalState>(vector<LogicalType>(), &files);
    }
    void FinalizeBind(MultiFileReaderData& data, const MultiFileOptions& options,
                      const MultiFileReaderBindData& bind,
                      const vector<MultiFileColumnDefinition>& columns,
                      const vector<ColumnIndex>& ids, ClientContext& context,
                      optional_ptr<MultiFileReaderGlobalState> global) override {
        MultiFileReader::FinalizeBind(data, options, bind, columns, ids, context, global);
        auto& list = global->file_list->Cast<SnapshotFiles>();
        auto& file = list.file(data.reader->file_list_idx.GetIndex());
        for (idx_t i = 0; i < ids.size(); ++i) {
            auto column = ids[i].GetPrimaryIndex();
            if (IsVirtualColumn(column)) continue;
            auto& name = columns[column].name;
            if (list.state().constant(file, name))
                data.constant_map.Add(
                    MultiFileGlobalIndex(i),
                    partition_value(list.state(), file, name, columns[column].type));
        }
        data.reader->deletion_filter = rows_of(list.state(), file);
    }
    ReaderInitializeType CreateMapping(ClientContext& context, MultiFileReaderData& data,
                                       const vector<MultiFileColumnDefinition>& columns,
                                       const vector<ColumnIndex>& ids,
                                       optional_ptr<TableFilterSet> filters, MultiFileList& list,
                                       const MultiFileReaderBindData& bind,
                                       const virtual_column_map_t& virtual_columns) override {
        auto resolved = columns;
        for (auto& column : resolved)
            resolve(column, data.reader->GetColumns(), false);
        const auto made =
            MultiFileReader::CreateMapping(context, data, resolved, ids, filters, list, bind,
                                           virtual_columns, MultiFileColumnMappingMode::BY_NAME);
        for (idx_t i = 0; i < std::min<idx_t>(ids.size(), data.expressions.size()); ++i) {
            auto& expression = data.expressions[i];
            const auto column = ids[i].GetPrimaryIndex();
            if (IsVirtualColumn(column) || !expression) continue;
            if (!resolved[column].children.empty())
                expression = with_own_fields(std::move(expression), resolved[column]);
            if (columns[column].type.IsJSONType()) expression = variant_json(std::move(expression));
        }
        return made;
    }

  private:
    AskedRows::Impl::Scan& asked_scan() const { return given_->asked->impl().scans[*asked_]; }
    // Null: all rows of the file.
    unique_ptr<DeleteFilter> rows_of(const ScanState& state, const delta::AddFile& file) const {
        if (const auto only = state.only.find(&file); only != state.only.end())
            return make_uniq<OnlyRows>(only->second);
        const auto without = state.without.find(&file);
        const bool others = without != state.without.end();
        if (!file.deletion_vector)
            return others ? make_uniq<OtherRows>(without->second) : unique_ptr<DeleteFilter>();
        auto rows = value_or_raise(
            delta::read_deletion_vector(tables_->fs, state.snapshot->root, *file.deletion_vector));
        if (!others) return make_uniq<DeletedRows>(std::move(rows));
        auto all = std::make_shared<delta::RowSet>(*without->second);
        for (const auto row : rows)
            if (file.records < 0 || row < uint64_t(file.records)) all->add(row);
        return make_uniq<OtherRows>(std::move(all));
    }
    void take_given(ScanState& state, MultiFileReaderBindData& bind, vector<string>& names,
                    vector<LogicalType>& types) const {
        state.files = given_->files;
        state.only = given_->only;
        state.without = given_->without;
        state.numbers = given_->numbers;
        state.numbered = given_->numbered;
        state.planned_rows = given_->planned_rows;
        if (!state.numbered) return;
        add_column(kFileNumberColumn, kFileNumberColumn, LogicalType::BIGINT, state, bind, names,
                   types);
        state.partitions[kFileNumberColumn] = LogicalType::BIGINT;
    }
    std::shared_ptr<const delta::Snapshot> find_snapshot(const std::string& path) {
        const auto table = tables_->find(path);
        if (wanted_.version && wanted_.time)
            throw BinderException("a version or a timestamp, not both");
        if (wanted_.version) return value_or_raise(table->at(*wanted_.version));
        if (wanted_.time) {
            const auto us = timestamp_t(*wanted_.time).value;
            return value_or_raise(table->at_time(Timestamp{us}));
        }
        auto seen = value_or_raise(session_->newest(*tables_, path));
        if (!wanted_.ending || *wanted_.ending == seen->version) return seen;
        return value_or_raise(table->at(*wanted_.ending));
    }
    static void add_column(const string& name, const string& physical, const LogicalType& type,
                           ScanState& state, MultiFileReaderBindData& bind, vector<string>& names,
                           vector<LogicalType>& types) {
        MultiFileColumnDefinition column(name, type);
        column.identifier = Value(physical);
        column.default_expression = make_uniq<ConstantExpression>(Value(type));
        bind.schema.push_back(std::move(column));
        names.push_back(name);
        types.push_back(type);
        state.physical[name] = physical;
    }
    // What row tracking has of rows, if their table keeps it.
    static void add_row_ids(const delta::Snapshot& table, ScanState& state,
                            MultiFileReaderBindData& bind, vector<string>& names,
                            vector<LogicalType>& types) {
        const auto named = delta::row_tracking(table);
        if (!named || !*named) return;  // without names rows are read all the same
        const auto& tracking = *named;
        auto add = [&](const char* name, const string& physical) {
            add_column(name, physical, LogicalType::BIGINT, state, bind, names, types);
        };
        add(kRowIdColumn, tracking->id_column);
        add(kRowVersionColumn, tracking->version_column);
        for (const char* name : {kFileIdColumn, kFileVersionColumn}) {
            add(name, name);
            state.partitions[name] = LogicalType::BIGINT;
        }
    }
    // In place of a version's files those that changed, and the columns that say what.
    void add_changes(const std::string& path, const delta::Snapshot& last, ScanState& state,
                     MultiFileReaderBindData& bind, vector<string>& names,
                     vector<LogicalType>& types) {
        const std::pair<const char*, LogicalType> own[] = {
            {kChangeType, LogicalType::VARCHAR},
            {kCommitVersion, LogicalType::BIGINT},
            {kCommitTime, LogicalType::TIMESTAMP_TZ}};
        for (const auto& [name, type] : own) {
            if (state.physical.contains(name))
                throw BinderException("table %s has a column %s, which changes have too", path,
                                      name);
            add_column(name, name, type, state, bind, names, types);
            state.partitions[name] = type;
        }
        if (!wanted_.starting) throw BinderException("delta_changes needs starting := a version");
        if (*wanted_.starting > last.version)
            throw BinderException("table %s has no version %d yet; the newest is %d", path,
                                  *wanted_.starting, last.version);
        auto changed = value_or_raise(delta::changed_rows(tables_->fs, *tables_->find(path),
                                                          *wanted_.starting, last.version));
        for (auto& one : changed)
            add_changed_file(std::move(one), state);
    }
    static void add_changed_file(delta::ChangedRows one, ScanState& state) {
        auto file = std::make_shared<delta::AddFile>(*one.file);
        auto put = [&](const char* column, std::string value) {
            file->partition_values.emplace_back(column, std::move(value));
        };
        if (one.change != delta::RowChange::kLogged)
            put(kChangeType, one.change == delta::RowChange::kInsert ? "insert" : "delete");
        put(kCommitVersion, std::to_string(one.version));
        put(kCommitTime, format_rfc3339(Timestamp::from_ms(one.time_ms)));
        if (one.only) {
            file->records = int64_t(one.only->size());
            file->stats.clear();
            file->deletion_vector.reset();
            state.only.emplace(file.get(), std::make_shared<const delta::RowSet>(*one.only));
        }
        state.files.push_back(std::move(file));
    }

    shared_ptr<DeltaTables> tables_;
    const bool changes_;
    Wanted wanted_;
    std::shared_ptr<const DeltaFiles> given_;  // in place of a version's
    std::optional<size_t> asked_;              // which of given_->asked's scans this is
    bool filtered_ = false;                    // by filters of the run that begins
    duckdb::shared_ptr<SessionState> session_;
};

// Of parquet_scan.
std::atomic<table_function_get_virtual_columns_t> virtual_columns_of_parquet;

// Files that a session was given have their rows' places under names of ours: a table may have a
// column filename.
virtual_column_map_t name_places(ClientContext& context, optional_ptr<FunctionData> bind) {
    auto out = virtual_columns_of_parquet.load()(context, bind);
    auto& list = bind->Cast<MultiFileBindData>().file_list->Cast<SnapshotFiles>();
    if (!list.state().has_places) return out;
    for (auto& [id, column] : out) {
        if (column.name == "filename") column.name = kFileColumn;
        if (column.name == "file_row_number") column.name = kRowColumn;
    }
    return out;
}

std::atomic<table_function_supports_pushdown_type_t> pushdown_of_parquet;

// A variant's text is made behind the scan (variant_json): there its filters are asked, too.
bool takes_filter(const FunctionData& bind, idx_t column) {
    const auto& types = bind.Cast<MultiFileBindData>().types;
    if (column < types.size() && types[column].IsJSONType()) return false;
    const auto of_parquet = pushdown_of_parquet.load();
    return !of_parquet || of_parquet(bind, column);
}

// count(*) without touching a file, when the log has all counts.
vector<PartitionStatistics> count_from_log(ClientContext&, GetPartitionStatsInput& input) {
    vector<PartitionStatistics> out;
    auto& list = input.bind_data->Cast<MultiFileBindData>().file_list->Cast<SnapshotFiles>();
    for (idx_t i = 0; i < list.GetTotalFileCount(); ++i) {
        const auto& state = list.state();
        if (state.only.contains(&list.file(i)) || state.without.contains(&list.file(i))) return {};
        auto rows = list.file(i).live_rows();
        if (rows < 0) return {};
        PartitionStatistics statistics;
        statistics.count = idx_t(rows);
        statistics.count_type = CountType::COUNT_EXACT;
        out.push_back(std::move(statistics));
    }
    return out;
}

// EXPLAIN ANALYZE: what was read of the version's files, once filters, also those of joins, had
// been held against the log's statistics. Row groups are pruned within a file by its own.
InsertionOrderPreservingMap<string> files_read(TableFunctionDynamicToStringInput& input) {
    InsertionOrderPreservingMap<string> out;
    if (!input.global_state) return out;
    const auto& state = input.global_state->Cast<MultiFileGlobalState>();
    const auto& list = state.file_list.Cast<SnapshotFiles>();
    uint64_t bytes = 0, all_bytes = 0, vectors = 0;
    const auto read = std::min<idx_t>(state.file_index.load(), list.GetTotalFileCount());
    for (idx_t i = 0; i < read; ++i) {
        bytes += uint64_t(std::max<int64_t>(0, list.file(i).size));
        vectors += list.file(i).deletion_vector != nullptr;
    }
    for (const auto& file : list.state().files)
        all_bytes += uint64_t(std::max<int64_t>(0, file->size));
    out["Table"] = list.path + StringUtil::Format(" @ %d", list.state().snapshot->version);
    out["Files Read"] = StringUtil::Format("%d of %d", read, list.state().files.size());
    out["Bytes of Files Read"] = StringUtil::Format("%d of %d", bytes, all_bytes);
    if (vectors > 0) out["Deletion Vectors"] = std::to_string(vectors);
    return out;
}

}  // namespace

static Status add_delta_scan(Engine& to) {
    return guarded([&]() -> Status {
        auto& engine = to.impl();
        auto& db = engine.instance();
        ExtensionLoader loader(db, "tarn");
        Connection con(db);
        con.BeginTransaction();
        auto scan = loader.GetTableFunction("parquet_scan")
                        .functions.GetFunctionByArguments(*con.context, {LogicalType::VARCHAR});
        con.Commit();
        scan.named_parameters.clear();
        scan.function_info = engine.delta_tables;
        scan.get_multi_file_reader = DeltaReader::create;
        scan.get_partition_stats = count_from_log;
        scan.dynamic_to_string = files_read;
        scan.statistics = nullptr;  // would read the first file's footer only
        // A copied plan would come back as a plain list of files, without deletes.
        scan.serialize = nullptr;
        scan.deserialize = nullptr;
        virtual_columns_of_parquet = scan.get_virtual_columns;
        scan.get_virtual_columns = name_places;
        pushdown_of_parquet = scan.supports_pushdown_type;
        scan.supports_pushdown_type = takes_filter;
        scan.late_materialization = false;  // joins on the file's index, which pruning renumbers
        auto changes = scan;
        scan.name = kDeltaScanFunction;
        scan.named_parameters["version"] = LogicalType::BIGINT;
        scan.named_parameters["timestamp"] = LogicalType::TIMESTAMP_TZ;
        scan.named_parameters["row_ids"] = LogicalType::BOOLEAN;  // for table_row_ids()
        loader.RegisterFunction(scan);
        changes.name = kDeltaChangesFunction;
        changes.named_parameters["starting"] = LogicalType::BIGINT;
        changes.named_parameters["ending"] = LogicalType::BIGINT;
        loader.RegisterFunction(changes);
        return {};
    });
}

SqlFunction delta_changes_function() {
    return {.name = kDeltaChangesFunction,
            .signature = "delta_changes(path VARCHAR, starting := BIGINT [, ending := BIGINT])",
            .text = "What `table_changes` gives, of a Delta table by its folder.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll};
}

SqlFunction delta_scan_function() {
    return {
        .name = kDeltaScanFunction,
        .signature = "delta_scan(path VARCHAR [, version := BIGINT | timestamp := TIMESTAMPTZ])",
        .text =
            "A Delta table by its folder: at its newest version, at this one, or as it was "
            "at a time.",
        .kind = FunctionKind::kTable,
        .use = FunctionUse::kAll,
        .add = add_delta_scan};
}

}  // namespace tarn::sql
