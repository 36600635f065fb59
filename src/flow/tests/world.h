#pragma once

// A whole Tarn on a simulated disk: log, lake, views and flows on one thread, with a producer that
// keeps a ledger of what was acknowledged. One seed decides everything.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "layers.h"
#include "tarn/flow/runtime.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::flow {

// Partition and offset of a record of the topic "clicks".
using Place = std::pair<int32_t, int64_t>;

// What the tables, topics and the view hold in the end.
struct Outcome {
    struct Click {
        int64_t time_us = 0;
        std::string page, user;
    };
    std::multimap<Place, Click> bronze;
    std::multimap<Place, std::string> quarantined;  // with the original value
    struct Late {
        std::string reason;
        std::optional<int64_t> watermark_us;
        int64_t window_end_us = 0;
    };
    std::multimap<Place, Late> late;
    struct Window {
        int64_t start_us = 0;
        std::optional<std::string> page;
        auto operator<=>(const Window&) const = default;
    };
    std::map<Window, std::pair<int64_t, int64_t>> windows;  // views, users
    Layers layers;
};

class World final : sql::TableProvider {
  public:
    explicit World(uint64_t seed);
    ~World() override;

    // Opens everything on the disk as it stands. An error (a crash on the way) leaves it closed.
    Status open();
    void close();
    // Power off and on: closes, loses what was not synced.
    void crash();

    // A batch of random events: on time, late, far ahead, twice, broken. False if it was not
    // acknowledged.
    bool produce();
    Result<bool> step() { return runtime_->step(); }
    // Until no flow has anything to do. Errors: of step(), or a flow that is not running.
    Status drain();
    Result<Outcome> read();

    ManualClock clock;
    io::SimulatedDisk disk;
    io::Failpoints failpoints;
    Random random;
    std::map<Place, std::string> acknowledged;  // values by place
    std::set<std::string> sent;                 // all values ever sent
    project::Project& project() { return project_; }
    Runtime& runtime() { return *runtime_; }
    log::Log& log() { return *log_; }
    bool is_open() const { return runtime_ != nullptr; }
    static constexpr int32_t kPartitions = 3;

  private:
    Status open_inner();
    std::string event();
    Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                 std::string_view table) override;
    std::vector<std::string> names() override { return {}; }
    Status read_bronze(Outcome& out);
    Status read_topic(const std::string& name, Outcome& out);
    Status read_view(Outcome& out);

    project::Project project_;
    std::unique_ptr<Metrics> metrics_;
    std::unique_ptr<log::Log> log_;
    std::unique_ptr<sql::Engine> engine_;
    std::unique_ptr<lake::Lake> lake_;
    std::unique_ptr<view::ViewStore> views_;
    std::unique_ptr<Runtime> runtime_;
    std::vector<std::string> repeatable_;
    int64_t next_id_ = 0;
    uint64_t starts_ = 0;
};

// What must hold of an outcome, whatever happened on the way; empty if it does.
std::string check(const Outcome& outcome, const World& world);

}  // namespace tarn::flow
