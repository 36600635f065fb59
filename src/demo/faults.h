#pragma once

// What may go wrong in the demo at the press of a button. A fault begins, lasts, and is over when
// the platform has recovered; then it says in one sentence, with figures, what Tarn did about it.
// One thread uses them: the supervisor's.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tarn/base/time.h"
#include "tarn/host/process.h"
#include "tarn/host/serving.h"
#include "tarn/io/file_system.h"

namespace tarn::demo {

// What faults act on and look at. The referenced objects outlive them.
struct FaultWorld {
    io::FileSystem& fs;  // without a quota
    Clock& clock;
    std::string data;
    uint64_t seed = 1;
    const host::Serving& serving;  // of the server's present life
    const host::ErrorCatalog& errors;
    std::function<void(int)> signal_server;
    std::function<void(const nlohmann::json&)> producer_ended;  // sums of a fault's own producer
    host::Api api() const { return {serving, errors}; }
};

class Fault {
  public:
    enum class State { kIdle, kRunning, kRecovering };
    explicit Fault(FaultWorld& world) : world_(world) {}
    virtual ~Fault() = default;
    virtual std::string_view name() const = 0;
    virtual std::string_view what() const = 0;  // for people, before it is done

    // From idle. Errors leave it idle.
    Status begin();
    // Moves on; true when the state changed. Called several times a second.
    bool step();
    // At once: what it does to the platform ends.
    virtual void lift() {}

    State state() const { return state_; }
    std::optional<Timestamp> since() const {
        return state_ == State::kIdle ? std::nullopt : std::optional(since_);
    }
    const std::string& outcome() const { return outcome_; }
    std::optional<Duration> recovery() const { return recovery_; }

  protected:
    virtual Status start() = 0;
    virtual bool lasts() = 0;  // false: it is over, the platform may recover
    // The sentence, once the platform has recovered. `late`: there was time enough; say what
    // stands.
    virtual std::optional<std::string> recovered(bool late) = 0;

    FaultWorld& world_;
    Timestamp since_;                     // begun
    int64_t since_us_ = 0, over_us_ = 0;  // monotonic
    std::optional<Duration> recovery_;

  private:
    State state_ = State::kIdle;
    std::string outcome_;
};

// kill -9 of the server. begin() does it; a server that somebody else killed is told by noticed().
class KillFault final : public Fault {
  public:
    using Fault::Fault;
    std::string_view name() const override { return "kill"; }
    std::string_view what() const override {
        return "Ends the server with kill -9, as a power cut would.";
    }
    // The server is gone, by whomever, and was last seen at `at`.
    void noticed(std::string end);
    void ready(Duration down) { down_ = down; }

  protected:
    Status start() override;
    bool lasts() override { return !down_; }
    std::optional<std::string> recovered(bool late) override;

  private:
    std::string end_;
    bool outside_ = false;
    std::optional<Duration> down_;  // until it was ready again
    std::optional<Duration> first_commit_;
};

// All faults, in the order in which a page shows them.
std::vector<std::unique_ptr<Fault>> make_faults(FaultWorld& world);

// "1,234,567".
std::string with_commas(int64_t n);

}  // namespace tarn::demo
