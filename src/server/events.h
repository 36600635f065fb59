#pragma once

// Server-sent events: one thread reads the state of the platform a few times a second, while anyone
// listens, and hands every subscriber the same bytes; what a view commits it sends at once. A subscriber
// that cannot keep up misses events and is told to read again.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "host_names.h"
#include "sampler.h"
#include "tarn/base/mutex.h"
#include "tarn/net/principal.h"
#include "tarn/server/server.h"

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

// What changed in a view since the last time: the commits themselves, kept until they are taken. Commits come from the
// flow's thread; next() is called by one thread.
class ViewFeed {
  public:
    // `wake` is called after each commit, and must return at once.
    ViewFeed(std::shared_ptr<view::View> view, std::function<void()> wake);
    ~ViewFeed();
    // A ViewChange of openapi.yaml; nothing if nothing was committed since.
    std::optional<std::string> next(std::optional<Timestamp> watermark);
    // The newest rows that stand, as a ViewChange; nothing before the first commit.
    Result<std::optional<std::string>> present(std::optional<Timestamp> watermark) const;

  private:
    using BatchPtr = std::shared_ptr<const codec::ColumnBatch>;
    struct News {
        int64_t epoch = -1;  // of the newest commit; -1: there was none
        Timestamp time;
        std::vector<BatchPtr> commits;
        size_t rows = 0;
    };
    std::string event(int64_t epoch, Timestamp time, std::optional<Timestamp> watermark,
                      std::string_view rows) const;
    std::string rows_json(const std::vector<BatchPtr>& commits) const;

    const std::shared_ptr<view::View> view_;
    const std::function<void()> wake_;
    Mutex mutex_;
    News news_ TARN_GUARDED_BY(mutex_);
    uint64_t token_ = 0;
};

class EventHub {
  public:
    // Tells of `sources`, and of what views commit.
    EventHub(const ServerOptions& options, const RouteContext& context, Sampler& sampler,
             std::vector<host::EventSource> sources);
    ~EventHub();
    void subscribe(std::shared_ptr<EventSubscriber> subscriber, const net::Principal& who);
    size_t subscribers() const;
    void stop();

  private:
    struct Member {
        std::shared_ptr<EventSubscriber> to;
        net::Principal who;  // who listens
        bool missed = false, greeted = false;
    };
    enum class Due { kStop, kViews, kTick };
    void run();
    Due wait(int64_t next_tick_us);
    void tick(uint64_t tick);
    void find_views();
    void send_views();
    void view_changed();
    std::optional<Timestamp> watermark_of(const std::string& view) const;
    std::optional<std::string> present(const std::string& view) const;
    void send(std::string_view name, const std::string& data);
    void greet();
    std::string hello_json() const;

    const ServerOptions& options_;
    const RouteContext context_;
    const Platform& platform_;
    Sampler& sampler_;
    const std::vector<host::EventSource> sources_;
    std::map<std::string, std::unique_ptr<ViewFeed>> views_;  // of the thread
    uint64_t next_id_ = 1;                                    // of the thread
    mutable Mutex mutex_;
    Condition wake_;
    std::vector<Member> members_ TARN_GUARDED_BY(mutex_);
    bool views_changed_ TARN_GUARDED_BY(mutex_) = false;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace tarn::server
