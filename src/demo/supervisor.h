#pragma once

// Keeps the demo's server alive: starts it, starts it again on the same ports whenever it ends, and
// does what the page asks for. One thread uses it.
//
//   <data>/demo/commands/<action>.<salt>   a file a command, written by the server, removed when it
//                                          is taken up
//   <data>/demo/supervisor.json            pid, and what GET /api/v1/demo answers; replaced at each
//                                          change

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults.h"
#include "tarn/base/settings.h"
#include "tarn/host/process.h"
#include "tarn/host/serving.h"

namespace tarn::demo {

struct SupervisorOptions {
    std::string data;
    Settings::Values flags;  // of the server
    uint64_t seed = 1;
};

class Supervisor {
  public:
    // What is referred to outlives it.
    Supervisor(io::FileSystem& fs, Clock& clock, SupervisorOptions options,
               const host::ErrorCatalog& errors);
    ~Supervisor();

    // Waits until the server is ready. Errors: kUnavailable, with how it ended.
    Status start();
    // To be called a few dozen times a second. Errors: the server cannot be brought back.
    Status step();
    // Ends what faults do and waits until they are over.
    Status finish();
    // Ctrl-C to the server; its end, or an error if it did not stop cleanly.
    Status stop_server();

    const host::Serving& serving() const { return serving_; }
    host::Api api() const { return world_.api(); }
    int64_t starts() const { return starts_; }
    // Of all lives of the server: CPU added up, the largest memory.
    const host::Usage& server_usage() const { return usage_; }
    // Sums over the producers that faults started.
    int64_t extra(const char* key) const;

  private:
    struct Event {
        Timestamp at;
        std::string action, sentence;
        std::optional<Duration> recovery;
    };
    Status launch();
    Status bring_back(const host::ExitStatus& end);
    void take_commands();
    void write_state();
    void count(const host::ExitStatus& end);

    io::FileSystem& fs_;
    Clock& clock_;
    SupervisorOptions options_;
    host::Serving serving_;
    std::optional<host::Child> server_;
    FaultWorld world_;
    std::vector<std::unique_ptr<Fault>> faults_;
    KillFault* kill_ = nullptr;
    std::vector<Event> history_;  // newest first
    std::vector<nlohmann::json> producers_;
    host::Usage usage_;
    int64_t starts_ = 0, looked_us_ = 0;
    std::string last_exit_;
    std::optional<Duration> last_recovery_;
    std::optional<Timestamp> down_since_;
};

}  // namespace tarn::demo
