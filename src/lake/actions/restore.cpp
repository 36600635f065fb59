// RESTORE: the files, schema and properties of an older version, in a new one.

#include <algorithm>

#include <fmt/format.h>

#include "again.h"
#include "identity.h"
#include "table_files.h"
#include "tarn/delta/clustering.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/lake/error_ids.h"
#include "tarn/lake/maintain.h"

namespace tarn::errors {
extern const ErrorId kTableFilesGone;
}  // namespace tarn::errors

namespace tarn::lake {

Result<std::shared_ptr<const delta::Snapshot>> version_of(Entry& entry, const TableVersion& which) {
    if (which.version && which.time)
        return fail(ErrorCode::kInvalidArgument, "a version or a time, not both");
    if (which.version) return entry.table.at(*which.version);
    if (which.time) return entry.table.at_time(*which.time);
    return entry.table.refresh();
}

namespace {

constexpr size_t kMostNamed = 5;  // of the files that are gone
constexpr std::string_view kMaxColumnId = "delta.columnMapping.maxColumnId";

using FilesByKey = std::map<std::string, std::shared_ptr<const delta::AddFile>>;

FilesByKey files_by_key(const delta::Snapshot& table) {
    FilesByKey out;
    table.files.each([&](const auto& file) {
        auto key = delta::canonical_path(file->path, table.root);
        if (file->deletion_vector) key += "\n" + file->deletion_vector->unique_id();
        out.emplace(std::move(key), file);
    });
    return out;
}

bool same_but_id(const delta::Metadata& a, const delta::Metadata& b) {
    return a.schema == b.schema && a.partition_columns == b.partition_columns &&
           a.configuration == b.configuration && a.name == b.name && a.description == b.description;
}

class Restore {
  public:
    Restore(Lake::Impl& lake, Entry& entry, const RestoreRequest& request)
        : lake_(lake), entry_(entry), request_(request), fs_(lake.context.fs) {}

    Result<RestoreOutcome> attempt() {
        outcome_ = {};
        TARN_TRY(now_, lake_.snapshot(request_.table));
        if (!request_.to.version && !request_.to.time)
            return fail(ErrorCode::kInvalidArgument, "restore to which version, or which time?");
        TARN_TRY(then_, version_of(entry_, request_.to));
        TARN_RETURN_IF_ERROR(delta::check_writable(now_->protocol, *now_->metadata));
        outcome_.restored = then_->version;
        outcome_.version = now_->version;
        delta::CommitRequest commit;
        commit.time = lake_.context.clock.now();
        TARN_RETURN_IF_ERROR(compare(commit));
        set_metadata(commit);
        set_clustering(commit);
        if (commit.adds.empty() && commit.removes.empty() && !commit.metadata &&
            commit.domains.empty())
            return outcome_;
        if (!commit.removes.empty()) TARN_RETURN_IF_ERROR(check_rows_may_go(*now_, request_.table));
        commit.info = info(commit);
        // No word on what was read: nobody may have committed since.
        MutexLock lock(entry_.appending);
        TARN_TRY(auto made, entry_.table.commit(std::move(commit), *now_, lake_.steps()));
        outcome_.version = made.version;
        outcome_.committed = true;
        lake_.tell(request_.table);
        TARN_RETURN_IF_ERROR(lake_.after_commit(entry_, request_.table, *made.snapshot));
        return outcome_;
    }

