// Lake::validate: the log replayed anew, with and without checkpoints, and every live file and
// deletion vector opened and held against what the log says of it. Columns are looked at by SQL in
// the table's own types, so that tables of other writers can be judged too.

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "log_care.h"
#include "row_change.h"
#include "table_files.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/statistics.h"
#include "tarn/lake/maintain.h"
#include "tarn/sql/quote.h"
#include "tarn/sql/result.h"

namespace tarn::lake {
namespace {

using delta::TypeKind;
using sql::quoted_name;
using sql::quoted_text;

std::set<std::string> live_keys(const delta::Snapshot& snapshot) {
    std::set<std::string> out;
    snapshot.files.each([&](auto& file) {
        auto key = delta::canonical_path(file->path, snapshot.root);
        if (file->deletion_vector) key += "\n" + file->deletion_vector->unique_id();
        out.insert(std::move(key));
    });
    return out;
}

// The numbers of a query's one row.
class OneRow final : public sql::ResultSink {
  public:
    Status begin(std::span<const sql::ResultColumn> columns) override {
        numbers.resize(columns.size());
        return {};
    }
    Status batch(const sql::ResultBatch& batch) override {
        for (size_t c = 0; c < numbers.size() && batch.rows() > 0; ++c)
            numbers[c] = batch.integer(c, 0);
        return {};
    }
    std::vector<int64_t> numbers;
};

bool has_bounds(TypeKind kind) {
    switch (kind) {
        case TypeKind::kBoolean:
        case TypeKind::kBinary:
        case TypeKind::kVoid:
        case TypeKind::kVariant:
        case TypeKind::kStruct:
        case TypeKind::kArray:
        case TypeKind::kMap:
            return false;
        default:
            return true;
    }
}
// Of which a bound is a value of the file, not one near to it.
bool has_exact_bounds(TypeKind kind) {
    return kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger ||
           kind == TypeKind::kLong || kind == TypeKind::kDecimal || kind == TypeKind::kDate;
}

class Validate {
  public:
    Validate(Lake::Impl& lake, delta::Table& files, const delta::Snapshot& snapshot,
             sql::Session& session, ValidateOutcome& outcome)
        : lake_(lake),
          fs_(lake.context.fs),
          files_(files),
          table_(snapshot),
          session_(session),
          outcome_(outcome) {}

    // Errors: what ends the work, such as memory.
    Status run(const std::shared_ptr<const delta::Snapshot>& shared) {
        outcome_.version = table_.version;
        if (auto status = check_log(); !status) problem(table_.root, status.error().message());
        std::set<std::string> paths;
        for (const auto& file : table_.files.all()) {
            TARN_RETURN_IF_ERROR(lake_.not_stopped());
            const auto path = delta::canonical_path(file->path, table_.root);
            if (!paths.insert(path).second)
                problem(path, "is part of the table twice, with two deletion vectors");
            auto status = check_file(shared, *file, path);
            if (status) continue;
            if (status.error().code() == ErrorCode::kResourceExhausted ||
                status.error().code() == ErrorCode::kCancelled)
                return status;
            problem(path, status.error().message());
        }
        return {};
    }

  private:
    void problem(std::string where, std::string what) {
        if (outcome_.problems.size() < ValidateOutcome::kMostProblems)
            outcome_.problems.push_back({std::move(where), std::move(what)});
    }

