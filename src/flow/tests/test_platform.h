#pragma once

// A whole Tarn on a simulated disk, without listeners and on one thread: log, lake, views and the
// flows of a project, and SQL over their tables. It lives on after a crash.

#include <functional>
#include <memory>
#include <string>

#include "tarn/flow/runtime.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/sql/engine.h"

namespace tarn::flow {

class TestPlatform : sql::TableProvider {
  public:
    // One seed decides everything.
    explicit TestPlatform(uint64_t seed);
    ~TestPlatform() override;

    // Opens everything on the disk as it stands, with the flows of project(). An error (a crash on
    // the way) leaves it closed.
    Status open();
    void close();
    // Power off and on: closes, loses what was not synced.
    void crash();
    bool is_open() const { return runtime_ != nullptr; }

    Result<bool> step() { return runtime_->step(); }
    // Until no flow has anything to do. Errors: of step(), or a flow that is not running.
    Status drain();

    ManualClock clock;
    io::SimulatedDisk disk;
    io::Failpoints failpoints;
    Random random;
    RuntimeOptions options;                          // of the next open()
    std::shared_ptr<MemoryBudget> memory = nullptr;  // of the next open()
    project::Project& project() { return project_; }
    Runtime& runtime() { return *runtime_; }
    log::Log& log() { return *log_; }
    view::ViewStore& views() { return *views_; }
    // What the flows have; while it is open.
    RuntimeContext context();
    Result<std::unique_ptr<sql::Session>> session() { return engine_->session(); }
    // Reads behind the tables of topics what the log has of them.
    Result<std::unique_ptr<sql::Session>> tail_session();
    // Called when SQL has asked for a table, before it is read.
    std::function<void()> while_bound;

  private:
    Status open_all();
    Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                 std::string_view table) override;
    std::vector<std::string> names() override { return {}; }

    project::Project project_;
    std::unique_ptr<Metrics> metrics_;
    std::unique_ptr<log::Log> log_;
    std::unique_ptr<sql::Engine> engine_, tail_engine_;
    std::unique_ptr<lake::Lake> lake_;
    std::unique_ptr<view::ViewStore> views_;
    std::unique_ptr<Runtime> runtime_;
    uint64_t starts_ = 0;
};

}  // namespace tarn::flow
