// OPTIMIZE: bins of files become one file each, of row groups that are copied and of rows that are
// written anew; some bins at a time are committed as one. What
// others commit to the same files meanwhile wins: their deleted rows are carried over, or the bin
// is planned anew.

#include <algorithm>

#include <fmt/format.h>

#include "file_bins.h"
#include "file_join.h"
#include "row_change.h"
#include "tarn/base/settings.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/file_stats.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/sql/delta_write.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

using sql::quoted_name;

// A commit is made once this much was written, or so many bins.
constexpr int64_t kCommitBytes = 1 << 30;
constexpr size_t kCommitBins = 64;
constexpr int kMostRounds = 3;  // plans; the later ones for bins that yielded

class Optimize {
  public:
    Optimize(Lake::Impl& lake, Entry& entry, const OptimizeRequest& request)
        : lake_(lake), entry_(entry), request_(request) {}

    Result<OptimizeOutcome> run() {
        TARN_RETURN_IF_ERROR(look());
        TARN_TRY(session_, lake_.context.engine.session());
        TARN_TRY(const auto threads, number("SELECT current_setting('threads')::BIGINT"));
        in_order_ = threads == 1;
        std::optional<std::set<PartitionKey>> only;
        if (!request_.where.empty()) {
            TARN_TRY(only, partitions_where(*session_, snapshot_, request_.where));
        }
        for (int round = 0; round < kMostRounds; ++round) {
            yielded_.clear();
            auto bins =
                clustering_.empty()
                    ? plan_bins(*snapshot_, request_, target_bytes_, only ? &*only : nullptr)
                    : plan_cubes(*snapshot_, request_, target_bytes_, clustering_names());
            if (request_.dry_run) return plan_outcome(bins);
            TARN_RETURN_IF_ERROR(rewrite_all(std::move(bins)));
            if (yielded_.empty() || stopped_) break;
            only = yielded_;
            TARN_RETURN_IF_ERROR(look());
        }
        outcome_.version = snapshot_->version;
        return outcome_;
    }

  private:
    // The newest version, and whether it may be worked on.
    Status look() {
        TARN_TRY(snapshot_, lake_.snapshot(request_.table));
        TARN_RETURN_IF_ERROR(delta::check_writable(snapshot_->protocol, *snapshot_->metadata));
        TARN_TRY(const auto tracking, delta::row_tracking(*snapshot_));
        beside_ = tracking ? sql::Beside::kRowIds : sql::Beside::kNothing;
        TARN_RETURN_IF_ERROR(check_order(*snapshot_, request_.order_by));
        clustering_.clear();
        if (delta::has_writer_feature(snapshot_->protocol, "clustering"))
            clustering_ = delta::clustering_columns(*snapshot_);
        auto schema = *snapshot_->schema;
        for (const auto& column : clustering_)
            if (!delta::find_field(schema, column))
                return fail(errors::kTableDamaged,
                            fmt::format("table {} is clustered by {}, which it has not",
                                        request_.table, delta::dotted(column)));
        if (!clustering_.empty() && !request_.order_by.empty())
            return wrong("it is clustered: OPTIMIZE without ZORDER BY goes by its columns");
        if (clustering_.empty() && request_.full)
            return wrong("it is not clustered, and OPTIMIZE … FULL is of tables that are");
        target_bytes_ =
            request_.target_bytes > 0 ? request_.target_bytes : target_bytes_of(*snapshot_);
        return {};
    }