    // The state by commits alone, as far as they go back to version 0, must be that of the
    // checkpoints.
    Status check_log() {
        const auto folder = table_.root + "/_delta_log";
        TARN_TRY(auto log, delta::list_log(fs_, folder));
        outcome_.commits = log.commits.size();
        outcome_.checkpoints = log.checkpoints.size();
        delta::Replay replay(table_.root);
        bool whole = log.commits.contains(0);
        int64_t expected = log.commits.empty() ? 0 : log.commits.begin()->first;
        for (const auto& [version, info] : log.commits) {
            if (version > table_.version) break;
            if (const auto lacks = std::exchange(expected, version + 1); version != lacks) {
                // What comes before a checkpoint may have gone in any order.
                if ((log.checkpoints.empty() || log.checkpoints[0].version < version - 1) &&
                    std::ranges::none_of(log.compactions, [&](const auto& one) {
                        return one.first <= lacks && one.last >= version - 1;
                    }))
                    problem(folder, fmt::format("lacks versions before {}", version));
                whole = false;
            }
            TARN_TRY(auto actions, delta::read_commit(fs_, folder, version));
            check_commit(folder + "/" + info.name, actions);
            if (!whole) continue;
            TARN_RETURN_IF_ERROR(replay.apply_commit(version, std::move(actions)));
        }
        TARN_RETURN_IF_ERROR(check_beside(log));
        if (!whole) return {};
        TARN_TRY(auto plain, replay.snapshot());
        if (live_keys(*plain) != live_keys(table_))
            problem(table_.root, "commits and checkpoints give different files");
        for (const auto& [app_id, txn] : *plain->transactions)
            if (table_.transaction(app_id) != txn.version)
                problem(table_.root,
                        "commits and checkpoints give different transactions of " + app_id);
        return {};
    }

    // Commits without a byte, which readers pass over and writers stumble on, and versions that the
    // log has no more, though a checksum was written of them.
    Status check_end(const delta::LogListing& log, const std::string& folder) {
        TARN_TRY(const auto files, fs_.list(folder));
        for (const auto& file : files) {
            const auto name = delta::parse_log_name(file.name);
            if (name.kind == delta::LogFileKind::kCommit && !file.folder && file.size == 0)
                problem(folder + file.name, "is empty, and no writer gets past it");
            if (name.kind == delta::LogFileKind::kChecksum && name.version > log.newest() &&
                !fs_.exists(folder + delta::commit_name(name.version)))
                problem(folder + file.name, "is of a commit that is gone");
        }
        return {};
    }

    // What readers may go by in place of commits.
    Status check_beside(const delta::LogListing& log) {
        const auto folder = table_.root + "/_delta_log/";
        for (const auto& checkpoint : log.checkpoints) {
            auto read = files_.check_checkpoint(checkpoint);
            if (read) continue;
            if (read.error().code() == ErrorCode::kResourceExhausted) return read;
            problem(folder + checkpoint.files.front(), read.error().message());
        }
        TARN_RETURN_IF_ERROR(check_end(log, folder));
        if (const auto wrong = wrong_hint(fs_, table_.root + "/_delta_log", log))
            problem(folder + "_last_checkpoint", *wrong);
        return each_checksum(fs_, log, table_, [&](const auto& name, const auto& wrong) {
            for (const auto& what : wrong)
                problem(folder + name, what);
        });
    }

    // A commit has each thing once (PROTOCOL.md "Action Reconciliation").
    void check_commit(const std::string& where, const std::vector<delta::Action>& actions) {
        std::set<std::string> once;
        auto see = [&](const std::string& what) {
            if (!once.insert(what).second) problem(where, "has twice: " + what);
        };
        for (const auto& action : actions) {
            if (const auto* add = std::get_if<delta::AddFile>(&action))
                see("add of " + delta::canonical_path(add->path, table_.root));
            if (const auto* remove = std::get_if<delta::RemoveFile>(&action))
                see("remove of " + delta::canonical_path(remove->path, table_.root));
            if (const auto* txn = std::get_if<delta::SetTransaction>(&action))
                see("txn of " + txn->app_id);
            if (std::holds_alternative<delta::Metadata>(action)) see("metaData");
            if (std::holds_alternative<delta::Protocol>(action)) see("protocol");
        }
    }

