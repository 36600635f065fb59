#include "events.h"

#include <fmt/format.h>

#include "api_json.h"
#include "graph.h"

namespace tarn::server {
namespace {

constexpr Duration kTick = Duration::millis(100);
constexpr uint64_t kTicksPerSecond = 10;
constexpr size_t kMaxRows = 20'000;   // of one event
constexpr size_t kFirstRows = 2'000;  // looked at before the windows are known

// Index of the first key column if it is a time, else -1.
int time_column(const view::ViewSpec& spec) {
    if (spec.key.empty()) return -1;
    const int i = spec.key[0];
    return spec.columns[size_t(i)].type == codec::ColumnType::kTimestamp ? i : -1;
}

}  // namespace

std::string event_bytes(std::string_view name, uint64_t id, std::string_view data) {
    return fmt::format("event: {}\nid: {}\ndata: {}\n\n", name, id, data);
}

void ViewDelta::learn_step(const codec::ColumnBatch& batch, int column) {
    const auto* times = batch.columns[size_t(column)].values<int64_t>();
    for (size_t i = 1; i < batch.row_count; ++i) {
        const int64_t gap = std::abs(times[i] - times[i - 1]);
        if (gap > 0 && (step_us_ == 0 || gap < step_us_)) step_us_ = gap;
    }
}

Result<std::string> ViewDelta::rows(const view::View& view) {
    const int column = time_column(view.spec());
    if (column < 0) return std::string("null");
    view::ScanRange range{
        .from = from_, .to = {}, .limit = from_ ? kMaxRows : kFirstRows, .newest_first = true};
    TARN_TRY(auto batch, view.scan(range));
    learn_step(*batch, column);
    std::unordered_set<std::string> now;
    JsonWriter out;
    out.begin_array();
    for (size_t i = 0; i < batch->row_count; ++i) {
        JsonWriter row;
        write_row(row, *batch, i);
        std::string text = row.take();
        if (!seen_.contains(text)) out.raw(text);
        now.insert(std::move(text));
    }
    out.end_array();
    seen_ = std::move(now);
    return out.take();
}

Result<std::optional<std::string>> ViewDelta::next(const view::View& view,
                                                   std::optional<Timestamp> watermark) {
    const auto state = view.state();
    if (state.epoch < 0 || state.epoch == epoch_) return std::optional<std::string>();
    epoch_ = state.epoch;
    // A window that closed since the last scan may have changed before it did: the last scan's
    // bound holds once more.
    from_ = next_from_;
    TARN_TRY(auto rows_json, rows(view));
    if (watermark && step_us_ > 0) next_from_ = *watermark - Duration{2 * step_us_};
    JsonWriter json;
    json.begin_object().field("view", view.spec().name).field("epoch", state.epoch);
    json.field("committed", state.time).field("watermark", watermark);
    write_view_shape(json, view.spec());
    json.key("rows").raw(rows_json).end_object();
    return std::optional(json.take());
}

EventHub::EventHub(const ServerOptions& options, const Platform& context, Sampler& sampler)
    : options_(options), context_(context), sampler_(sampler), ledger_(context), thread_([this] {
          run();
      }) {}

EventHub::~EventHub() { stop(); }

void EventHub::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    MutexLock lock(mutex_);
    members_.clear();
}

size_t EventHub::subscribers() const {
    MutexLock lock(mutex_);
    return members_.size();
}

void EventHub::subscribe(std::shared_ptr<EventSubscriber> subscriber) {
    MutexLock lock(mutex_);
    if (stopping_) return;
    members_.push_back({.to = std::move(subscriber)});
    wake_.notify_all();
}

std::string EventHub::ledger_json() {
    MutexLock lock(ledger_mutex_);
    JsonWriter json;
    write_json(json, ledger_.read());
    return json.take();
}

std::string EventHub::hello_json() const {
    JsonWriter json;
    json.begin_object().field("version", options_.version).field("project", options_.project_name);
    json.field("start_number", options_.start_number)
        .field("as_of", context_.clock.now())
        .end_object();
    return json.take();
}

void EventHub::run() {
    uint64_t ticks = 0;
    while (true) {
        bool fresh = false, listening = false;
        {
            MutexLock lock(mutex_);
            if (!stopping_) wake_.wait_for(mutex_, kTick);
            if (stopping_) return;
            listening = !members_.empty();
            for (const auto& member : members_)
                fresh |= !member.greeted;
        }
        if (fresh) greet();
        if (ticks % kTicksPerSecond == 0) sampler_.sample();
        if (listening) tick(ticks);
        if (!listening) views_.clear();
        ++ticks;
    }
}

void EventHub::tick(uint64_t ticks) {
    send_views();
    if (ticks % (kTicksPerSecond / 2) == 0) {
        send("flows", flow_list_json(context_.flows.list()));
        send("ledger", ledger_json());
    }
    if (ticks % kTicksPerSecond == 0) {
        send("status", sampler_.status_json(ready_));
        send("tables", sampler_.tables_json());
        send("graph", graph_json(context_, sampler_));
    }
}

void EventHub::send_views() {
    for (const auto& name : context_.views.names()) {
        auto view = context_.views.find(name);
        if (!view) continue;
        std::optional<Timestamp> watermark;
        if (auto flow = context_.flows.describe(name)) watermark = flow->watermark;
        auto change = views_[name].next(*view, watermark);
        if (!change)
            context_.logger.warn("cannot read a view for the page",
                                 {{"view", name}, {"error", change.error().message()}});
        else if (*change)
            send("view", **change);
    }
}

// A newcomer gets the whole present state first.
void EventHub::greet() {
    std::vector<std::string> state;
    state.push_back(event_bytes("hello", next_id_++, hello_json()));
    state.push_back(event_bytes("status", next_id_++, sampler_.status_json(ready_)));
    state.push_back(event_bytes("flows", next_id_++, flow_list_json(context_.flows.list())));
    state.push_back(event_bytes("tables", next_id_++, sampler_.tables_json()));
    state.push_back(event_bytes("graph", next_id_++, graph_json(context_, sampler_)));
    state.push_back(event_bytes("ledger", next_id_++, ledger_json()));
    std::string all = "retry: 1000\n\n";
    for (const auto& event : state)
        all += event;
    auto bytes = std::make_shared<const std::string>(std::move(all));
    MutexLock lock(mutex_);
    for (auto& member : members_) {
        if (member.greeted) continue;
        member.greeted = true;
        member.to->push(bytes);
    }
}

void EventHub::send(std::string_view name, const std::string& data) {
    auto bytes = std::make_shared<const std::string>(event_bytes(name, next_id_++, data));
    std::shared_ptr<const std::string> reset;
    MutexLock lock(mutex_);
    std::erase_if(members_, [&](Member& member) {
        if (!member.greeted) return false;
        if (member.missed) {
            if (!reset)
                reset = std::make_shared<const std::string>(
                    event_bytes("reset", next_id_++, hello_json()));
            const auto push = member.to->push(reset);
            if (push != EventSubscriber::Push::kTaken) return push == EventSubscriber::Push::kGone;
            member.missed = false;
        }
        const auto push = member.to->push(bytes);
        member.missed = push == EventSubscriber::Push::kFull;
        return push == EventSubscriber::Push::kGone;
    });
}

}  // namespace tarn::server
