#pragma once

// The running platform: every part made, wired and owned in one place, torn down in the opposite
// order.

#include <memory>
#include <optional>
#include <string>

#include "memory_keeper.h"
#include "tables.h"
#include "tarn/base/ids.h"
#include "tarn/base/logger.h"
#include "tarn/base/memory.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"
#include "tarn/base/settings.h"
#include "tarn/flow/runtime.h"
#include "tarn/host/serving.h"
#include "tarn/host/table_care.h"
#include "tarn/io/data_folder.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/quota.h"
#include "tarn/kafka/server.h"
#include "tarn/lake/lake.h"
#include "tarn/log/log.h"
#include "tarn/project/project.h"
#include "tarn/server/server.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/query_log.h"
#include "tarn/view/view.h"

namespace tarn::cli {

class Platform {
  public:
    // Opens the data folder (lock, format, start number), recovers the log and the flows, opens the
    // listeners. Errors say what to do.
    static Result<std::unique_ptr<Platform>> open(const std::string& data, project::Project project,
                                                  const Settings& settings);
    ~Platform();
    const host::Serving& serving() const { return serving_; }
    Logger& logger() { return logger_; }
    const Metrics& metrics() const { return metrics_; }
    // Takes up the project as it is on disk now, if it is another than that whose flows run. Any
    // thread. Errors: of reading and compiling it; then all is as before.
    Result<bool> reload();
    // The same if nothing of it needs a rebuild, which is said otherwise, once. To be called again
    // and again, by one thread.
    Status look_at_project();

  private:
    Platform(const std::string& data, Settings settings)
        : fs_(disk_, clock_, data), settings_(std::move(settings)), data_(data) {}
    Status open_stores(const Settings& settings);
    // What capabilities lend to SQL.
    Status lend_functions(sql::Engine& engine);
    Status open_listeners(const Settings& settings);
    Status open_more_listeners();
    Result<project::Project> project_on_disk() const;
    Error project_gone() const;
    flow::RuntimeOptions flow_options() const;
    flow::RuntimeContext flow_context();
    host::Flows flows_of_project();

    mutable io::LocalFileSystem disk_;
    SystemClock clock_;
    io::QuotaFileSystem fs_;
    const Settings settings_;
    std::unique_ptr<Random> log_random_, lake_random_, flow_random_, kafka_random_;
    io::Failpoints failpoints_;
    Metrics metrics_;
    Logger logger_;
    std::string data_;
    project::Project project_;  // of the start
    Mutex reloading_;
    // Of the project's files: as loaded last, as seen last, as refused.
    std::string text_ TARN_GUARDED_BY(reloading_);
    std::string seen_ TARN_GUARDED_BY(reloading_);
    std::string refused_ TARN_GUARDED_BY(reloading_);
    int64_t looks_at_gone_ = 0;  // of look_at_project()
    host::Serving serving_;
    std::optional<io::DataFolder> folder_;
    int64_t memory_limit_ = 0;  // bytes
    std::shared_ptr<MemoryBudget> memory_;
    std::unique_ptr<log::Log> log_;
    std::unique_ptr<sql::Engine> flow_engine_;
    std::unique_ptr<lake::Lake> lake_;
    std::unique_ptr<view::ViewStore> views_;
    std::unique_ptr<flow::Runtime> flows_;
    std::unique_ptr<Tables> tables_;
    std::unique_ptr<sql::Engine> user_engine_, change_engine_;
    std::optional<MemoryKeeper> keeper_;
    std::optional<host::TableCare> care_;
    sql::QueryLog queries_{clock_};
    std::unique_ptr<kafka::Server> kafka_;
    std::unique_ptr<server::HttpServer> http_;
    std::optional<host::Platform> reached_;                  // what listeners reach
    std::vector<std::unique_ptr<net::Listener>> listeners_;  // beside those of Kafka and HTTP
};

}  // namespace tarn::cli