    Status check_file(const std::shared_ptr<const delta::Snapshot>& shared,
                      const delta::AddFile& file, const std::string& path) {
        ++outcome_.files;
        outcome_.bytes += uint64_t(file.size);
        TARN_TRY(auto info, fs_.stat(delta::disk_path(path, table_.root)));
        if (int64_t(info.size) != file.size)
            problem(path, fmt::format("has {} bytes, the log says {}", info.size, file.size));
        for (const auto& name : table_.metadata->partition_columns) {
            const auto* field = table_.schema->find(name);
            const auto key = field ? delta::physical_name(*field, table_.mapping()) : name;
            if (std::ranges::none_of(file.partition_values,
                                     [&](const auto& one) { return one.first == key; }))
                problem(path, "the log has no value for partition column " + name);
        }
        // All rows, those that a vector deletes too: that is what counts and bounds are of.
        auto whole = std::make_shared<delta::AddFile>(file);
        whole->deletion_vector = nullptr;
        sql::GivenFiles given(session_, {shared, {std::move(whole)}});
        TARN_TRY(const auto rows, check_columns(file, path, given.text()));
        outcome_.rows += rows;
        if (!file.deletion_vector) return {};
        ++outcome_.vectors;
        TARN_TRY(const auto deleted,
                 delta::read_deletion_vector(fs_, table_.root, *file.deletion_vector));
        if (file.records < 0)
            problem(path, "has a deletion vector, but the log does not count its rows");
        if (!deleted.empty() && deleted.back() >= uint64_t(rows))
            problem(path, "its deletion vector goes beyond it");
        outcome_.rows -= int64_t(deleted.size());
        return {};
    }

    struct Question {
        size_t at = 0;  // of its answer
        const delta::Field* field = nullptr;
        std::string name;  // "s.f" of a field of a struct
        delta::ColumnRange stated = {};
        bool top = true;  // not inside of a struct
        bool low = false, high = false, exact = false;
    };

    // The questions of one query, and what the log says.
    struct Questions {
        std::string select = "SELECT count(*)";
        size_t answers = 1;
        std::map<std::string, delta::ColumnRange> stated = {};
        bool exact = false;
        std::vector<Question> all = {};
    };

    // Gives the number of rows.
    Result<int64_t> check_columns(const delta::AddFile& file, const std::string& path,
                                  const std::string& rows) {
        Questions questions;
        if (!file.stats.empty()) {
            auto stated = delta::read_leaf_statistics(file.stats);
            if (stated)
                questions.stated = *std::move(stated);
            else
                problem(path, stated.error().message());
        }
        // Files that Tarn's appends wrote bear the table's id: their bounds are values.
        questions.exact =
            path.find("-" + table_.metadata->id.substr(0, 8) + "-") != std::string::npos;
        const auto& partitions = table_.metadata->partition_columns;
        for (const auto& field : table_.schema->fields)
            if (std::ranges::find(partitions, field.name) == partitions.end())
                ask(field, "", "", field.name, questions);
        OneRow row;
        auto done = session_.query(questions.select + " FROM " + rows, {}, row);
        if (!done) return fail(std::move(done).error());
        const int64_t count = row.numbers.at(0);
        if (file.records >= 0 && count != file.records)
            problem(path, fmt::format("has {} rows, the log says {}", count, file.records));
        for (const auto& question : questions.all)
            judge(question, file, path, count, row.numbers);
        return count;
    }

    static std::string literal(const std::string& text, TypeKind kind) {
        if (kind == TypeKind::kTimestamp) return quoted_text(text) + "::TIMESTAMPTZ";
        if (kind == TypeKind::kTimestampNtz) return quoted_text(text) + "::TIMESTAMP";
        return quoted_text(text);
    }
    // Statistics are cut to milliseconds.
    static std::string most(const std::string& text, TypeKind kind) {
        const bool time = kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
        return literal(text, kind) + (time ? " + INTERVAL 1 MILLISECOND" : "");
    }

