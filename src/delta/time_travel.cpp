// Which version a table had at a time: by in-commit timestamps from where the table has them
// (PROTOCOL.md "In-Commit Timestamps"), before that by the times at which the files of the log were
// written, each later than the one before it, as Spark counts them.

#include <charconv>

#include "commit_text.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/table.h"

namespace tarn::errors {
extern const ErrorId kNoTableVersion;
}  // namespace tarn::errors

namespace tarn::delta {
namespace {

struct KnownTimes {
    int64_t version = INT64_MAX;  // the first with an in-commit timestamp
    int64_t time_ms = INT64_MAX;  // of it
};

int64_t integer_of(const Snapshot& table, std::string_view key) {
    int64_t out = 0;
    if (const auto* text = table.property(key))
        std::from_chars(text->data(), text->data() + text->size(), out);
    return out;
}

KnownTimes known_times(const Snapshot& table) {
    if (!keeps_times(table.protocol, *table.metadata)) return {};
    return {integer_of(table, "delta.inCommitTimestampEnablementVersion"),
            integer_of(table, "delta.inCommitTimestampEnablementTimestamp")};
}

Result<int64_t> commit_ms(io::FileSystem& fs, const std::string& folder, int64_t version) {
    TARN_TRY(const auto actions, read_commit(fs, folder, version));
    for (const auto& action : actions)
        if (const auto* info = std::get_if<CommitInfo>(&action))
            if (info->in_commit_timestamp_ms) return *info->in_commit_timestamp_ms;
    return fail(errors::kTableDamaged, folder + "/" + commit_name(version) +
                                           " has no inCommitTimestamp, which the table promises");
}

}  // namespace

std::map<int64_t, int64_t> commit_file_times(const LogListing& log) {
    std::map<int64_t, int64_t> out;
    std::optional<int64_t> previous;
    for (const auto& [version, info] : log.commits) {
        const auto ms = previous ? std::max(info.modified.ms(), *previous + 1) : info.modified.ms();
        out.emplace_hint(out.end(), version, ms);
        previous = ms;
    }
    return out;
}

Result<int64_t> Table::version_at(Timestamp time) {
    TARN_TRY(const auto newest, refresh());
    TARN_TRY(const auto log, list_log(fs_, log_folder()));
    const auto known = known_times(*newest);
    std::vector<int64_t> versions;  // that have a time of their own
    int64_t found = -1, oldest_ms = INT64_MAX;
    for (const auto& [version, ms] : commit_file_times(log)) {
        if (version > newest->version) break;
        if (version >= known.version) {
            versions.push_back(version);
            continue;
        }
        oldest_ms = std::min(oldest_ms, ms);
        if (ms <= time.ms()) found = version;
    }
    if (time.ms() >= known.time_ms && !versions.empty()) {
        size_t from = 0, to = versions.size();  // the first that is younger is between them
        while (from < to) {
            const auto middle = from + (to - from) / 2;
            TARN_TRY(const auto ms, commit_ms(fs_, log_folder(), versions[middle]));
            oldest_ms = std::min(oldest_ms, ms);
            if (ms <= time.ms())
                from = middle + 1;
            else
                to = middle;
        }
        if (from > 0) found = versions[from - 1];
    }
    if (found >= 0) return found;
    return fail(errors::kNoTableVersion,
                "table " + root_ + " has no version as old as " + format_rfc3339(time) +
                    (oldest_ms == INT64_MAX
                         ? std::string()
                         : "; the oldest is of " + format_rfc3339(Timestamp::from_ms(oldest_ms))));
}

Result<int64_t> Table::first_version_since(Timestamp time) {
    const auto before = version_at(Timestamp::from_ms(time.ms() - (time.us % 1'000 == 0 ? 1 : 0)));
    if (!before && before.error().code() != ErrorCode::kNotFound)
        return fail(Error(before.error()));
    TARN_TRY(const auto log, list_log(fs_, log_folder()));
    const auto first = before ? log.commits.upper_bound(*before) : log.commits.begin();
    if (first != log.commits.end()) return first->first;
    return fail(errors::kNoTableVersion,
                "table " + root_ + " has no version as young as " + format_rfc3339(time));
}

Result<std::shared_ptr<const Snapshot>> Table::at_time(Timestamp time) {
    TARN_TRY(const auto version, version_at(time));
    return at(version);
}

}  // namespace tarn::delta
