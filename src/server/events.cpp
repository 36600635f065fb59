#include "events.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "api_json.h"
#include "cell_json.h"

namespace tarn::server {
namespace {

constexpr Duration kTick = Duration::millis(100);
constexpr uint64_t kTicksPerSecond = 10;
constexpr Duration kViewPause = Duration::millis(20);  // between two events of views
constexpr size_t kMaxRows = 20'000;  // of one event; of more the client is told to read again
constexpr size_t kFirstRows = 2'000;

}  // namespace

std::string event_bytes(std::string_view name, uint64_t id, std::string_view data) {
    return fmt::format("event: {}\nid: {}\ndata: {}\n\n", name, id, data);
}

Result<EventChoice> parse_choice(const Target& target, std::span<const host::EventSource> sources) {
    const auto listed = [&](std::string_view name) {
        std::optional<std::set<std::string, std::less<>>> names;
        const auto it = target.query.find(name);
        if (it == target.query.end()) return names;
        names.emplace();
        for (std::string_view rest = it->second; !rest.empty();) {
            const auto comma = rest.find(',');
            if (comma != 0) names->emplace(rest.substr(0, comma));
            rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
        }
        return names;
    };
    EventChoice choice{.events = listed("events"), .views = listed("views")};
    if (!choice.events) return choice;
    std::string known = "view";
    for (const auto& source : sources)
        known += fmt::format(", {}", source.name);
    for (const auto& event : *choice.events)
        if (event != "view" &&
            std::ranges::find(sources, event, &host::EventSource::name) == sources.end())
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("there is no event named '{}'; there are {}", event, known));
    return choice;
}

ViewFeed::ViewFeed(std::shared_ptr<view::View> view, std::function<void()> wake)
    : view_(std::move(view)), wake_(std::move(wake)) {
    token_ = view_->add_listener([this](const view::ViewCommit& commit) {
        {
            MutexLock lock(mutex_);
            news_.epoch = commit.epoch;
            news_.time = commit.time;
            if (commit.upserts && news_.rows <= kMaxRows) {
                news_.rows += commit.upserts->row_count;
                news_.commits.push_back(commit.upserts);
            }
        }
        wake_();
    });
}

ViewFeed::~ViewFeed() { view_->remove_listener(token_); }

std::string ViewFeed::event(int64_t epoch, Timestamp time, std::optional<Timestamp> watermark,
                            std::string_view rows) const {
    JsonWriter json;
    json.begin_object().field("view", view_->spec().name).field("batch_id", epoch);
    json.field("committed", time).field("watermark", watermark);
    write_view_shape(json, view_->spec());
    json.key("rows").raw(rows).end_object();
    return json.take();
}

std::optional<std::string> ViewFeed::next(std::optional<Timestamp> watermark) {
    News news;
    {
        MutexLock lock(mutex_);
        news = std::exchange(news_, {});
    }
    if (news.epoch < 0) return std::nullopt;
    return event(news.epoch, news.time, watermark,
                 news.rows > kMaxRows ? "null" : rows_json(news.commits));
}

Result<std::optional<std::string>> ViewFeed::present(std::optional<Timestamp> watermark) const {
    const auto state = view_->state();  // before the rows: what comes between is told again
    if (state.epoch < 0) return std::optional<std::string>();
    TARN_TRY(auto newest,
             view_->scan({.from = {}, .to = {}, .limit = kFirstRows, .newest_first = true}));
    return std::optional(event(state.epoch, state.time, watermark, rows_json({newest})));
}

// Rows of several commits: of each key the newest.
std::string ViewFeed::rows_json(const std::vector<BatchPtr>& commits) const {
    std::unordered_set<std::string> seen;
    JsonWriter out;
    out.begin_array();
    for (size_t n = commits.size(); n-- > 0;) {
        const auto& batch = *commits[n];
        for (size_t i = 0; i < batch.row_count; ++i) {
            if (commits.size() > 1) {
                JsonWriter key;
                key.begin_array();
                for (int column : view_->spec().key)
                    write_cell(key, batch.columns[size_t(column)], i);
                if (!seen.insert(key.end_array().take()).second) continue;
            }
            write_row(out, batch, i);
        }
    }
    out.end_array();
    return out.take();
}

EventHub::EventHub(const ServerOptions& options, const RouteContext& context, Sampler& sampler,
                   std::vector<host::EventSource> sources)
    : options_(options),
      context_(context),
      platform_(context.platform),
      sampler_(sampler),
      sources_(std::move(sources)),
      thread_([this] { run(); }) {}

EventHub::~EventHub() { stop(); }

void EventHub::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    views_.clear();
    MutexLock lock(mutex_);
    members_.clear();
}

size_t EventHub::subscribers() const {
    MutexLock lock(mutex_);
    return members_.size();
}

void EventHub::subscribe(std::shared_ptr<EventSubscriber> subscriber, const net::Principal& who,
                         EventChoice choice) {
    MutexLock lock(mutex_);
    if (stopping_) return;
    members_.push_back({.to = std::move(subscriber), .who = who, .choice = std::move(choice)});
    wake_.notify_all();
}

bool EventHub::anyone_wants(std::string_view event) const {
    MutexLock lock(mutex_);
    return std::ranges::any_of(members_, [&](const Member& m) { return m.choice.wants(event); });
}

bool EventHub::anyone_wants_view(std::string_view view) const {
    MutexLock lock(mutex_);
    return std::ranges::any_of(members_,
                               [&](const Member& m) { return m.choice.wants_view(view); });
}

