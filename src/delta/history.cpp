#include "tarn/delta/history.h"

#include "tarn/delta/log_files.h"

namespace tarn::delta {

Status read_history(io::FileSystem& fs, const Table& table, int64_t newest, int64_t limit,
                    const EachVersion& each) {
    const auto oldest = limit > newest ? 0 : newest - limit + 1;
    for (auto version = newest; version >= oldest; --version) {
        auto actions = read_commit(fs, table.log_folder(), version);
        if (!actions && actions.error().code() == ErrorCode::kNotFound) break;  // cleaned up
        if (!actions) return fail(std::move(actions).error());
        VersionInfo one;
        one.version = version;
        for (auto& action : *actions) {
            if (auto* info = std::get_if<CommitInfo>(&action)) one.info = std::move(*info);
            if (auto* transaction = std::get_if<SetTransaction>(&action))
                one.transactions.push_back(std::move(*transaction));
        }
        if (one.info.in_commit_timestamp_ms) {
            one.time_ms = *one.info.in_commit_timestamp_ms;
        } else if (one.info.timestamp_ms) {
            one.time_ms = *one.info.timestamp_ms;
        } else {
            const auto file = fs.stat(table.log_folder() + "/" + commit_name(version));
            if (file) one.time_ms = file->modified.ms();
        }
        TARN_RETURN_IF_ERROR(each(std::move(one), std::move(*actions)));
    }
    return {};
}

}  // namespace tarn::delta
