// `tarn demo`: the project of demo/project with its producers. The server and the generators are
// processes of their own; this one keeps them (supervisor.h), and ends with a report whose counts
// come from the tables themselves.

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>

#include <fmt/format.h>

#include "demo_place.h"
#include "demo_project.h"
#include "run.h"
#include "supervisor.h"
#include "tarn/base/settings.h"
#include "tarn/demo/error_ids.h"
#include "tarn/host/disk_probe.h"
#include "tarn/host/environment.h"
#include "tarn/host/output.h"
#include "tarn/host/ports.h"
#include "tarn/host/process.h"
#include "tarn/host/serving.h"
#include "tarn/io/file_system.h"
#include "tarn/io/quota.h"

namespace tarn::demo {
namespace {

std::atomic<int> g_stops{0};  // set by the signal handler alone
void on_signal(int) { g_stops.fetch_add(1); }

Result<std::string> make_data_folder(const host::Common& common, io::FileSystem& fs) {
    if (common.data_given) {
        TARN_RETURN_IF_ERROR(fs.create_folders(common.data));
        return common.data;
    }
    auto base = std::filesystem::temp_directory_path().string() + "/tarn-demo-XXXXXX";
    if (!mkdtemp(base.data())) return fail(errno_error(errno, "make a data folder", base));
    return base;
}

Status write_project(io::FileSystem& fs, const std::string& folder) {
    for (auto& file : demo_project()) {
        auto path = folder + "/" + std::string(file.path);
        TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(path)));
        TARN_RETURN_IF_ERROR(fs.replace(path, file.bytes));
    }
    return {};
}

// When all has been sent: how long the demo waits while what is behind does not become less.
constexpr auto kCatchUp = Duration::seconds(60);

// A generator and what it said at its end.
struct Producer {
    std::string stream;
    host::Child child;
    nlohmann::json sums;
    host::Usage usage;
    bool ended = false;
};

class Demo {
  public:
    Demo(const host::Common& common, const DemoOptions& options)
        : common_(common), options_(options) {}
    Result<int> run();

  private:
    Status start_generator(const std::string& stream, const std::string& ledger);
    Status watch();
    Result<bool> ended(Producer& producer);
    // How far flows are behind, by name; nothing where all have caught up.
    nlohmann::ordered_json behind();
    nlohmann::ordered_json settle();
    Result<nlohmann::json> query(const std::string& sql);
    struct Kept {
        int64_t rows = 0, places = 0;
    };
    Result<Kept> rows_and_places(const std::string& table);
    Result<nlohmann::ordered_json> report();
    Status add_tables(nlohmann::ordered_json& out, const std::string& stream, bool all);
    Status add_use(nlohmann::ordered_json& out);
    Status add_flows(nlohmann::ordered_json& out);
    void progress(int64_t second);
    bool quiet() const { return common_.format == host::Format::kJson; }

    host::Common common_;
    DemoOptions options_;
    io::LocalFileSystem fs_;
    SystemClock clock_;
    std::string data_;
    std::optional<Supervisor> supervisor_;
    std::vector<Producer> producers_;  // of the clicks, of the edits
    host::SyncCost sync_cost_;
    int64_t started_us_ = 0;
};

Status Demo::start_generator(const std::string& stream, const std::string& ledger) {
    std::vector<std::string> arguments = {host::own_path(), "demo-generator",
                                          "--stream",       stream,
                                          "--kafka",        supervisor_->serving().kafka,
                                          "--ledger",       ledger,
                                          "--rate",         fmt::format("{}", options_.rate),
                                          "--seed",         fmt::format("{}", options_.seed)};
    if (options_.run_for) {
        arguments.push_back("--for");
        arguments.push_back(format_duration(*options_.run_for));
    }
    TARN_TRY(auto child, host::Child::start(arguments, true));
    producers_.push_back({stream, std::move(child), {}, {}});
    return {};
}

