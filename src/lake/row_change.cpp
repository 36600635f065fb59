#include "row_change.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tarn/base/names.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/delta/schema_edit.h"
#include "tarn/sql/quote.h"
#include "tarn/sql/result.h"

namespace tarn::lake {

using sql::quoted_name;

namespace {

constexpr std::string_view kScheme = "tarn://";

// Rows of a query: the number of a file, and a row's position in it.
class PlaceSink final : public sql::ResultSink {
  public:
    explicit PlaceSink(RowChange::Places& to) : to_(to) {}
    Status begin(std::span<const sql::ResultColumn>) override { return {}; }
    Status batch(const sql::ResultBatch& batch) override {
        for (size_t row = 0; row < batch.rows(); ++row) {
            const auto file = batch.integer(0, row);
            if (!rows_ || file != file_) {
                auto& rows = to_.rows[file];
                if (!rows) rows = std::make_shared<delta::RowSet>();
                rows_ = rows.get();
                file_ = file;
            }
            rows_->add(uint64_t(batch.integer(1, row)));
        }
        to_.given += batch.rows();
        return {};
    }

  private:
    RowChange::Places& to_;
    delta::RowSet* rows_ = nullptr;
    int64_t file_ = 0;
};

// Rows of a query: a name, then a number.
class NamedNumbers final : public sql::ResultSink {
  public:
    explicit NamedNumbers(std::function<Status(std::string_view, int64_t)> each)
        : each_(std::move(each)) {}
    Status begin(std::span<const sql::ResultColumn>) override { return {}; }
    Status batch(const sql::ResultBatch& batch) override {
        for (size_t row = 0; row < batch.rows(); ++row)
            TARN_RETURN_IF_ERROR(each_(batch.text(0, row), batch.integer(1, row)));
        return {};
    }

