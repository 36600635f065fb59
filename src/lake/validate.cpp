// Lake::validate: the log replayed anew, with and without checkpoints, and every live file and
// deletion vector opened and held against what the log says of it.

#include <set>

#include <fmt/format.h>

#include "file_check.h"
#include "log_care.h"
#include "table_files.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/paths.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

std::set<std::string> live_keys(const delta::Snapshot& snapshot) {
    std::set<std::string> out;
    snapshot.files.each([&](auto& file) {
        auto key = delta::canonical_path(file->path, snapshot.root);
        if (file->deletion_vector) key += "\n" + file->deletion_vector->unique_id();
        out.insert(std::move(key));
    });
    return out;
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
            ++outcome_.files;
            outcome_.bytes += uint64_t(file->size);
            auto seen = check_file(fs_, session_, shared, *file,
                                   [&](auto what) { problem(path, std::move(what)); });
            if (seen) {
                outcome_.rows += seen->rows;
                if (seen->vector) ++outcome_.vectors;
            } else {
                if (!tells_of_the_file(seen.error())) return fail(std::move(seen).error());
                problem(path, seen.error().message());
            }
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
        // Commits alone from version 0 on, as far as none is missing.
        bool whole = true;
        int64_t expected = 0;
        for (const auto& [version, info] : log.commits) {
            if (version > table_.version) break;
            whole = whole && version == expected++;
            TARN_TRY(auto actions, delta::read_commit(fs_, folder, version));
            check_commit(folder + "/" + info.name, actions);
            if (!whole) continue;
            TARN_RETURN_IF_ERROR(replay.apply_commit(version, std::move(actions)));
        }
        for (const auto& hole : holes(log))
            problem(folder, hole);
        TARN_RETURN_IF_ERROR(check_beside(log));
        if (!whole || expected != table_.version + 1) return {};
        TARN_TRY(auto plain, replay.snapshot());
        if (live_keys(*plain) != live_keys(table_))
            problem(table_.root, "commits and checkpoints give different files");
        for (const auto& [app_id, txn] : *plain->transactions)
            if (table_.transaction(app_id) != txn.version)
                problem(table_.root,
                        "commits and checkpoints give different transactions of " + app_id);
        return {};
    }

    // What readers may go by in place of commits.
    Status check_beside(const delta::LogListing& log) {
        const auto folder = table_.root + "/_delta_log/";
        std::vector<SeenCheckpoint> sound;
        for (const auto& checkpoint : log.checkpoints) {
            auto read = files_.check_checkpoint(checkpoint);
            if (read) {
                sound.push_back({checkpoint, *read});
                continue;
            }
            if (read.error().code() == ErrorCode::kResourceExhausted)
                return fail(std::move(read).error());
            problem(folder + checkpoint.files.front(), read.error().message());
        }
        // Readers pass over commits without a byte, and writers stumble on them.
        for (const auto& [version, info] : log.empty)
            problem(folder + info.name, "is empty, and no writer gets past it");
        for (const auto& [version, name] : log.checksums)
            if (version > log.newest() && !log.empty.contains(version))
                problem(folder + name, "is of a commit that is gone");
        if (const auto wrong = wrong_hint(fs_, table_.root + "/_delta_log", sound))
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
    impl_->finish_commits();
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