void Demo::progress(int64_t second) {
    if (quiet() || !isatty(STDERR_FILENO)) return;
    auto ledger = supervisor_->api().get("/api/v1/ledger");
    if (!ledger) return;
    auto number = [&](const char* key) { return ledger->value(key, nlohmann::json()).dump(); };
    fmt::print(stderr,
               "\r{:>4} s  sent {}  acknowledged {}  bronze {}  dead letters {}  lost {}  "
               "duplicated {}   ",
               second, number("sent"), number("acknowledged"), number("bronze"),
               number("dead_letters"), number("lost"), number("duplicated"));
}

Result<bool> Demo::ended(Producer& producer) {
    if (producer.ended) return true;
    auto end = producer.child.wait(Duration::millis(0));
    if (!end) return false;
    if (auto line = producer.child.read_line(Duration::millis(100)))
        producer.sums = nlohmann::json::parse(*line, nullptr, false);
    if (!end->ok() || !producer.sums.is_object())
        return fail(errors::kChildEnded,
                    fmt::format("the generator of {} {}", producer.stream, end->str()));
    producer.usage = end->usage;
    producer.ended = true;
    return true;
}

// Until every generator has ended.
Status Demo::watch() {
    int64_t shown_us = started_us_;
    for (;;) {
        if (g_stops.load() > 0)
            for (auto& producer : producers_)
                producer.child.signal(SIGTERM);
        TARN_RETURN_IF_ERROR(supervisor_->step());
        bool all = true;
        for (auto& producer : producers_) {
            TARN_TRY(bool over, ended(producer));
            all = all && over;
        }
        if (all) return {};
        clock_.sleep(Duration::millis(20));
        if (auto now = clock_.monotonic_us(); now - shown_us >= 1'000'000) {
            shown_us = now;
            progress((now - started_us_) / 1'000'000);
        }
    }
}

// Everything acknowledged has gone through every flow when nothing lags and nothing is left to be
// committed.
nlohmann::ordered_json Demo::behind() {
    auto flows = supervisor_->api().get("/api/v1/flows");
    nlohmann::ordered_json out;
    if (!flows) {
        out["/api/v1/flows"] = flows.error().message();
        return out;
    }
    const auto list = flows->value("flows", nlohmann::json::array());
    if (list.empty()) out["/api/v1/flows"] = "no flows";
    for (const auto& flow : list)
        if (flow.value("lag", int64_t(-1)) != 0)
            out[flow.value("name", "?")] = flow.value("lag", nlohmann::json());
    return out;
}

// Waits until nothing is behind, or what is no longer becomes less; gives that.
nlohmann::ordered_json Demo::settle() {
    auto deadline = clock_.monotonic_us() + kCatchUp.us;
    nlohmann::ordered_json left;
    int64_t least = INT64_MAX;
    for (int quiet_rounds = 0; quiet_rounds < 3;) {
        left = behind();
        int64_t sum = 0;
        for (const auto& lag : left)
            sum += lag.is_number() ? lag.get<int64_t>() : 0;
        if (sum < least) {
            least = sum;
            deadline = clock_.monotonic_us() + kCatchUp.us;
        }
        if (!left.empty() && clock_.monotonic_us() > deadline) return left;
        quiet_rounds = left.empty() ? quiet_rounds + 1 : 0;
        clock_.sleep(Duration::millis(200));
    }
    return left;
}

// The first row of a query's result.
Result<nlohmann::json> Demo::query(const std::string& sql) {
    TARN_TRY(auto answer, supervisor_->api().post("/api/v1/sql", {{"sql", sql}}));
    auto rows = answer.value("rows", nlohmann::json::array());
    if (rows.empty()) return fail(ErrorCode::kInternal, "no row from: " + sql);
    return rows[0];
}