  private:
    std::function<Status(std::string_view, int64_t)> each_;
};

}  // namespace

bool marks_rows(const delta::Snapshot& table) {
    return table.is_true("delta.enableDeletionVectors") &&
           delta::has_writer_feature(table.protocol, "deletionVectors");
}

Status each_pair(sql::Session& session, const std::string& select,
                 std::function<Status(std::string_view, int64_t)> each) {
    NamedNumbers sink(std::move(each));
    auto done = session.query(select, {}, sink);
    if (!done) return fail(std::move(done).error());
    return {};
}

std::string scan_name(const delta::AddFile& file, const delta::Snapshot& table) {
    return std::string(kScheme) +
           delta::disk_path(delta::canonical_path(file.path, table.root), table.root);
}

std::string row_ids(std::string_view alias, RowIds what) {
    const auto of = [t = quoted_name(alias)](const char* column) {
        return t + "." + quoted_name(column);
    };
    return fmt::format(", coalesce({}, {} + {}) AS {}, {} AS {}", of(sql::kRowIdColumn),
                       of(sql::kFileIdColumn), of(sql::kRowColumn), quoted_name(sql::kRowIdColumn),
                       what == RowIds::kUpdated
                           ? "CAST(NULL AS BIGINT)"
                           : fmt::format("coalesce({}, {})", of(sql::kRowVersionColumn),
                                         of(sql::kFileVersionColumn)),
                       quoted_name(sql::kRowVersionColumn));
}

std::string places_where(const RowChange& change, std::string_view alias, std::string_view where) {
    return fmt::format("SELECT {0}.{1} AS f, {0}.{2} AS r FROM {3} AS {0} WHERE ({4})",
                       quoted_name(alias), quoted_name(sql::kFileNumberColumn),
                       quoted_name(sql::kRowColumn), change.rows(), where);
}

std::string column_list(const delta::Snapshot& table, std::string_view alias) {
    std::string out;
    for (const auto& field : table.schema->fields)
        out += fmt::format("{}{}.{}", out.empty() ? "" : ", ", quoted_name(alias),
                           quoted_name(field.name));
    return out;
}

std::string spelled(const delta::Schema& schema, const std::string& column) {
    for (const auto& field : schema.fields)
        if (same_but_case(field.name, column)) return field.name;
    return column;
}

std::vector<SetColumn> spelled(const delta::Schema& schema, std::vector<SetColumn> set) {
    for (auto& one : set)
        one.column = spelled(schema, one.column);
    return set;
}

Result<std::string> set_list(const delta::Snapshot& table, std::string_view alias,
                             std::vector<SetColumn> set) {
    set = spelled(*table.schema, std::move(set));
    std::string out;
    size_t used = 0;
    for (const auto& field : table.schema->fields) {
        const auto at = std::ranges::find(set, field.name, &SetColumn::column);
        used += at != set.end();
        const auto value = at == set.end()
                               ? fmt::format("{}.{}", quoted_name(alias), quoted_name(field.name))
                               : "(" + at->value + ")";
        out += fmt::format("{}{} AS {}", out.empty() ? "" : ", ", value, quoted_name(field.name));
    }
    if (used == set.size()) return out;
    for (const auto& one : set) {
        if (!table.schema->find(one.column))
            return fail(ErrorCode::kInvalidArgument, "the table has no column " + one.column);
        if (std::ranges::count(set, one.column, &SetColumn::column) > 1)
            return fail(ErrorCode::kInvalidArgument, "column " + one.column + " is set twice");
    }
    return out;
}

RowChange::RowChange(Lake::Impl& lake, Entry& entry, const ChangeRequest& request,
                     std::shared_ptr<const delta::Snapshot> snapshot, RowRules rules,
                     std::unique_ptr<sql::Session> session, bool tracks)
    : lake_(lake),
      entry_(entry),
      request_(request),
      read_(std::move(snapshot)),
      snapshot_(read_),
      rules_(std::move(rules)),
      session_(std::move(session)),
      tracks_(tracks),
      time_(lake.context.clock.now()) {
    sql::hold_tables(*session_, read_);
    for (const auto& one : request.given)
        given_rows_.push_back(std::make_unique<sql::GivenRows>(*session_, one.schema, one.batches));
}

Status RowChange::add_columns(const std::vector<delta::Field>& given) {
    delta::TableEdit edit(*read_);
    if (!edit.add_missing(given, [this] { return lake_.new_uuid().str(); })) return {};
    edit.finish();
    if (edit.mapping() == delta::ColumnMapping::kNone)
        TARN_RETURN_IF_ERROR(delta::check_names(edit.schema));
    TARN_RETURN_IF_ERROR(delta::check_writable(edit.protocol, edit.metadata));
    auto wider = std::make_shared<delta::Snapshot>(*read_);
    wider->protocol = std::move(edit.protocol);
    wider->metadata = std::make_shared<const delta::Metadata>(std::move(edit.metadata));
    wider->schema = std::make_shared<const delta::Schema>(std::move(edit.schema));
    snapshot_ = std::move(wider);
    given_ = nullptr;
    return {};
}

Status RowChange::check_fields(const std::string& select) const {
    const auto& columns = table().schema->fields;
    if (std::ranges::all_of(columns, [](const auto& column) { return column.type.fields.empty(); }))
        return {};
    TARN_TRY(const auto values, sql::schema_of_query(*session_, select, sql::UnknownTypes::kVoid));
    for (const auto& value : values.fields) {
        const auto* column = table().schema->find(value.name);
        if (!column) continue;
        auto path = delta::field_beside(column->type, value.type);
        if (path.empty()) continue;
        path.insert(path.begin(), column->name);
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("table {} has no field {}, for which a value comes: add it by ALTER "
                        "TABLE or by WITH SCHEMA EVOLUTION, or leave it out",
                        request_.table, delta::dotted(path)));
    }
    return {};
}

Result<std::string> RowChange::kept(const std::string& select,
                                    const std::vector<std::string>& given, sql::Beside beside) {
    TARN_RETURN_IF_ERROR(check_fields(select));
    return rules_.any() ? rules_.kept(table(), select, given, beside) : select;
}

// Not before they are asked for: a table may have very many files, and an append reads none.
const std::vector<std::shared_ptr<const delta::AddFile>>& RowChange::files() const {
    if (!files_) files_ = snapshot_->files.all();
    return *files_;
}

std::string RowChange::rows() const {
    if (!given_) given_ = std::make_unique<sql::GivenFiles>(*session_, whole_table());
    return given_->text();
}

void RowChange::give(sql::DeltaFiles files) {
    given_ = nullptr;
    given_ = std::make_unique<sql::GivenFiles>(*session_, files);
}

