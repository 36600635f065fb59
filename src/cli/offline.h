#pragma once

// What a data folder holds, opened without flows and listeners, for commands that change it while
// no process serves it. Holds the folder's lock. Used by one thread.

#include <memory>
#include <optional>
#include <string>

#include "tarn/base/ids.h"
#include "tarn/base/metrics.h"
#include "tarn/base/settings.h"
#include "tarn/flow/runtime.h"
#include "tarn/io/data_folder.h"
#include "tarn/project/project.h"

namespace tarn::cli {

class OfflineStores {
  public:
    // Errors: kFailedPrecondition (a process serves the folder), those of the stores.
    static Result<std::unique_ptr<OfflineStores>> open(const std::string& data,
                                                       project::Project project,
                                                       const Settings& settings);
    // For compiling alone: stores that are empty, in a folder of their own which goes with them,
    // but for the tables of the data folder, if there are any. A process may serve that.
    static Result<std::unique_ptr<OfflineStores>> open_scratch(const std::string& data,
                                                               project::Project project,
                                                               const Settings& settings);
    ~OfflineStores();
    flow::RuntimeOptions options() const;
    flow::RuntimeContext context();
    const project::Project& project() const { return project_; }
    lake::Lake& lake() { return *lake_; }
    view::ViewStore& views() { return *views_; }

  private:
    explicit OfflineStores(const std::string& data) : data_(data), tables_(data + "/tables") {}
    Status open_all(const Settings& settings);

    const std::string data_;
    std::string tables_;
    bool scratch_ = false;
    project::Project project_;
    io::LocalFileSystem fs_;
    SystemClock clock_;
    Random random_{entropy_seed()};
    io::Failpoints failpoints_;
    Metrics metrics_;
    Logger logger_;
    std::optional<io::DataFolder> folder_;
    std::unique_ptr<log::Log> log_;
    std::unique_ptr<sql::Engine> engine_;
    std::unique_ptr<lake::Lake> lake_;
    std::unique_ptr<view::ViewStore> views_;
};

// Which versions of tables flows have yet to read is known to those that run: a vacuum of a folder
// that no process serves is kFailedPrecondition if it has flows.
Status check_no_flows(io::FileSystem& fs, const std::string& data);

}  // namespace tarn::cli