// Counted in pieces of so many offsets: the places of all rows at once may want more memory than
// there is.
Result<Demo::Kept> Demo::rows_and_places(const std::string& table) {
    constexpr int64_t kPiece = 500'000;
    const auto committed = fmt::format("table_read('{}', tail => false)", table);
    TARN_TRY(auto last, query("select coalesce(max(_offset), -1) as last from " + committed));
    Kept out;
    for (int64_t from = 0; from <= last["last"].get<int64_t>(); from += kPiece) {
        TARN_TRY(auto row,
                 query(fmt::format("select count(*) as n, count(distinct (_partition, _offset)) as "
                                   "places from {} where _offset between {} and {}",
                                   committed, from, from + kPiece - 1)));
        out.rows += row["n"].get<int64_t>();
        out.places += row["places"].get<int64_t>();
    }
    return out;
}

// What a stream's topic was sent and what its tables hold: what the topic holds must be in bronze
// or a dead letter, and what was acknowledged in the topic. Unless `all` has gone through, what is
// missing is on its way.
Status Demo::add_tables(nlohmann::ordered_json& out, const std::string& stream, bool all) {
    auto& tables = out["tables"];
    int64_t stored = 0, doubles = 0;
    for (auto* schema : {"bronze", "dead_letters", "late"}) {
        auto table = fmt::format("{}.{}", schema, stream);
        TARN_TRY(auto kept, rows_and_places(table));
        tables[table] = kept.rows;
        doubles += kept.rows - kept.places;
        if (std::string_view(schema) != "late") stored += kept.places;
    }
    TARN_TRY(auto topic, supervisor_->api().get("/api/v1/topics/" + stream));
    auto appended = topic.value("appended", int64_t(0));
    auto acknowledged = out["acknowledged"].get<int64_t>();
    out["dead_letters"] = tables["dead_letters." + stream];
    out["late"] = tables["late." + stream];
    out["from_elsewhere"] = std::max<int64_t>(0, appended - acknowledged);
    out["lost"] = std::max<int64_t>(0, acknowledged - appended) + (all ? appended - stored : 0);
    if (!all) out["in_flight"] = appended - stored;
    out["duplicated"] = doubles;
    return {};
}

Status Demo::add_flows(nlohmann::ordered_json& out) {
    TARN_TRY(auto flows, supervisor_->api().get("/api/v1/flows"));
    auto list = flows.value("flows", nlohmann::json::array());
    auto& latency = out["latency"];
    for (auto& flow : list) {
        auto p50 = flow.value("latency_p50_ms", nlohmann::json()),
             p99 = flow.value("latency_p99_ms", nlohmann::json());
        latency[flow.value("name", "?")] = {{"p50_ms", p50}, {"p99_ms", p99}};
    }
    return {};
}

Status Demo::add_use(nlohmann::ordered_json& out) {
    for (auto* part : {"log", "tables", "views", "state"})
        out["disk_bytes"][part] = io::folder_bytes(fs_, data_ + "/" + part);
    out["fsync_probe_us"] = {{"p50", sync_cost_.p50_us}, {"p99", sync_cost_.p99_us}};
    TARN_RETURN_IF_ERROR(supervisor_->stop_server());
    auto& server = supervisor_->server_usage();
    auto events = out["acknowledged"].get<int64_t>() + out["edits"]["acknowledged"].get<int64_t>();
    out["cpu_seconds"] = {{"server", server.cpu.sec()},
                          {"generator", producers_[0].usage.cpu.sec()},
                          {"generator_edits", producers_[1].usage.cpu.sec()}};
    out["server_cpu_us_per_event"] = double(server.cpu.us) / double(std::max<int64_t>(1, events));
    out["server_starts"] = supervisor_->starts();
    out["peak_rss_bytes"] = {{"server", server.peak_rss_bytes},
                             {"generator", producers_[0].usage.peak_rss_bytes}};
    return {};
}