// What is read of it, others must not have changed meanwhile.
sql::DeltaFiles RowChange::whole_table() const {
    sql::DeltaFiles out{snapshot_, files()};
    for (size_t i = 0; i < files().size(); ++i)
        out.numbers.emplace(files()[i].get(), int64_t(i));
    out.numbered = true;
    out.asked = asked_rows_;
    return out;
}

bool RowChange::records_changes() const {
    return snapshot_->is_true("delta.enableChangeDataFeed") &&
           delta::has_writer_feature(snapshot_->protocol, "changeDataFeed");
}

Result<std::string> RowChange::left_out(const std::string& column) const {
    const auto identity = rules_.identities.find(column);
    if (identity == rules_.identities.end()) return rules_.left_out(column);
    const auto given = numbers_.find(column);
    TARN_TRY(const auto next, identity->second.next(given == numbers_.end() ? 0 : given->second));
    return fmt::format("(CAST('{}' AS BIGINT) + (row_number() OVER () - 1) * CAST('{}' AS BIGINT))",
                       next, identity->second.step);
}

Result<std::string> RowChange::numbered(std::string select, const std::vector<std::string>& given) {
    std::vector<std::string> columns;
    for (const auto& [column, identity] : rules_.identities) {
        const bool has = std::ranges::any_of(
            given, [&](const auto& name) { return same_but_case(name, column); });
        if (has && !identity.takes_values)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("column {} of table {} is GENERATED ALWAYS AS IDENTITY: it "
                                    "takes no values; name the other columns",
                                    column, request_.table));
        if (!has) columns.push_back(column);
    }
    if (columns.empty()) return select;
    const auto table = fmt::format("tarn_numbered{}", ++numbered_);
    TARN_RETURN_IF_ERROR(
        session_->execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS {}", table, select)));
    TARN_TRY(const auto count, session_->query_columns("SELECT count(*) FROM " + table));
    for (const auto& column : columns)
        numbers_[column] += uint64_t(count.columns[0].values<int64_t>()[0]);
    return "SELECT * FROM " + table;
}

Status RowChange::check_set(const std::vector<SetColumn>& set) const {
    for (const auto& one : set)
        if (std::ranges::any_of(rules_.identities, [&](const auto& identity) {
                return same_but_case(identity.first, one.column);
            }))
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("column {} of table {} is an identity column, which no UPDATE "
                                    "sets: name the other columns",
                                    one.column, request_.table));
    return {};
}

// The numbers that were given are noted in the commit that has their rows.
Status RowChange::count_numbers(delta::CommitRequest& commit) const {
    auto schema = *snapshot_->schema;
    bool any = false;
    for (auto& field : schema.fields) {
        const auto given = numbers_.find(field.name);
        if (given == numbers_.end() || given->second == 0) continue;
        TARN_TRY(const auto last, rules_.identities.at(field.name).next(given->second - 1));
        set_high_water_mark(field, last);
        any = true;
    }
    if (!any) return {};
    if (!commit.metadata) commit.metadata = *snapshot_->metadata;
    commit.metadata->schema = delta::schema_json(schema);
    // Nothing of the table was read: whoever counts too is in conflict by the metadata.
    if (!commit.reads) commit.reads = delta::Reads::nothing();
    return {};
}

void RowChange::come(const std::string& select, sql::Beside beside) {
    comes_with_ids_ = comes_with_ids_ || beside == sql::Beside::kRowIds;
    comes_.push_back(sql::typed_select(*snapshot_, select, beside));
}

void RowChange::record(const std::string& select) {
    if (records_changes())
        changes_.push_back(sql::typed_select(*snapshot_, select, sql::Beside::kChange));
}

Result<RowChange::Places> RowChange::places(const std::string& select) {
    Places out;
    PlaceSink sink(out);
    auto done = session_->query(select, {}, sink);
    if (!done) return fail(std::move(done).error());
    return out;
}

void RowChange::leave_out(const Places& places) {
    auto files = whole_table();
    for (const auto& [number, rows] : places.rows)
        files.without.emplace(this->files().at(size_t(number)).get(), rows);
    give(std::move(files));
}

