// Lake::verify: the log replayed anew, with and without checkpoints, and every live file read.

#include <fmt/format.h>

#include <set>

#include "lake_impl.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/statistics.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

std::unexpected<Error> broken(const std::string& path, std::string what) {
    return fail(ErrorCode::kCorrupted, path + ": " + what);
}

std::set<std::string> keys(const delta::Snapshot& snapshot) {
    std::set<std::string> out;
    snapshot.files.each([&](auto& file) {
        auto key = delta::canonical_path(file->path, snapshot.root);
        if (file->deletion_vector) key += "\n" + file->deletion_vector->unique_id();
        out.insert(std::move(key));
    });
    return out;
}

// The state by commits alone, as far as they go back to version 0, must be that of the checkpoints.
Status check_replay(io::FileSystem& fs, const delta::Snapshot& snapshot) {
    auto folder = snapshot.root + "/_delta_log";
    TARN_TRY(auto log, delta::list_log(fs, folder));
    if (!log.commits.contains(0)) return {};
    delta::Replay replay(snapshot.root);
    for (int64_t v = 0; v <= snapshot.version; ++v) {
        if (!log.commits.contains(v)) return {};
        TARN_TRY(auto actions, delta::read_commit(fs, folder, v));
        TARN_RETURN_IF_ERROR(replay.apply_commit(v, std::move(actions)));
    }
    TARN_TRY(auto plain, replay.snapshot());
    if (keys(*plain) != keys(snapshot))
        return broken(snapshot.root, "commits and checkpoints give different files");
    for (auto& [app_id, txn] : *plain->transactions)
        if (snapshot.transaction(app_id) != txn.version)
            return broken(snapshot.root,
                          "commits and checkpoints give different transactions of " + app_id);
    return {};
}

Status check_file(io::FileSystem& fs, sql::Session& session, const delta::Snapshot& snapshot,
                  const delta::AddFile& add) {
    auto path = delta::disk_path(delta::canonical_path(add.path, snapshot.root), snapshot.root);
    TARN_TRY(auto info, fs.stat(path));
    if (int64_t(info.size) != add.size)
        return broken(path, fmt::format("has {} bytes, the log says {}", info.size, add.size));
    auto read =
        session.query_columns("SELECT * FROM read_parquet(" + sql::quoted_text("tarn://" + path) +
                              ", hive_partitioning=false)");
    if (!read) return fail(std::move(read).error().with_context(path));
    auto batch = std::make_shared<const codec::ColumnBatch>(std::move(*read));
    if (add.records >= 0 && int64_t(batch->row_count) != add.records)
        return broken(path,
                      fmt::format("has {} rows, the log says {}", batch->row_count, add.records));
    if (add.deletion_vector) {
        TARN_TRY(auto rows, delta::read_deletion_vector(fs, snapshot.root, *add.deletion_vector));
        if (!rows.empty() && rows.back() >= batch->row_count)
            return broken(path, "a deletion vector goes beyond it");
    }
    std::vector<int> columns;
    std::vector<std::string> names;
    for (size_t i = 0; i < batch->schema.size(); ++i) {
        columns.push_back(int(i));
        names.push_back(batch->schema[i].name);
    }
    // Files that Tarn wrote bear the table's id: their statistics are reproduced to the letter.
    bool ours = path.find("-" + snapshot.metadata->id.substr(0, 8) + "-") != std::string::npos;
    auto actual = delta::read_statistics(delta::file_statistics({&batch, 1}, columns, -1), names);
    auto stated = delta::read_statistics(add.stats, names);
    for (size_t i = 0; i < names.size(); ++i) {
        if (stated[i].nulls && stated[i].nulls != actual[i].nulls)
            return broken(path, "the log's count of nulls is wrong for column " + names[i]);
        if (ours && ((stated[i].min && stated[i].min != actual[i].min) ||
                     (stated[i].max && stated[i].max != actual[i].max)))
            return broken(path, "the log's minimum or maximum is wrong for column " + names[i]);
    }
    return {};
}

}  // namespace

Status Lake::verify(std::string_view name) {
    TARN_TRY(auto entry, impl_->entry(name));
    auto& fs = impl_->context.fs;
    delta::Table fresh(fs, entry->table.root(), impl_->checkpoints.get());
    TARN_TRY(auto snapshot, fresh.refresh());
    TARN_RETURN_IF_ERROR(check_replay(fs, *snapshot));
    TARN_TRY(auto session, impl_->context.engine.session());
    for (auto& file : snapshot->files.all())
        TARN_RETURN_IF_ERROR(check_file(fs, *session, *snapshot, *file));
    return {};
}

}  // namespace tarn::lake