std::string EventHub::hello_json() const {
    JsonWriter json;
    json.begin_object().field("version", options_.version).field("project", options_.project_name);
    json.field("start_number", options_.start_number)
        .field("as_of", platform_.clock.now())
        .end_object();
    return json.take();
}

// Until the next tick, or until a view has changed while somebody listens.
EventHub::Due EventHub::wait(int64_t next_tick_us) {
    MutexLock lock(mutex_);
    while (!stopping_) {
        const int64_t left = next_tick_us - platform_.clock.monotonic_us();
        if (left <= 0) return Due::kTick;
        if (views_changed_ && !members_.empty()) {
            views_changed_ = false;
            return Due::kViews;
        }
        wake_.wait_for(mutex_, Duration{left});
    }
    return Due::kStop;
}

void EventHub::run() {
    uint64_t ticks = 0;
    int64_t next_tick = platform_.clock.monotonic_us();
    while (true) {
        const auto due = wait(next_tick);
        if (due == Due::kStop) return;
        if (due == Due::kViews) {
            send_views();
            platform_.clock.sleep(kViewPause);
            continue;
        }
        next_tick = platform_.clock.monotonic_us() + kTick.us;
        bool fresh = false, listening = false;
        {
            MutexLock lock(mutex_);
            listening = !members_.empty();
            for (const auto& member : members_)
                fresh |= !member.greeted;
        }
        if (listening) find_views();
        if (fresh) greet();
        if (ticks % kTicksPerSecond == 0) sampler_.sample();
        if (listening) tick(ticks);
        if (!listening) {
            views_.clear();
            last_.clear();
        }
        ++ticks;
    }
}

void EventHub::view_changed() {
    MutexLock lock(mutex_);
    views_changed_ = true;
    wake_.notify_all();
}

void EventHub::find_views() {
    std::erase_if(views_, [&](const auto& entry) { return !anyone_wants_view(entry.first); });
    for (const auto& name : platform_.views.names()) {
        if (!anyone_wants_view(name)) continue;
        auto view = platform_.views.find(name);
        if (!view) continue;
        // One that was built anew has taken the place of the one that is followed.
        if (auto it = views_.find(name); it != views_.end() && it->second->view() == view) continue;
        views_[name] = std::make_unique<ViewFeed>(view, [this] { view_changed(); });
        if (auto now = present(name)) send("view", *now, name);
    }
}

std::optional<Timestamp> EventHub::watermark_of(const std::string& view) const {
    auto flow = platform_.flows.describe(view);
    return flow ? flow->watermark : std::nullopt;
}

std::optional<std::string> EventHub::present(const std::string& view) const {
    auto now = views_.at(view)->present(watermark_of(view));
    if (now) return *now;
    platform_.logger.warn("cannot read a view for the page",
                          {{"view", view}, {"error", now.error().message()}});
    return std::nullopt;
}

void EventHub::tick(uint64_t ticks) {
    send_views();
    for (const auto& source : sources_)
        if (ticks % uint64_t(std::max<int64_t>(1, source.every.us / kTick.us)) == 0 &&
            anyone_wants(source.name)) {
            auto now = source.json(context_);
            if (const auto it = last_.find(source.name); it != last_.end() && it->second == now)
                continue;
            send(source.name, now);
            last_.insert_or_assign(std::string(source.name), std::move(now));
        }
}

void EventHub::send_views() {
    for (auto& [name, feed] : views_)
        if (auto change = feed->next(watermark_of(name))) send("view", *change, name);
}

// A newcomer gets the whole present state of what it listens to first.
std::string EventHub::greeting(const EventChoice& choice) {
    std::string all = "retry: 1000\n\n" + event_bytes("hello", next_id_++, hello_json());
    for (const auto& source : sources_)
        if (choice.wants(source.name))
            all += event_bytes(source.name, next_id_++, source.json(context_));
    for (const auto& [name, feed] : views_)
        if (choice.wants_view(name))
            if (auto now = present(name)) all += event_bytes("view", next_id_++, *now);
    return all;
}

void EventHub::greet() {
    std::vector<std::pair<std::shared_ptr<EventSubscriber>, EventChoice>> fresh;
    {
        MutexLock lock(mutex_);
        for (auto& member : members_)
            if (!member.greeted) fresh.emplace_back(member.to, member.choice);
    }
    for (const auto& [to, choice] : fresh) {
        to->push(std::make_shared<const std::string>(greeting(choice)));
        MutexLock lock(mutex_);
        for (auto& member : members_)
            if (member.to == to) member.greeted = true;
    }
}

void EventHub::send(std::string_view name, const std::string& data, std::string_view view) {
    auto bytes = std::make_shared<const std::string>(event_bytes(name, next_id_++, data));
    std::shared_ptr<const std::string> reset;
    MutexLock lock(mutex_);
    std::erase_if(members_, [&](Member& member) {
        if (!member.greeted) return false;
        if (name == "view" ? !member.choice.wants_view(view) : !member.choice.wants(name))
            return false;
        if (member.missed) {
            if (!reset)
                reset = std::make_shared<const std::string>(
                    event_bytes("reset", next_id_++, hello_json()));
            const auto push = member.to->push(reset);
            if (push != EventSubscriber::Push::kTaken) return push == EventSubscriber::Push::kGone;
            member.missed = false;
            last_.clear();  // what it missed comes again, also unchanged
        }
        const auto push = member.to->push(bytes);
        member.missed = push == EventSubscriber::Push::kFull;
        return push == EventSubscriber::Push::kGone;
    });
}

}  // namespace tarn::server