Result<nlohmann::ordered_json> Demo::report() {
    nlohmann::ordered_json out, edits;
    out["seconds"] = double(clock_.monotonic_us() - started_us_) / 1e6;
    out["rate"] = options_.rate;
    TARN_RETURN_IF_ERROR(supervisor_->finish());
    const auto left = settle();
    auto begin = [&](nlohmann::ordered_json& part, const nlohmann::json& sums, int64_t more_sent,
                     int64_t more_acknowledged) {
        part["produced"] = sums.value("sent", int64_t(0)) + more_sent;
        part["acknowledged"] = sums.value("acknowledged", int64_t(0)) + more_acknowledged;
    };
    auto& clicks = producers_[0].sums;
    begin(out, clicks, supervisor_->extra("sent"), supervisor_->extra("acknowledged"));
    begin(edits, producers_[1].sums, 0, 0);
    TARN_RETURN_IF_ERROR(add_tables(out, "clicks", left.empty()));
    TARN_RETURN_IF_ERROR(add_tables(edits, "edits", left.empty()));
    out["sent_late"] = clicks.value("late", int64_t(0)) + supervisor_->extra("late");
    out["sent_twice"] = clicks.value("twice", int64_t(0)) + supervisor_->extra("twice");
    out["sent_broken"] = clicks.value("broken", int64_t(0)) + supervisor_->extra("broken");
    out["edits"] = edits;
    TARN_RETURN_IF_ERROR(add_flows(out));
    out["produce_latency"] = clicks.value("latency", nlohmann::json::object());
    TARN_RETURN_IF_ERROR(add_use(out));
    auto right = [](const nlohmann::ordered_json& part) {
        return part["lost"] == 0 && part["duplicated"] == 0 &&
               part["produced"] == part["acknowledged"];
    };
    // What is on its way is neither lost nor right.
    if (!left.empty()) out["behind"] = left;
    out["right"] = left.empty() && right(out) && right(edits);
    return out;
}

Result<int> Demo::run() {
    TARN_TRY(data_, make_data_folder(common_, fs_));
    TARN_RETURN_IF_ERROR(write_project(fs_, data_ + "/project"));
    TARN_RETURN_IF_ERROR(fs_.create_folders(data_ + "/demo"));
    TARN_TRY(sync_cost_, host::probe_sync(fs_, clock_, data_));
    struct sigaction action{};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    supervisor_.emplace(fs_, clock_, SupervisorOptions{data_, options_.flags, options_.seed},
                        common_.program.errors);
    TARN_RETURN_IF_ERROR(supervisor_->start());
    remember_demo(fs_, data_);
    const auto& serving = supervisor_->serving();
    if (!quiet()) {
        fmt::print("The page: http://{}/\nKafka: {}   data: {}\n{}", serving.http, serving.kafka,
                   data_, options_.run_for ? "" : "Ctrl-C ends the demo.\n");
        std::fflush(stdout);
    }
    if (options_.browser) {
        auto open = fmt::format("xdg-open http://{}/ >/dev/null 2>&1 &", serving.http);
        if (std::system(open.c_str()) != 0) {
        }  // no browser here: the address stands above
    }
    started_us_ = clock_.monotonic_us();
    TARN_RETURN_IF_ERROR(start_generator("clicks", data_ + "/demo"));
    TARN_RETURN_IF_ERROR(start_generator("edits", data_ + "/demo/edits"));
    TARN_RETURN_IF_ERROR(watch());
    TARN_TRY(auto out, report());
    if (!quiet() && isatty(STDERR_FILENO)) fmt::print(stderr, "\n");
    host::print_object(common_.format, out);
    if (out.contains("behind"))
        fmt::print(
            stderr,
            "For {} the flows have come no further: what is behind is not in the tables yet.\n",
            format_duration(kCatchUp));
    supervisor_.reset();
    forget_demo(fs_);
    if (!common_.data_given) TARN_RETURN_IF_ERROR(fs_.remove_tree(data_));
    return out["right"] == true ? host::kExitOk : host::kExitFailed;
}

}  // namespace

Result<int> run_demo(const host::Common& common, const DemoOptions& options) {
    auto stepped = options;
    TARN_TRY(auto settings, host::load_settings(common.program.settings, options.flags, {}));
    for (auto& sentence : host::step_around_ports(settings, stepped.flags))
        fmt::print(stderr, "{}\n", sentence);
    return Demo(common, stepped).run();
}

}  // namespace tarn::demo