    // `parent`: the struct around it, as SQL and as the log name it.
    void ask(const delta::Field& field, const std::string& parent, const std::string& leaf,
             const std::string& said, Questions& to) const {
        const auto kind = field.type.kind;
        if (kind == TypeKind::kVoid) return;
        const auto name = parent + quoted_name(field.name);
        const auto key = delta::leaf_name(leaf, delta::physical_name(field, table_.mapping()));
        if (kind == TypeKind::kStruct)
            for (const auto& inner : field.type.fields)
                ask(inner, name + ".", key, said + "." + inner.name, to);
        Question out{.at = to.answers, .field = &field, .name = said, .top = parent.empty()};
        if (const auto found = to.stated.find(key); found != to.stated.end())
            out.stated = found->second;
        auto count = [&](const std::string& condition) {
            to.select += fmt::format(", count(*) FILTER (WHERE {})", condition);
            ++to.answers;
        };
        count(name + " IS NULL");
        if (has_bounds(kind)) {
            const auto& [min, max, nulls] = out.stated;
            out.low = min.has_value();
            out.high = max.has_value();
            out.exact = to.exact && has_exact_bounds(kind);
            if (out.low) count(name + " < " + literal(*min, kind));
            if (out.high) count(name + " > " + most(*max, kind));
            if (out.low && out.exact) count(name + " = " + literal(*min, kind));
            if (out.high && out.exact) count(name + " = " + literal(*max, kind));
        }
        to.all.push_back(std::move(out));
    }

    void judge(const Question& asked, const delta::AddFile& file, const std::string& path,
               int64_t rows, const std::vector<int64_t>& answers) {
        const auto& name = asked.name;
        size_t at = asked.at;
        const auto nulls = answers.at(at++);
        const bool tight =
            !file.deletion_vector && file.stats.find("\"tightBounds\":false") == std::string::npos;
        if (const auto stated = asked.stated.nulls) {
            // Wide bounds: it says something only where none or all are null.
            // A variant's own null reads as NULL.
            const bool counts = (tight || *stated == 0 || *stated == file.records) &&
                                asked.field->type.kind != TypeKind::kVariant;
            if (counts && *stated != nulls)
                problem(path, fmt::format("column {} has {} nulls, the log says {}", name, nulls,
                                          *stated));
        }
        if (asked.top && !asked.field->nullable && nulls > 0 && !file.deletion_vector)
            problem(path, fmt::format("column {} is required and has {} nulls", name, nulls));
        if (asked.low && answers.at(at++) > 0)
            problem(path, "column " + name + " has values below the minimum in the log");
        if (asked.high && answers.at(at++) > 0)
            problem(path, "column " + name + " has values above the maximum in the log");
        if (!asked.exact || !tight || rows == nulls) return;
        if (asked.low && answers.at(at++) == 0)
            problem(path, "column " + name + " does not have the minimum in the log");
        if (asked.high && answers.at(at++) == 0)
            problem(path, "column " + name + " does not have the maximum in the log");
    }

    Lake::Impl& lake_;
    io::FileSystem& fs_;
    delta::Table& files_;
    const delta::Snapshot& table_;
    sql::Session& session_;
    ValidateOutcome& outcome_;
};

}  // namespace

Result<ValidateOutcome> Lake::validate(std::string_view name) {
    TARN_TRY(auto entry, impl_->entry(name));
    impl_->flush_checksums();
    delta::Table fresh(impl_->context.fs, entry->table.root(), impl_->checkpoints.get());
    ValidateOutcome out;
    auto snapshot = fresh.refresh();
    if (!snapshot) {
        if (snapshot.error().code() != ErrorCode::kCorrupted)
            return fail(std::move(snapshot).error());
        out.problems.push_back({entry->table.root(), snapshot.error().message()});
        return out;
    }
    if (!(*snapshot)->schema) {
        out.problems.push_back({entry->table.root(), "the log has no schema"});
        return out;
    }
    TARN_TRY(auto session, impl_->context.engine.session());
    TARN_RETURN_IF_ERROR(Validate(*impl_, fresh, **snapshot, *session, out).run(*snapshot));
    return out;
}

Status Lake::verify(std::string_view name) {
    TARN_TRY(const auto seen, validate(name));
    if (seen.problems.empty()) return {};
    const auto& first = seen.problems[0];
    return fail(ErrorCode::kCorrupted, first.where + ": " + first.what);
}

}  // namespace tarn::lake