Status RowChange::leave_out_files(const std::vector<sql::KeyPair>& keys,
                                  const std::string& source) {
    auto kept = files();
    for (const auto& key : keys) {
        if (kept.size() < 2) break;
        TARN_TRY(kept, sql::files_with_keys(*session_, *snapshot_, std::move(kept), key, source));
    }
    if (kept.size() == files().size()) return {};
    auto whole = whole_table();
    // The plan stays that of the whole table, whose scan is told which keys are wanted: what was
    // read is known by them.
    whole.planned_rows = uint64_t(std::max<int64_t>(0, snapshot_->rows));
    if (kept.empty()) kept.push_back(files()[0]);  // a scan reads a file at least
    whole.files = std::move(kept);
    give(std::move(whole));
    return {};
}

void RowChange::rest_on(const Places& places) {
    for (const auto& [number, rows] : places.rows)
        rests_on_[delta::canonical_path(files().at(size_t(number))->path, snapshot_->root)] = rows;
}

Status RowChange::choose_gone(const std::string& select) {
    TARN_TRY(auto chosen, places(select));
    gone_ = 0;
    touched_.clear();
    sql::DeltaFiles touched{snapshot_, {}};
    touched.numbered = true;
    for (auto& [number, rows] : chosen.rows) {
        const auto& file = files().at(size_t(number));
        const auto count = rows->size();
        touched.files.push_back(file);
        touched.numbers.emplace(file.get(), number);
        touched.only.emplace(file.get(), rows);
        touched_.push_back({file, number, rows, file->live_rows() == int64_t(count)});
        gone_ += count;
    }
    given_twice_ = chosen.given > gone_;
    give(std::move(touched));
    return {};
}

Status RowChange::write(const std::string& select, sql::Beside beside,
                        std::vector<delta::AddFile>& to) {
    TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_data"));
    auto files = sql::write_delta_files(*session_, select,
                                        {.snapshot = snapshot_,
                                         .stem = lake_.new_uuid().str(),
                                         .file_bytes = kFileBytes,
                                         .beside = beside,
                                         .time_ms = time_.ms()});
    if (!files) return fail(std::move(files).error());
    for (auto& file : *files) {
        written_.push_back(delta::percent_decode(file.path));
        to.push_back(std::move(file));
    }
    return {};
}

Status RowChange::remove_rows(delta::CommitRequest& commit, ChangeOutcome& outcome) {
    sql::DeltaFiles anew{snapshot_, {}};
    for (const auto& one : touched_) {
        if (!one.goes_whole && marks_rows(*snapshot_) && one.file->records >= 0) {
            commit.marks.push_back({one.file->path, one.rows});
            ++outcome.vectors_added;
            continue;
        }
        commit.removes.push_back(removal(*one.file, time_));
        ++outcome.files_removed;
        if (one.goes_whole) continue;
        anew.files.push_back(one.file);
        anew.without.emplace(one.file.get(), one.rows);
    }
    if (!commit.marks.empty()) commit.new_id = [this] { return lake_.new_uuid(); };
    if (anew.files.empty()) return {};
    give(std::move(anew));
    std::vector<delta::AddFile> adds;
    TARN_RETURN_IF_ERROR(write(fmt::format("SELECT {}{} FROM {} AS t", column_list(*snapshot_, "t"),
                                           tracks_ ? row_ids("t", RowIds::kCopied) : "", rows()),
                               kept_beside(), adds));
    std::ranges::move(adds, std::back_inserter(commit.adds));
    return {};
}

void RowChange::choose_files(std::function<bool(const delta::AddFile&)> goes) {
    for (size_t i = 0; i < files().size(); ++i) {
        const auto& file = files()[i];
        if (!goes(*file)) continue;
        touched_.push_back({file, int64_t(i), nullptr, true});
        gone_ += uint64_t(std::max<int64_t>(0, file->live_rows()));
    }
    replaces_ = std::move(goes);
}

void RowChange::choose_all() {
    choose_files([](const auto&) { return true; });
}

void RowChange::remove_partitions_of(const std::vector<delta::AddFile>& adds) {
    std::set<PartitionKey> touched;
    for (const auto& add : adds)
        touched.insert(partition_identity(*snapshot_, add));
    choose_files([table = snapshot_, touched = std::move(touched)](const auto& file) {
        return touched.contains(partition_identity(*table, file));
    });
}

