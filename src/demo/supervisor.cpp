#include "supervisor.h"
#include "tarn/demo/error_ids.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

namespace tarn::demo {
namespace {

constexpr size_t kHistoryKept = 50;
constexpr int kTries = 5;  // to bring the server back
constexpr Duration kBetweenTries = Duration::millis(500);
constexpr Duration kLookEvery = Duration::millis(200);  // at commands and faults
constexpr Duration kFinishWithin = Duration::seconds(90);

std::string_view word(Fault::State state) {
    switch (state) {
        case Fault::State::kIdle:
            return "idle";
        case Fault::State::kRunning:
            return "running";
        case Fault::State::kRecovering:
            return "recovering";
    }
    return "";
}

nlohmann::json time_json(std::optional<Timestamp> time) {
    return time ? nlohmann::json(format_rfc3339(*time)) : nlohmann::json();
}

nlohmann::json ms_json(std::optional<Duration> d) {
    return d ? nlohmann::json(d->ms()) : nlohmann::json();
}

std::string port_of(const std::string& address) { return address.substr(address.rfind(':') + 1); }

}  // namespace

Supervisor::Supervisor(io::FileSystem& fs, Clock& clock, SupervisorOptions options,
                       const host::ErrorCatalog& errors)
    : fs_(fs),
      clock_(clock),
      options_(std::move(options)),
      world_{fs_,
             clock_,
             options_.data,
             options_.seed,
             serving_,
             errors,
             [this](int number) {
                 if (server_) server_->signal(number);
             },
             [this](const nlohmann::json& sums) { producers_.push_back(sums); }},
      faults_(make_faults(world_)) {
    for (auto& fault : faults_)
        if (fault->name() == "kill") kill_ = static_cast<KillFault*>(fault.get());
}

Supervisor::~Supervisor() {
    for (auto& fault : faults_)
        if (fault->state() != Fault::State::kIdle) fault->lift();
    faults_.clear();
    server_.reset();
    (void)fs_.remove(options_.data + "/demo/supervisor.json");
}

Status Supervisor::launch() {
    std::vector<std::string> arguments = {
        host::own_path(), "up",          "--project", options_.data + "/project",
        "--data",         options_.data, "--format",  "json"};
    auto flags = options_.flags;
    if (starts_ > 0) {  // clients come back to where they were
        flags["kafka.port"] = port_of(serving_.kafka);
        flags["http.port"] = port_of(serving_.http);
    }
    for (auto& [name, value] : flags) {
        arguments.push_back("--set");
        arguments.push_back(name + "=" + value);
    }
    TARN_TRY(server_, host::Child::start(arguments, true));
    auto line = server_->read_line(Duration::seconds(60));
    if (!line) {
        auto end = server_->wait(Duration::seconds(1));
        if (end) count(*end);
        return fail(errors::kChildEnded, fmt::format("the server did not become ready: {}",
                                                     end ? end->str() : line.error().message()));
    }
    auto serving = host::Serving::parse(*line);
    if (!serving)
        return fail(ErrorCode::kInternal, "the server's first line is not JSON: " + *line);
    serving_ = *serving;
    ++starts_;
    return {};
}

Status Supervisor::start() {
    (void)fs_.remove(options_.data + "/QUOTA");
    TARN_RETURN_IF_ERROR(fs_.remove_tree(options_.data + "/demo/commands"));
    TARN_RETURN_IF_ERROR(fs_.create_folders(options_.data + "/demo/commands"));
    TARN_RETURN_IF_ERROR(launch());
    write_state();
    return {};
}

void Supervisor::count(const host::ExitStatus& end) {
    usage_.cpu = usage_.cpu + end.usage.cpu;
    usage_.peak_rss_bytes = std::max(usage_.peak_rss_bytes, end.usage.peak_rss_bytes);
}

Status Supervisor::bring_back(const host::ExitStatus& end) {
    count(end);
    last_exit_ = end.str();
    auto down = clock_.monotonic_us();
    for (auto& fault : faults_) {  // a server must find room to start
        if (fault->name() == "fill-disk") fault->lift();
    }
    kill_->noticed(last_exit_);
    down_since_ = kill_->since();
    auto lost_us = clock_.now() - *down_since_;
    write_state();
    Status status;
    for (int i = 0; i < kTries; ++i) {
        if (i > 0) clock_.sleep(kBetweenTries);
        status = launch();
        if (status) break;
    }
    if (!status) return status;
    last_recovery_ = lost_us + Duration{clock_.monotonic_us() - down};
    down_since_.reset();
    kill_->ready(*last_recovery_);
    write_state();
    return {};
}

void Supervisor::take_commands() {
    auto folder = options_.data + "/demo/commands";
    auto files = fs_.list(folder);
    if (!files) return;
    for (auto& file : *files) {
        if (file.name.starts_with(".")) continue;  // not whole yet
        (void)fs_.remove(folder + "/" + file.name);
        auto action = file.name.substr(0, file.name.find('.'));
        auto fault = std::ranges::find(faults_, action, [](auto& f) { return f->name(); });
        if (fault == faults_.end() || (*fault)->state() != Fault::State::kIdle) continue;
        auto begun = (*fault)->begin();
        if (!begun)
            history_.insert(history_.begin(), {clock_.now(), action, begun.error().message(), {}});
        write_state();
    }
}

Status Supervisor::step() {
    if (auto end = server_->wait(Duration::millis(0))) TARN_RETURN_IF_ERROR(bring_back(*end));
    auto now = clock_.monotonic_us();
    if (now - looked_us_ < kLookEvery.us) return {};
    looked_us_ = now;
    take_commands();
    for (auto& fault : faults_) {
        if (fault->state() == Fault::State::kIdle || !fault->step()) continue;
        if (fault->state() == Fault::State::kIdle) {
            history_.insert(history_.begin(), {clock_.now(), std::string(fault->name()),
                                               fault->outcome(), fault->recovery()});
            if (history_.size() > kHistoryKept) history_.pop_back();
        }
        write_state();
    }
    return {};
}

Status Supervisor::finish() {
    auto deadline = clock_.monotonic_us() + kFinishWithin.us;
    auto busy = [&] {
        return std::ranges::any_of(faults_,
                                   [](auto& f) { return f->state() != Fault::State::kIdle; });
    };
    for (auto& fault : faults_)
        if (fault->state() != Fault::State::kIdle) fault->lift();
    while (busy() && clock_.monotonic_us() < deadline) {
        TARN_RETURN_IF_ERROR(step());
        clock_.sleep(Duration::millis(20));
    }
    return {};
}

Status Supervisor::stop_server() {
    server_->signal(SIGTERM);
    auto end = server_->wait(Duration::seconds(10));
    if (end) count(*end);
    if (!end || !end->ok())
        return fail(ErrorCode::kInternal,
                    "the server did not stop cleanly: " + (end ? end->str() : "it still runs"));
    return {};
}

int64_t Supervisor::extra(const char* key) const {
    int64_t sum = 0;
    for (auto& producer : producers_)
        sum += producer.value(key, int64_t(0));
    return sum;
}

void Supervisor::write_state() {
    nlohmann::ordered_json json;
    json["pid"] = getpid();
    auto& server = json["server"];
    server["starts"] = starts_;
    server["last_exit"] = last_exit_.empty() ? nlohmann::json() : nlohmann::json(last_exit_);
    server["last_recovery_ms"] = ms_json(last_recovery_);
    server["down_since"] = time_json(down_since_);
    auto& faults = json["faults"] = nlohmann::ordered_json::array();
    for (auto& fault : faults_)
        faults.push_back({{"name", fault->name()},
                          {"state", word(fault->state())},
                          {"since", time_json(fault->since())},
                          {"what", fault->what()},
                          {"outcome", fault->outcome()}});
    auto& history = json["history"] = nlohmann::ordered_json::array();
    for (auto& event : history_)
        history.push_back({{"at", format_rfc3339(event.at)},
                           {"action", event.action},
                           {"sentence", event.sentence},
                           {"recovery_ms", ms_json(event.recovery)}});
    (void)fs_.replace(options_.data + "/demo/supervisor.json", json.dump() + "\n");
}

}  // namespace tarn::demo
