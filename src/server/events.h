#pragma once

// Server-sent events: one thread reads the state of the platform a few times a second, as far as
// anyone listens to it, and hands all who do the same bytes; what a view commits it sends at once,
// what has not changed not again. A subscriber that cannot keep up misses events and is told to
// read again.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

// What one listens to. `hello` and `reset` come to all.
struct EventChoice {
    std::optional<std::set<std::string, std::less<>>> events, views;  // none: all there are
    bool wants(std::string_view event) const { return !events || events->contains(event); }
    bool wants_view(std::string_view view) const {
        return wants("view") && (!views || views->contains(view));
    }
};
// Of the parameters `events` and `views` of an address. Errors: kInvalidArgument (no such event).
Result<EventChoice> parse_choice(const Target& target, std::span<const host::EventSource> sources);

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
    const std::shared_ptr<view::View>& view() const { return view_; }

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
    void subscribe(std::shared_ptr<EventSubscriber> subscriber, const net::Principal& who,
                   EventChoice choice);
    std::span<const host::EventSource> sources() const { return sources_; }
    size_t subscribers() const;
    void stop();

  private:
    struct Member {
        std::shared_ptr<EventSubscriber> to;
        net::Principal who;  // who listens
        EventChoice choice;
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
    // To those who want it: of a view, that view.
    void send(std::string_view name, const std::string& data, std::string_view view = {});
    bool anyone_wants(std::string_view event) const;
    bool anyone_wants_view(std::string_view view) const;
    void greet();
    std::string greeting(const EventChoice& choice);
    std::string hello_json() const;

    const ServerOptions& options_;
    const RouteContext context_;
    const Platform& platform_;
    Sampler& sampler_;
    const std::vector<host::EventSource> sources_;
    std::map<std::string, std::unique_ptr<ViewFeed>> views_;  // of the thread
    uint64_t next_id_ = 1;                                    // of the thread
    std::map<std::string, std::string, std::less<>>
        last_;  // of the thread: by event, as it was sent
    mutable Mutex mutex_;
    Condition wake_;
    std::vector<Member> members_ TARN_GUARDED_BY(mutex_);
    bool views_changed_ TARN_GUARDED_BY(mutex_) = false;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace tarn::server
