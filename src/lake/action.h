#pragma once

// What a write does to a table beside adding files. An action is a file under actions/; the steps
// that all of them share stand in write.cpp.

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "lake_impl.h"

namespace tarn::lake {

struct WriteAction {
    std::string_view mode;  // of commitInfo
    std::span<const std::pair<std::string_view, std::string_view>> parameters = {};  // more of it
    // Before anything is written; null: nothing stands against it.
    Status (*check)(const delta::Snapshot& snapshot, const AppendRequest& request) = nullptr;
    // The files that go when these come; null: none, and the table is not looked at.
    std::vector<delta::RemoveFile> (*removes)(const delta::Snapshot& snapshot,
                                              const std::vector<delta::AddFile>& adds,
                                              Timestamp time) = nullptr;
};
const WriteAction& append_action();
const WriteAction& overwrite_partitions_action();

// One write, step by step.
class Write {
  public:
    Write(Lake::Impl& lake, Entry& entry, AppendRequest& request, const WriteAction& action)
        : lake_(lake), entry_(entry), request_(request), action_(action) {}
    Result<AppendOutcome> run() TARN_REQUIRES(entry_.appending);

  private:
    Status check_schema();
    Status write_files();
    Status write_file(const std::string& folder, delta::StringMap values, const Batches& batches,
                      size_t number);
    Result<AppendOutcome> commit() TARN_REQUIRES(entry_.appending);
    delta::CommitInfo info() const;

    Lake::Impl& lake_;
    Entry& entry_;
    AppendRequest& request_;
    const WriteAction& action_;
    std::shared_ptr<const delta::Snapshot> snapshot_;
    std::vector<int> data_columns_, partition_columns_;  // indexes in the batches
    std::vector<delta::AddFile> adds_;
    AppendOutcome outcome_;
    std::unique_ptr<sql::Session> session_;
};

}  // namespace tarn::lake