    std::unexpected<Error> wrong(std::string what) const {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("table {}: {}", request_.table, std::move(what)));
    }
    std::vector<std::string> clustering_names() const {
        std::vector<std::string> out;
        for (const auto& column : clustering_)
            out.push_back(delta::dotted(column));
        return out;
    }
    // By what rows are put in order.
    std::vector<delta::FieldPath> order() const {
        auto out = clustering_;
        for (const auto& column : request_.order_by)
            out.push_back({column});
        return out;
    }

    Result<int64_t> number(const std::string& select) {
        int64_t out = 0;
        TARN_RETURN_IF_ERROR(each_pair(*session_, "SELECT '', (" + select + ")",
                                       [&](std::string_view, int64_t value) -> Status {
                                           out = value;
                                           return {};
                                       }));
        return out;
    }

    OptimizeOutcome plan_outcome(const std::vector<FileBin>& bins) {
        for (const auto& bin : bins) {
            count_sources(bin);
            outcome_.files_added += uint64_t(bin.ordered ? ordered_files(bin) : 1);
        }
        outcome_.version = snapshot_->version;
        return outcome_;
    }
    int64_t ordered_files(const FileBin& bin) const {
        return std::max<int64_t>(1, (bin.bytes + target_bytes_ - 1) / target_bytes_);
    }
    void count_sources(const FileBin& bin) {
        for (const auto& file : bin.sources) {
            ++outcome_.files_removed;
            outcome_.bytes_removed += uint64_t(file->size);
            outcome_.vectors_removed += file->deletion_vector != nullptr;
        }
    }

    Status rewrite_all(std::vector<FileBin> bins) {
        std::vector<FileBin> group;
        int64_t bytes = 0;
        for (auto& bin : bins) {
            if (lake_.stopping || (request_.go_on && !request_.go_on())) {
                stopped_ = true;
                break;
            }
            if (!renew(bin)) continue;
            TARN_RETURN_IF_ERROR(rewrite(bin));
            bytes += bin.bytes;
            group.push_back(std::move(bin));
            if (bytes < kCommitBytes && group.size() < kCommitBins) continue;
            TARN_RETURN_IF_ERROR(commit(group));
            group.clear();
            bytes = 0;
        }
        return commit(group);
    }

    // The sources as they are now, where commits have come since they were chosen. False if one of
    // them is gone: the bin is planned anew.
    bool renew(FileBin& bin) {
        if (!now_ || now_->version != snapshot_->version) {
            now_ = snapshot_;
            files_ = files_by_path(*snapshot_);
        }
        for (auto& source : bin.sources) {
            auto at = files_.find(delta::canonical_path(source->path, snapshot_->root));
            if (at == files_.end()) {
                yielded_.insert(bin.partition);
                return false;
            }
            source = at->second;
        }
        return true;
    }

    Status rewrite(FileBin& bin) {
        planned_ = snapshot_;
        bin.first_sources = bin.sources;
        if (!clustering_.empty())
            bin.cube = delta::Cube{lake_.new_uuid().str(), clustering_names()};
        if (!bin.ordered && !bin.cube && beside_ == sql::Beside::kNothing) {
            TARN_TRY(const bool joined, join(bin));
            if (joined) return {};
        }
        if (!bin.ordered) return write_rows(bin.sources, bin);
        sql::GivenFiles given(*session_, {snapshot_, bin.sources});
        TARN_TRY(const auto table, order_rows(*session_, given.text(), *snapshot_, order(), ids()));
        auto list = columns();
        if (!ids().empty())
            for (const char* name : {sql::kRowIdColumn, sql::kRowVersionColumn})
                list += ", t." + quoted_name(name);
        TARN_TRY(const auto rows, number("SELECT count(*) FROM " + table));
        const int64_t files = ordered_files(bin);
        const int64_t step = std::max<int64_t>(1, (rows + files - 1) / files);
        for (int64_t from = 0; from < rows; from += step)
            TARN_RETURN_IF_ERROR(
                write(bin, fmt::format("SELECT {} FROM {} t WHERE rowid >= {} AND rowid < {}", list,
                                       table, from, from + step)));
        return session_->execute("DROP TABLE " + table);
    }

    // Row groups that are large enough are copied. False if nothing was made: rows have to be read.
    Result<bool> join(FileBin& bin) {
        auto& fs = lake_.context.fs;
        const delta::StatisticsMerge statistics(*snapshot_);
        TARN_TRY(auto parts, plan_join(fs, *snapshot_, statistics, bin.sources, request_.copies));
        if (parts.empty()) return false;
        FileBin between;  // files of what is written anew, which only the new file needs
        auto made = join_parts(parts, statistics, folder_of(*snapshot_, bin.sources), between);
        for (const auto& file : between.made)
            (void)fs.remove(snapshot_->root + "/" + delta::percent_decode(file.path));
        if (!made) return fail(std::move(made).error());
        if (!*made) return false;
        bin.made.push_back(**std::move(made));
        return true;
    }

    Result<std::optional<delta::AddFile>> join_parts(std::vector<JoinPart>& parts,
                                                     const delta::StatisticsMerge& statistics,
                                                     const std::string& folder, FileBin& between) {
        auto& fs = lake_.context.fs;
        std::vector<delta::CopySource> sources;
        for (auto& part : parts) {
            if (!part.copied) {
                const auto before = between.made.size();
                TARN_RETURN_IF_ERROR(write_rows(part.written, between));
                if (between.made.size() == before) continue;  // all its rows are deleted
                if (between.made.size() > before + 1) return std::nullopt;
                TARN_TRY(part.copied, delta::copy_source(fs, *snapshot_, statistics,
                                                         std::make_shared<const delta::AddFile>(
                                                             between.made.back())));
            }
            if (!part.copied || (!sources.empty() &&
                                 !codec::is_same_form(sources.front().footer, part.copied->footer)))
                return std::nullopt;
            sources.push_back(*std::move(part.copied));
        }
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_data"));
        TARN_TRY(auto made, delta::join_files(
                                fs, *snapshot_, statistics, sources,
                                fmt::format("{}/part-{}.parquet", folder, lake_.new_uuid().str())));
        TARN_RETURN_IF_ERROR(fs.sync_folder(folder));
        made.modified_ms = lake_.context.clock.now().ms();
        made.data_change = false;
        return std::optional(std::move(made));
    }

    Status write_rows(const FileList& files, FileBin& to) {
        sql::GivenFiles given(*session_, {snapshot_, files});
        return write(to, fmt::format("SELECT {} FROM {} t", columns() + ids(), given.text()));
    }

    std::string columns() const { return column_list(*snapshot_, "t"); }
    // Of the rows, which keep them.
    std::string ids() const {
        return beside_ == sql::Beside::kRowIds ? row_ids("t", RowIds::kCopied) : "";
    }

    Status write(FileBin& bin, const std::string& select) {
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_data"));
        auto files =
            sql::write_delta_files(*session_, sql::typed_select(*snapshot_, select, beside_),
                                   {.snapshot = snapshot_,
                                    .stem = lake_.new_uuid().str(),
                                    .beside = beside_,
                                    .time_ms = lake_.context.clock.now().ms()});
        if (!files) return fail(std::move(files).error());
        for (auto& file : *files) {
            file.data_change = false;
            if (bin.cube) delta::set_cube(file, *bin.cube);
            bin.made.push_back(std::move(file));
        }
        return {};
    }

    // Commits the bins, those that can follow what others did meanwhile.
    Status commit(std::vector<FileBin>& bins) {
        for (int attempt = 0; !bins.empty() && attempt < kMostAttempts; ++attempt) {
            TARN_TRY(auto request, request_of(bins));
            MutexLock lock(entry_.appending);
            auto made = entry_.table.commit(std::move(request), *snapshot_, lake_.steps());
            if (made) {
                snapshot_ = made->snapshot;
                return committed(bins, *made);
            }
            // On others it may be made, or will be tried again: what was written stays.
            if (made.error().code() != ErrorCode::kConflict) return fail(made.error());
            TARN_TRY(snapshot_, lake_.snapshot(request_.table));
            TARN_RETURN_IF_ERROR(follow_all(bins));
        }
        for (auto& bin : bins)
            yield(bin);
        return {};
    }

    Status committed(std::vector<FileBin>& bins, const delta::CommitOutcome& made)
        TARN_REQUIRES(entry_.appending) {
        ++outcome_.commits;
        lake_.conflicts.add(made.conflicts);
        for (const auto& bin : bins) {
            count_sources(bin);
            outcome_.carried_rows += bin.carried.size();
            for (const auto& file : bin.made) {
                if (bin.carried.size() == uint64_t(file.records)) continue;
                ++outcome_.files_added;
                outcome_.bytes_added += uint64_t(file.size);
            }
        }
        lake_.tell(request_.table);
        return lake_.after_commit(entry_, request_.table, *made.snapshot);
    }

    Status follow_all(std::vector<FileBin>& bins) {
        const bool same = planned_->metadata->schema == snapshot_->metadata->schema &&
                          planned_->metadata->id == snapshot_->metadata->id &&
                          planned_->metadata->configuration == snapshot_->metadata->configuration;
        const auto files = files_by_path(*snapshot_);
        std::vector<FileBin> left;
        for (auto& bin : bins) {
            bool follows = same;
            if (same) {
                TARN_TRY(follows, follow(lake_.context.fs, bin, *snapshot_, files));
            }
            if (follows && (bin.carried.empty() || in_order_))
                left.push_back(std::move(bin));
            else
                yield(bin);
        }
        bins = std::move(left);
        return {};
    }

    void yield(FileBin& bin) {
        yielded_.insert(bin.partition);
        outcome_.yielded += bin.made.size();
        for (const auto& file : bin.made)
            (void)lake_.context.fs.remove(snapshot_->root + "/" + delta::percent_decode(file.path));
    }

    Result<delta::CommitRequest> request_of(const std::vector<FileBin>& bins) {
        delta::CommitRequest out;
        out.time = lake_.context.clock.now();
        out.reads = delta::Reads{delta::Isolation::kSnapshot, nullptr};
        delta::DeletionVectorFile vectors(lake_.new_uuid());
        for (const auto& bin : bins) {
            for (const auto& file : bin.sources) {
                out.removes.push_back(removal(*file, out.time));
                out.removes.back().data_change = false;
            }
            for (auto add : bin.made) {
                if (bin.carried.size() == uint64_t(add.records)) continue;  // none is left
                if (!bin.carried.empty()) {
                    add.deletion_vector =
                        std::make_shared<const delta::DeletionVector>(vectors.add(bin.carried));
                    add.stats = delta::with_wide_bounds(std::move(add.stats));
                }
                out.adds.push_back(std::move(add));
            }
        }
        TARN_RETURN_IF_ERROR(vectors.write(lake_.context.fs, snapshot_->root));
        out.info = info(out);
        return out;
    }

    delta::CommitInfo info(const delta::CommitRequest& commit) {
        auto total = [](const auto& files) {
            int64_t bytes = 0;
            for (const auto& file : files) {
                if constexpr (requires { file.size.value_or(0); })
                    bytes += file.size.value_or(0);
                else
                    bytes += file.size;
            }
            return std::to_string(bytes);
        };
        const auto vectors = std::ranges::count_if(
            commit.removes, [](const auto& r) { return r.deletion_vector != nullptr; });
        delta::CommitInfo out;
        out.operation = "OPTIMIZE";
        out.parameters = {
            {"predicate", request_.where.empty() ? "[]" : json_list({request_.where})},
            {"zOrderBy", json_list(request_.order_by)},
            {"clusterBy", json_list(clustering_names())},
            {"isFull", request_.full ? "true" : "false"},
            {"auto", "false"}};
        out.metrics = {{"numRemovedFiles", std::to_string(commit.removes.size())},
                       {"numRemovedBytes", total(commit.removes)},
                       {"numAddedFiles", std::to_string(commit.adds.size())},
                       {"numAddedBytes", total(commit.adds)},
                       {"numDeletionVectorsRemoved", std::to_string(vectors)}};
        out.engine = kEngine;
        out.txn_id = lake_.new_uuid().str();
        out.blind_append = false;
        return out;
    }

    Lake::Impl& lake_;
    Entry& entry_;
    const OptimizeRequest& request_;
    std::shared_ptr<const delta::Snapshot> snapshot_, planned_;  // newest; that was written from
    std::shared_ptr<const delta::Snapshot> now_;                 // whose files these are
    FilesByPath files_;
    std::unique_ptr<sql::Session> session_;
    int64_t target_bytes_ = 0;
    std::vector<delta::FieldPath> clustering_;  // columns
    sql::Beside beside_ = sql::Beside::kNothing;
    bool in_order_ = false;  // rows are written as they are read
    bool stopped_ = false;
    std::set<PartitionKey> yielded_;
    OptimizeOutcome outcome_;
};

}  // namespace

Result<OptimizeOutcome> Lake::optimize(const OptimizeRequest& request) {
    TARN_TRY(auto entry, impl_->entry(request.table));
    MutexLock lock(entry->maintaining);
    return Optimize(*impl_, *entry, request).run();
}

}  // namespace tarn::lake
