// `tarn demo`: the clickstream scenario with its producer, a server and a generator as processes of
// their own, watched by this one, and a report at the end whose counts come from the tables
// themselves.

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>

#include <fmt/format.h>

#include "commands.h"
#include "demo_project.h"
#include "ports.h"
#include "process.h"
#include "serving.h"
#include "tarn/base/settings.h"
#include "tarn/io/file_system.h"

namespace tarn::cli {
namespace {

std::atomic<int> g_stop{0};  // set by the signal handler alone
void on_signal(int) { g_stop.fetch_add(1); }

Result<std::string> make_data_folder(const Common& common, const DemoOptions& options,
                                     io::FileSystem& fs) {
    if (options.data_given) {
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

// What a 4 KB write with fdatasync costs on this disk, now: (p50, p99) in µs of 64 tries.
Result<std::pair<int64_t, int64_t>> probe_sync(io::FileSystem& fs, Clock& clock,
                                               const std::string& folder) {
    auto path = folder + "/probe";
    TARN_TRY(auto file, fs.open(path, {io::OpenMode::kCreate, false}));
    std::string block(4096, 'x');
    std::vector<int64_t> us;
    for (int i = 0; i < 64; ++i) {
        auto start = clock.monotonic_us();
        TARN_RETURN_IF_ERROR(file->write_at(uint64_t(i) * block.size(), block));
        TARN_RETURN_IF_ERROR(file->sync());
        us.push_back(clock.monotonic_us() - start);
    }
    TARN_RETURN_IF_ERROR(fs.remove(path));
    std::ranges::sort(us);
    return std::pair(us[us.size() / 2], us[us.size() * 99 / 100]);
}

int64_t folder_bytes(const std::string& folder) {
    int64_t bytes = 0;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error))
        if (it->is_regular_file(error)) bytes += int64_t(it->file_size(error));
    return bytes;
}

class Demo {
  public:
    Demo(const Common& common, const DemoOptions& options) : common_(common), options_(options) {}
    Result<int> run();

  private:
    Status start_server();
    Status start_generator();
    Status watch();
    bool caught_up();
    Status settle();
    Result<nlohmann::json> query(const std::string& sql);
    Result<nlohmann::ordered_json> report();
    Status add_tables(nlohmann::ordered_json& out);
    Status add_flows(nlohmann::ordered_json& out);
    void progress(int64_t second);
    bool quiet() const { return common_.format == Format::kJson; }

