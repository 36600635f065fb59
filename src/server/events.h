#pragma once

// Server-sent events: one thread reads the state of the platform a few times a second, while anyone
// listens, and hands every subscriber the same bytes. A subscriber that cannot keep up misses
// events and is told to read again.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "json_writer.h"
#include "ledger.h"
#include "platform.h"
#include "sampler.h"
#include "tarn/base/mutex.h"

namespace tarn::server {

// One listening connection. push() is called by the hub's thread and returns at once.
class EventSubscriber {
  public:
    enum class Push { kTaken, kFull, kGone };
    virtual ~EventSubscriber() = default;
    virtual Push push(std::shared_ptr<const std::string> bytes) = 0;
};

// An event in the stream's own form (HTML standard, 9.2). `data` holds no line breaks.
std::string event_bytes(std::string_view name, uint64_t id, std::string_view data);

// What changed in a view since the last time, of windows that may still change. Used by one thread.
class ViewDelta {
  public:
    // Nothing if the epoch is the same as last time, or the view was never committed.
    Result<std::optional<std::string>> next(const view::View& view,
                                            std::optional<Timestamp> watermark);

  private:
    Result<std::string> rows(const view::View& view);
    void learn_step(const codec::ColumnBatch& batch, int time_column);
    int64_t epoch_ = -1;
    std::optional<Timestamp> from_, next_from_;
    int64_t step_us_ = 0;  // distance of neighbouring first keys: the window's size
    std::unordered_set<std::string> seen_;  // rows as they were sent
};

class EventHub {
  public:
    EventHub(const ServerOptions& options, const Platform& context, Sampler& sampler);
    ~EventHub();
    void set_ready() { ready_ = true; }
    void subscribe(std::shared_ptr<EventSubscriber> subscriber);
    size_t subscribers() const;
    void stop();
    // The newest ledger, read now.
    std::string ledger_json();

  private:
    struct Member {
        std::shared_ptr<EventSubscriber> to;
        bool missed = false, greeted = false;
    };
    void run();
    void tick(uint64_t tick);
    void send_views();
    void send(std::string_view name, const std::string& data);
    void greet();
    std::string hello_json() const;

    const ServerOptions& options_;
    const Platform& context_;
    Sampler& sampler_;
    std::atomic<bool> ready_ = false;
    Mutex ledger_mutex_;
    LedgerReader ledger_ TARN_GUARDED_BY(ledger_mutex_);
    std::map<std::string, ViewDelta> views_;  // of the thread
    uint64_t next_id_ = 1;                    // of the thread
    mutable Mutex mutex_;
    Condition wake_;
    std::vector<Member> members_ TARN_GUARDED_BY(mutex_);
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace tarn::server