  private:
    Status compare(delta::CommitRequest& commit) {
        const auto now = files_by_key(*now_), then = files_by_key(*then_);
        std::vector<std::string> gone;
        for (const auto& [key, file] : then) {
            if (now.contains(key)) continue;
            TARN_TRY(auto missing, missing_of(*file));
            if (!missing.empty()) {
                ++outcome_.files_missing;
                gone.push_back(std::move(missing));
                continue;
            }
            commit.adds.push_back(*file);
            commit.adds.back().data_change = true;
        }
        if (!gone.empty() && !request_.ignore_missing) return refuse(gone);
        for (const auto& [key, file] : now)
            if (!then.contains(key)) commit.removes.push_back(removal(*file, commit.time));
        outcome_.files_removed = commit.removes.size();
        outcome_.files_restored = commit.adds.size();
        return {};
    }
    // Which of a file and its vector is not on the disk; empty: both are.
    Result<std::string> missing_of(const delta::AddFile& file) {
        auto path = delta::canonical_path(file.path, then_->root);
        if (!fs_.exists(delta::disk_path(path, then_->root))) return path;
        if (!file.deletion_vector) return std::string();
        TARN_TRY(auto vector, vector_file(*file.deletion_vector, then_->root));
        if (vector.empty() || fs_.exists(delta::disk_path(vector, then_->root)))
            return std::string();
        return vector;
    }
    Status refuse(const std::vector<std::string>& gone) const {
        std::string names;
        for (size_t i = 0; i < std::min(gone.size(), kMostNamed); ++i)
            names += (i ? ", " : "") + gone[i];
        if (gone.size() > kMostNamed) names += ", …";
        return fail(errors::kTableFilesGone,
                    fmt::format("version {} of table {} needs {} files that are gone: {}",
                                then_->version, request_.table, gone.size(), names));
    }

    // Schema and properties go back; ids of columns and numbers of identity columns are never given
    // twice.
    void set_metadata(delta::CommitRequest& commit) const {
        auto metadata = *then_->metadata;
        metadata.id = now_->metadata->id;
        if (const auto* id = now_->property(kMaxColumnId))
            for (auto& [key, value] : metadata.configuration)
                if (key == kMaxColumnId && integer_property(*then_, kMaxColumnId, 0) <
                                               integer_property(*now_, kMaxColumnId, 0))
                    value = *id;
        if (auto schema = *then_->schema; keep_high_water_marks(schema, *now_->schema))
            metadata.schema = delta::schema_json(schema);
        if (!same_but_id(metadata, *now_->metadata)) commit.metadata = std::move(metadata);
    }

    void set_clustering(delta::CommitRequest& commit) const {
        auto of = [](const delta::Snapshot& table) {
            auto schema = *table.schema;
            return delta::clustering_domain(schema, table.mapping(),
                                            delta::clustering_columns(table));
        };
        auto then = of(*then_);
        if (then.configuration != of(*now_).configuration)
            commit.domains.push_back(std::move(then));
    }

    delta::CommitInfo info(const delta::CommitRequest& commit) const {
        int64_t removed = 0, restored = 0;
        for (const auto& file : commit.removes)
            removed += file.size.value_or(0);
        for (const auto& file : commit.adds)
            restored += file.size;
        delta::CommitInfo out;
        out.operation = "RESTORE";
        out.parameters = {{"version", std::to_string(then_->version)}};
        if (request_.to.time)
            out.parameters.emplace_back("timestamp", format_rfc3339(*request_.to.time));
        out.metrics = {
            {"tableSizeAfterRestore", std::to_string(int64_t(now_->bytes) - removed + restored)},
            {"numOfFilesAfterRestore",
             std::to_string(now_->files.size() - commit.removes.size() + commit.adds.size())},
            {"numRemovedFiles", std::to_string(commit.removes.size())},
            {"numRestoredFiles", std::to_string(commit.adds.size())},
            {"removedFilesSize", std::to_string(removed)},
            {"restoredFilesSize", std::to_string(restored)}};
        out.engine = kEngine;
        out.txn_id = lake_.new_uuid().str();
        out.blind_append = false;
        return out;
    }

    Lake::Impl& lake_;
    Entry& entry_;
    const RestoreRequest& request_;
    io::FileSystem& fs_;
    std::shared_ptr<const delta::Snapshot> now_, then_;
    RestoreOutcome outcome_;
};

}  // namespace

Result<RestoreOutcome> Lake::restore(const RestoreRequest& request) {
    TARN_TRY(auto entry, impl_->entry(request.table));
    MutexLock lock(entry->maintaining);
    Restore restore(*impl_, *entry, request);
    return again_on_conflict(*impl_, [&] { return restore.attempt(); });
}

}  // namespace tarn::lake