    Common common_;
    DemoOptions options_;
    io::LocalFileSystem fs_;
    SystemClock clock_;
    std::string data_;
    Serving serving_;
    std::optional<Child> server_, generator_;
    nlohmann::json generated_;
    Usage generator_usage_;
    std::pair<int64_t, int64_t> sync_us_;
    int64_t started_us_ = 0;
};

Status Demo::start_server() {
    std::vector<std::string> arguments = {own_path(), "up",  "--project", data_ + "/project",
                                          "--data",   data_, "--format",  "json"};
    for (auto& [name, value] : options_.flags) {
        arguments.push_back("--set");
        arguments.push_back(name + "=" + value);
    }
    TARN_TRY(server_, Child::start(arguments, true));
    auto line = server_->read_line(Duration::seconds(60));
    if (!line) {
        auto end = server_->wait(Duration::seconds(1));
        return fail(ErrorCode::kUnavailable,
                    fmt::format("the server did not become ready: {}",
                                end ? end->str() : line.error().message()));
    }
    auto serving = Serving::parse(*line);
    if (!serving)
        return fail(ErrorCode::kInternal, "the server's first line is not JSON: " + *line);
    serving_ = *serving;
    return {};
}

Status Demo::start_generator() {
    std::vector<std::string> arguments = {own_path(), "demo-generator",
                                          "--kafka",  serving_.kafka,
                                          "--ledger", data_ + "/demo",
                                          "--rate",   fmt::format("{}", options_.rate),
                                          "--seed",   fmt::format("{}", options_.seed)};
    if (options_.run_for) {
        arguments.push_back("--for");
        arguments.push_back(format_duration(*options_.run_for));
    }
    TARN_TRY(generator_, Child::start(arguments, true));
    return {};
}

void Demo::progress(int64_t second) {
    if (quiet() || !isatty(STDERR_FILENO)) return;
    auto ledger = api_get(serving_, "/api/v1/ledger");
    if (!ledger) return;
    auto number = [&](const char* key) { return ledger->value(key, nlohmann::json()).dump(); };
    fmt::print(
        stderr,
        "\r{:>4} s  sent {}  acknowledged {}  bronze {}  quarantine {}  lost {}  double {}   ",
        second, number("sent"), number("acknowledged"), number("bronze"), number("quarantine"),
        number("lost"), number("double"));
}

Status Demo::watch() {
    for (int64_t tick = 0;; ++tick) {
        if (g_stop.load() > 0 && generator_) generator_->signal(SIGTERM);
        if (auto end = server_->wait(Duration::millis(0)))
            return fail(ErrorCode::kInternal,
                        "the server " + end->str() + "; its last words stand above");
        if (auto end = generator_->wait(Duration::millis(100))) {
            if (auto line = generator_->read_line(Duration::millis(100)))
                generated_ = nlohmann::json::parse(*line, nullptr, false);
            if (!end->ok() || !generated_.is_object())
                return fail(ErrorCode::kInternal, "the generator " + end->str());
            generator_usage_ = end->usage;
            return {};
        }
        if (tick % 10 == 9) progress((clock_.monotonic_us() - started_us_) / 1'000'000);
    }
}

// Everything acknowledged has gone through every flow: nothing lags, and nothing is left to be
// committed.
bool Demo::caught_up() {
    auto flows = api_get(serving_, "/api/v1/flows");
    if (!flows) return false;
    auto list = flows->value("flows", nlohmann::json::array());
    return !list.empty() && std::ranges::all_of(list, [](auto& flow) {
        return flow.value("lag", int64_t(-1)) == 0;
    });
}

Status Demo::settle() {
    auto deadline = clock_.monotonic_us() + 60'000'000;
    for (int quiet_rounds = 0; quiet_rounds < 3;) {
        if (clock_.monotonic_us() > deadline)
            return fail(ErrorCode::kUnavailable,
                        "the flows did not catch up within 60 s: tarn flow list --data " + data_);
        quiet_rounds = caught_up() ? quiet_rounds + 1 : 0;
        clock_.sleep(Duration::millis(200));
    }
    return {};
}

// The first row of a query's result.
Result<nlohmann::json> Demo::query(const std::string& sql) {
    TARN_TRY(auto answer, api_post(serving_, "/api/v1/sql", {{"sql", sql}}));
    auto rows = answer.value("rows", nlohmann::json::array());
    if (rows.empty()) return fail(ErrorCode::kInternal, "no row from: " + sql);
    return rows[0];
}

Status Demo::add_tables(nlohmann::ordered_json& out) {
    auto& tables = out["tables"];
    int64_t stored = 0, doubles = 0;
    for (auto* table : {"bronze.clicks", "quarantine.clicks", "late.clicks"}) {
        TARN_TRY(auto row,
                 query(fmt::format(
                     "select count(*) as n, count(distinct (_partition, _offset)) as places "
                     "from {}",
                     table)));
        tables[table] = row["n"];
        doubles += row["n"].get<int64_t>() - row["places"].get<int64_t>();
        if (std::string_view(table) != "late.clicks") stored += row["places"].get<int64_t>();
    }
    out["quarantined"] = tables["quarantine.clicks"];
    out["late"] = tables["late.clicks"];
    out["lost"] = out["acknowledged"].get<int64_t>() - stored;
    out["duplicated"] = doubles;
    return {};
}

Status Demo::add_flows(nlohmann::ordered_json& out) {
    TARN_TRY(auto flows, api_get(serving_, "/api/v1/flows"));
    auto list = flows.value("flows", nlohmann::json::array());
    auto& latency = out["latency"];
    for (auto& flow : list) {
        auto p50 = flow.value("latency_p50_ms", nlohmann::json()),
             p99 = flow.value("latency_p99_ms", nlohmann::json());
        latency[flow.value("name", "?")] = {{"p50_ms", p50}, {"p99_ms", p99}};
    }
    return {};
}

Result<nlohmann::ordered_json> Demo::report() {
    nlohmann::ordered_json out;
    out["seconds"] = double(clock_.monotonic_us() - started_us_) / 1e6;
    out["rate"] = options_.rate;
    out["produced"] = generated_.value("sent", int64_t(0));
    out["acknowledged"] = generated_.value("acknowledged", int64_t(0));
    TARN_RETURN_IF_ERROR(settle());
    TARN_RETURN_IF_ERROR(add_tables(out));
    out["sent_late"] = generated_.value("late", int64_t(0));
    out["sent_twice"] = generated_.value("twice", int64_t(0));
    out["sent_broken"] = generated_.value("broken", int64_t(0));
    TARN_RETURN_IF_ERROR(add_flows(out));
    out["produce_latency"] = generated_.value("latency", nlohmann::json::object());
    for (auto* part : {"log", "tables", "views", "state"})
        out["disk_bytes"][part] = folder_bytes(data_ + "/" + part);
    out["fsync_probe_us"] = {{"p50", sync_us_.first}, {"p99", sync_us_.second}};
    server_->signal(SIGTERM);
    auto end = server_->wait(Duration::seconds(10));
    if (!end || !end->ok())
        return fail(ErrorCode::kInternal,
                    "the server did not stop cleanly: " + (end ? end->str() : "it still runs"));
    out["cpu_seconds"] = {{"server", end->usage.cpu.sec()},
                          {"generator", generator_usage_.cpu.sec()}};
    out["server_cpu_us_per_event"] =
        double(end->usage.cpu.us) /
        double(std::max<int64_t>(1, out["acknowledged"].get<int64_t>()));
    out["peak_rss_bytes"] = {{"server", end->usage.peak_rss_bytes},
                             {"generator", generator_usage_.peak_rss_bytes}};
    bool right =
        out["lost"] == 0 && out["duplicated"] == 0 && out["produced"] == out["acknowledged"];
    out["right"] = right;
    return out;
}

Result<int> Demo::run() {
    TARN_TRY(data_, make_data_folder(common_, options_, fs_));
    TARN_RETURN_IF_ERROR(write_project(fs_, data_ + "/project"));
    TARN_RETURN_IF_ERROR(fs_.create_folders(data_ + "/demo"));
    TARN_TRY(sync_us_, probe_sync(fs_, clock_, data_));
    struct sigaction action{};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    TARN_RETURN_IF_ERROR(start_server());
    if (!quiet()) {
        fmt::print("The page: http://{}/\nKafka: {}   data: {}\n{}", serving_.http, serving_.kafka,
                   data_, options_.run_for ? "" : "Ctrl-C ends the demo.\n");
        std::fflush(stdout);
    }
    if (options_.browser) {
        auto open = fmt::format("xdg-open http://{}/ >/dev/null 2>&1 &", serving_.http);
        if (std::system(open.c_str()) != 0) {
        }  // no browser here: the address stands above
    }
    started_us_ = clock_.monotonic_us();
    TARN_RETURN_IF_ERROR(start_generator());
    TARN_RETURN_IF_ERROR(watch());
    TARN_TRY(auto out, report());
    if (!quiet() && isatty(STDERR_FILENO)) fmt::print(stderr, "\n");
    print_object(common_.format, out);
    server_.reset();
    if (!options_.data_given) TARN_RETURN_IF_ERROR(fs_.remove_tree(data_));
    return out["right"] == true ? kExitOk : kExitFailed;
}

}  // namespace

Result<int> run_demo(const Common& common, const DemoOptions& options) {
    auto stepped = options;
    TARN_TRY(auto settings, load_settings(options.flags, {}));
    for (auto& sentence : step_around_ports(settings, stepped.flags))
        fmt::print(stderr, "{}\n", sentence);
    return Demo(common, stepped).run();
}

}  // namespace tarn::cli
