#include "row_change.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "tarn/base/names.h"
#include "tarn/delta/deletion_vector.h"
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
constexpr int64_t kShortestPauseUs = 2'000, kLongestPauseUs = 500'000;

bool marks_rows(const delta::Snapshot& table) {
    return table.is_true("delta.enableDeletionVectors") &&
           delta::has_writer_feature(table.protocol, "deletionVectors");
}

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

Status each_pair(sql::Session& session, const std::string& select,
                 std::function<Status(std::string_view, int64_t)> each) {
    NamedNumbers sink(std::move(each));
    auto done = session.query(select, {}, sink);
    if (!done) return fail(std::move(done).error());
    return {};
}

std::string with_wide_bounds(std::string stats) {
    constexpr std::string_view kTight = "\"tightBounds\":true";
    if (auto at = stats.find(kTight); at != stats.npos)
        return stats.replace(at, kTight.size(), "\"tightBounds\":false");
    if (stats.find("\"tightBounds\"") != stats.npos || !stats.ends_with('}')) return stats;
    stats.pop_back();
    return stats + (stats.ends_with('{') ? "" : ",") + "\"tightBounds\":false}";
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

Result<std::vector<delta::Field>> columns_beside(const delta::Snapshot& table,
                                                 sql::Session& session, const std::string& select,
                                                 const std::vector<std::string>& wanted) {
    TARN_TRY(auto given, sql::schema_of_query(session, select));
    std::vector<delta::Field> out;
    for (auto& field : given.fields) {
        const auto is_it = [&](std::string_view name) { return same_but_case(name, field.name); };
        const bool is_wanted = wanted.empty() || std::ranges::any_of(wanted, is_it);
        if (!is_wanted || std::ranges::any_of(table.schema->fields, is_it, &delta::Field::name))
            continue;
        field.nullable = true;
        out.push_back(std::move(field));
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
      given_(std::make_unique<sql::GivenFiles>(*session_,
                                               sql::DeltaFiles{snapshot_, snapshot_->files.all()})),
      tracks_(tracks),
      time_(lake.context.clock.now()) {
    for (const auto& one : request.given)
        given_rows_.push_back(std::make_unique<sql::GivenRows>(*session_, one.schema, one.batches));
}

Status RowChange::add_columns(std::vector<delta::Field> fields) {
    if (fields.empty()) return {};
    delta::TableEdit edit(*read_);
    for (auto& field : fields) {
        edit.add_ids(field, [this] { return lake_.new_uuid().str(); });
        edit.schema.fields.push_back(std::move(field));
    }
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
    given_ = std::make_unique<sql::GivenFiles>(*session_,
                                               sql::DeltaFiles{snapshot_, snapshot_->files.all()});
    return {};
}

std::string RowChange::rows() const { return given_->text(); }

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

Status RowChange::choose_gone(const std::string& select) {
    TARN_RETURN_IF_ERROR(
        session_->execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS {}", kGone, select)));
    std::unordered_map<std::string, std::shared_ptr<const delta::AddFile>> by_name;
    snapshot_->files.each(
        [&](const auto& file) { by_name.emplace(scan_name(*file, *snapshot_), file); });
    gone_ = 0;
    touched_.clear();
    TARN_RETURN_IF_ERROR(each_pair(
        *session_, fmt::format("SELECT f, count(*) FROM {} GROUP BY f ORDER BY f", kGone),
        [&](std::string_view name, int64_t count) -> Status {
            auto file = by_name.find(std::string(name));
            if (file == by_name.end())
                return fail(ErrorCode::kInternal, fmt::format("no file of the table: {}", name));
            touched_.push_back({file->second, uint64_t(count), file->second->live_rows() == count});
            gone_ += uint64_t(count);
            return {};
        }));
    sql::DeltaFiles touched{snapshot_, {}};
    for (const auto& one : touched_)
        touched.files.push_back(one.file);
    given_ = nullptr;
    given_ = std::make_unique<sql::GivenFiles>(*session_, std::move(touched));
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

// The rows of these files go by deletion vectors, all in one file.
Status RowChange::mark(const std::vector<Touched>& partly, delta::CommitRequest& commit,
                       ChangeOutcome& outcome) {
    auto& fs = lake_.context.fs;
    delta::DeletionVectorFile vectors(lake_.new_uuid());
    std::unordered_map<std::string, const delta::AddFile*> by_name;
    for (const auto& one : partly)
        by_name.emplace(scan_name(*one.file, *snapshot_), one.file.get());
    std::string current;
    std::vector<uint64_t> rows;  // of it
    auto close = [&]() -> Status {
        const auto file = by_name.find(current);
        if (rows.empty() || file == by_name.end()) return {};
        auto add = *file->second;
        commit.removes.push_back(removal(add, time_));
        if (add.deletion_vector) {
            TARN_TRY(auto before,
                     delta::read_deletion_vector(fs, snapshot_->root, *add.deletion_vector));
            std::vector<uint64_t> both;
            std::ranges::set_union(before, rows, std::back_inserter(both));
            rows = std::move(both);
        }
        add.deletion_vector = std::make_shared<const delta::DeletionVector>(vectors.add(rows));
        add.stats = with_wide_bounds(std::move(add.stats));
        add.data_change = true;
        commit.adds.push_back(std::move(add));
        ++outcome.vectors_added;
        return {};
    };
    auto each = [&](std::string_view f, int64_t row) -> Status {
        if (f != current) {
            TARN_RETURN_IF_ERROR(close());
            current = f;
            rows.clear();
        }
        rows.push_back(uint64_t(row));
        return {};
    };
    TARN_RETURN_IF_ERROR(
        each_pair(*session_, fmt::format("SELECT f, r FROM {} ORDER BY f, r", kGone), each));
    TARN_RETURN_IF_ERROR(close());
    TARN_RETURN_IF_ERROR(vectors.write(fs, snapshot_->root));
    written_.push_back(vectors.name());
    return {};
}

Status RowChange::remove_rows(delta::CommitRequest& commit, ChangeOutcome& outcome) {
    std::vector<Touched> partly, marked;
    for (const auto& one : touched_) {
        if (one.goes_whole) {
            commit.removes.push_back(removal(*one.file, time_));
            ++outcome.files_removed;
        } else if (marks_rows(*snapshot_) && one.file->records >= 0) {
            marked.push_back(one);
        } else {
            partly.push_back(one);
        }
    }
    if (!marked.empty()) TARN_RETURN_IF_ERROR(mark(marked, commit, outcome));
    if (partly.empty()) return {};
    sql::DeltaFiles files{snapshot_, {}};
    for (const auto& one : partly) {
        files.files.push_back(one.file);
        commit.removes.push_back(removal(*one.file, time_));
        ++outcome.files_removed;
    }
    given_ = nullptr;
    given_ = std::make_unique<sql::GivenFiles>(*session_, std::move(files));
    std::vector<delta::AddFile> adds;
    TARN_RETURN_IF_ERROR(write(
        fmt::format("SELECT {}{} FROM {} AS t ANTI JOIN {} AS \"tarn g\" ON t.\"tarn file\" = "
                    "\"tarn g\".f AND t.\"tarn row\" = \"tarn g\".r",
                    column_list(*snapshot_, "t"), tracks_ ? row_ids("t", RowIds::kCopied) : "",
                    rows(), kGone),
        kept_beside(), adds));
    std::ranges::move(adds, std::back_inserter(commit.adds));
    return {};
}

void RowChange::choose_files(const std::function<bool(const delta::AddFile&)>& goes) {
    snapshot_->files.each([&](const auto& file) {
        if (!goes(*file)) return;
        const auto rows = std::max<int64_t>(0, file->live_rows());
        touched_.push_back({file, uint64_t(rows), true});
        gone_ += uint64_t(rows);
    });
}

void RowChange::choose_all() {
    choose_files([](const auto&) { return true; });
}

void RowChange::remove_partitions_of(const std::vector<delta::AddFile>& adds) {
    std::set<PartitionKey> touched;
    for (const auto& add : adds)
        touched.insert(partition_identity(*snapshot_, add));
    choose_files(
        [&](const auto& file) { return touched.contains(partition_identity(*snapshot_, file)); });
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
    outcome.files_added = commit.adds.size() - outcome.vectors_added;
    return commit;
}

Status RowChange::commit(delta::CommitRequest commit, bool reads, ChangeOutcome& outcome) {
    if (commit.adds.empty() && commit.removes.empty() && !request_.txn) return {};
    if (snapshot_ != read_) {
        commit.metadata = *snapshot_->metadata;
        commit.protocol = snapshot_->protocol;
    }
    commit.time = time_;
    commit.info.engine = kEngine;
    commit.info.txn_id = lake_.new_uuid().str();
    commit.info.blind_append = !reads && commit.removes.empty();
    if (!request_.user_metadata.empty())
        commit.info.user_metadata = json_object(request_.user_metadata);
    TARN_TRY(auto isolation, delta::isolation_of(*snapshot_->metadata));
    if (reads || !commit.removes.empty()) commit.reads = delta::Reads{isolation, nullptr};
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
    if (asked_ && error.code() != ErrorCode::kConflict) return;
    for (const auto& path : written_)
        (void)lake_.context.fs.remove(snapshot_->root + "/" + path);
    written_.clear();
}

void Lake::interrupt() {
    MutexLock lock(impl_->running);
    impl_->stopping = true;
    for (auto* session : impl_->sessions)
        session->interrupt();
}

namespace {

// A session that interrupt() ends, as long as it lives.
class Interruptible {
  public:
    Interruptible(Lake::Impl& lake, sql::Session& session) : lake_(lake), session_(session) {
        MutexLock lock(lake_.running);
        lake_.sessions.insert(&session_);
        refused_ = lake_.stopping;
    }
    ~Interruptible() {
        MutexLock lock(lake_.running);
        lake_.sessions.erase(&session_);
    }
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
    Status check() const {
        if (!refused_) return {};
        return fail(ErrorCode::kCancelled, "statements are not run any more: Tarn stops");
    }

  private:
    Lake::Impl& lake_;
    sql::Session& session_;
    bool refused_ = false;
};

Result<ChangeOutcome> attempt(Lake::Impl& lake, Entry& entry, const ChangeRequest& request,
                              RowOperation& operation) {
    auto found = lake.snapshot(request.table);
    if (!found) return fail(std::move(found).error());
    const auto snapshot = *found;
    ChangeOutcome outcome{.version = snapshot->version};
    if (request.txn) {
        MutexLock lock(entry.appending);
        TARN_TRY(outcome.duplicate,
                 lake.has_transaction(entry, *snapshot, request.table, *request.txn));
    }
    if (outcome.duplicate) {
        lake.duplicates.add();
        return outcome;
    }
    TARN_RETURN_IF_ERROR(delta::check_writable(snapshot->protocol, *snapshot->metadata));
    auto& engine = request.engine ? *request.engine : lake.context.engine;
    TARN_TRY(auto rules, row_rules(engine, *snapshot));
    TARN_TRY(auto session, engine.session());
    const auto tracking = delta::row_tracking(*snapshot);
    RowChange change(lake, entry, request, snapshot, std::move(rules), std::move(session),
                     tracking && *tracking);
    const Interruptible interruptible(lake, change.session());
    TARN_RETURN_IF_ERROR(interruptible.check());
    TARN_RETURN_IF_ERROR(operation.plan(change, outcome));
    auto made = [&]() -> Status {
        TARN_TRY(auto commit, change.prepare(outcome));
        if (change.gone() > 0) {
            TARN_RETURN_IF_ERROR(check_rows_may_go(*snapshot, request.table));
            if (!tracking) return fail(Error(tracking.error()));  // their ids cannot be kept
        }
        operation.count(change, outcome);
        commit.info.operation = operation.name();
        commit.info.parameters = operation.parameters();
        commit.info.metrics = operation.metrics(outcome);
        return change.commit(std::move(commit), operation.reads_table(), outcome);
    }();
    if (!made && !outcome.committed) {
        change.discard(made.error());
        return fail(std::move(made).error());
    }
    return outcome;
}

}  // namespace

Result<ChangeOutcome> change_rows(Lake::Impl& lake, const ChangeRequest& request,
                                  RowOperation& operation) {
    TARN_TRY(auto entry, lake.entry(request.table));
    int64_t pause_us = kShortestPauseUs;
    for (int number = 1;; ++number) {
        auto outcome = attempt(lake, *entry, request, operation);
        if (outcome) {
            outcome->attempts = number;
            return outcome;
        }
        if (outcome.error().code() != ErrorCode::kConflict || number == kMostAttempts)
            return outcome;
        lake.pause(Duration::micros(pause_us));
        pause_us = std::min(2 * pause_us, kLongestPauseUs);
    }
}

}  // namespace tarn::lake