Result<delta::CommitRequest> RowChange::prepare(ChangeOutcome& outcome) {
    delta::CommitRequest commit;
    std::string come;
    for (const auto& select : comes_)
        come += (come.empty() ? "" : " UNION ALL BY NAME ") + select;
    if (!come.empty())
        TARN_RETURN_IF_ERROR(write(
            come, comes_with_ids_ ? sql::Beside::kRowIds : sql::Beside::kNothing, commit.adds));
    for (const auto& add : commit.adds)
        outcome.written += uint64_t(std::max<int64_t>(0, add.records));
    if (replaces_partitions_) remove_partitions_of(commit.adds);
    // Readers of changes infer them from files that came and went as a whole.
    const bool whole = std::ranges::all_of(touched_, &Touched::goes_whole);
    if (records_changes() && gone_ > 0 && !(whole && (commit.adds.empty() || changes_.empty()))) {
        std::string select;
        for (const auto& one : changes_)
            select += (select.empty() ? "" : " UNION ALL BY NAME ") + one;
        std::vector<delta::AddFile> files;
        TARN_RETURN_IF_ERROR(write(select, sql::Beside::kChange, files));
        for (auto& file : files)
            commit.changes.push_back({file.path, std::move(file.partition_values), file.size});
    }
    TARN_RETURN_IF_ERROR(remove_rows(commit, outcome));
    outcome.files_added = commit.adds.size();
    return commit;
}

// What was read decides about each row by itself, unless the statement's SQL looks at the table in
// another way, too.
delta::Reads RowChange::what_was_read() const {
    const auto isolation = delta::isolation_of(*snapshot_->metadata);
    delta::Reads out{isolation ? *isolation : delta::Isolation::kSerializable, nullptr};
    if (sql::reads_otherwise(*session_, snapshot_->metadata->id)) return out;
    out.by_row = true;
    out.rows = rests_on_;
    out.may_hold = [asked = asked_rows_, replaces = replaces_](const delta::AddFile& file) {
        return asked->may_hold(file) || (replaces && replaces(file));
    };
    return out;
}

Status RowChange::commit(delta::CommitRequest commit, bool reads, ChangeOutcome& outcome) {
    const bool goes = !commit.removes.empty() || !commit.marks.empty();
    if (commit.adds.empty() && !goes && !request_.txn) return {};
    if (snapshot_ != read_) {
        commit.metadata = *snapshot_->metadata;
        commit.protocol = snapshot_->protocol;
    }
    commit.time = time_;
    commit.info.engine = kEngine;
    commit.info.txn_id = lake_.new_uuid().str();
    commit.info.blind_append = !reads && !goes;
    if (!request_.user_metadata.empty())
        commit.info.user_metadata = json_object(request_.user_metadata);
    TARN_RETURN_IF_ERROR(delta::isolation_of(*snapshot_->metadata));
    if (reads || goes) commit.reads = what_was_read();
    TARN_RETURN_IF_ERROR(count_numbers(commit));
    if (request_.txn)
        commit.transactions.push_back({request_.txn->app_id, request_.txn->version, time_.ms()});
    MutexLock lock(entry_.appending);
    asked_ = true;
    // Should it not be known whether it is made: whoever asks again is not fenced by himself.
    auto done = [&] {
        if (request_.txn) entry_.known[request_.txn->app_id] = request_.txn->version;
    };
    auto committed = [&] {
        try {
            return entry_.table.commit(std::move(commit), *read_, lake_.steps());
        } catch (...) {
            done();
            throw;
        }
    };
    TARN_TRY(auto made, committed());
    done();
    lake_.conflicts.add(made.conflicts);
    outcome.version = made.version;
    outcome.committed = true;
    written_.clear();
    lake_.tell(request_.table);
    return lake_.after_commit(entry_, request_.table, *made.snapshot);
}

void RowChange::discard(const Error& error) {
    const bool dropped = error.code() == ErrorCode::kNotFound;
    if (asked_ && !dropped && error.code() != ErrorCode::kConflict) return;
    auto remove_from = [&](const std::string& folder) {
        for (const auto& path : written_)
            (void)lake_.context.fs.remove(folder + "/" + path);
    };
    remove_from(snapshot_->root);
    // A drop takes along what lies in the table's folder.
    if (dropped)
        for (const auto& table : lake_.dropped_tables())
            if (table.name == request_.table) remove_from(lake_.path_of(table));
    written_.clear();
}

}  // namespace tarn::lake
