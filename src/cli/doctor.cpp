// `tarn doctor`: what Tarn needs of the machine, each as a line with what was found and what to do.

#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "commands.h"
#include "disk_probe.h"
#include "machine.h"
#include "platform.h"
#include "ports.h"
#include "serving.h"
#include "tarn/base/error_ids.h"
#include "tarn/base/version.h"
#include "tarn/io/data_folder.h"
#include "tarn/io/error_ids.h"
#include "tarn/project/project.h"

namespace tarn::cli {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kDiskNeeded = 512 * kMiB;    // a few segments: less and the first minutes fail
constexpr int64_t kDiskComfort = 4096 * kMiB;  // less is soon full under load
constexpr int64_t kSlowSyncUs = 50'000;        // a sync at p99 past which acknowledgements are slow
constexpr uint64_t kFilesNeeded = 256, kFilesComfort = 4096;

enum class Level { kOk, kWarn, kFail };

std::string_view to_string(Level level) {
    switch (level) {
        case Level::kOk:
            return "ok";
        case Level::kWarn:
            return "warn";
        case Level::kFail:
            return "fail";
    }
    return "";
}

struct Finding {
    std::string check;
    Level level = Level::kOk;
    std::string found;
    std::string todo;  // empty if it is well
};

class Doctor {
  public:
    Doctor(const Common& common, const DoctorOptions& options)
        : common_(common), options_(options), machine_(this_machine()) {}
    std::vector<Finding> examine();

  private:
    void ok(std::string check, std::string found) {
        findings_.push_back({std::move(check), Level::kOk, std::move(found), ""});
    }
    void warn(std::string check, std::string found, std::string todo) {
        findings_.push_back({std::move(check), Level::kWarn, std::move(found), std::move(todo)});
    }
    void broken(std::string check, std::string found, std::string todo) {
        findings_.push_back({std::move(check), Level::kFail, std::move(found), std::move(todo)});
    }
    void broken(std::string check, const Error& error) {
        broken(std::move(check), error.message(),
               std::string(error.id().todo) + " " + tarn::to_string(error.id()));
    }
    void versions();
    void settings();
    void memory(const Settings& settings);
    void open_files();
    void data_folder();
    void disk();
    void clock();
    void ports(const Settings& settings);
    void port(const Settings& settings, const std::string& door);
    void exposure(const Settings& settings);

    const Common& common_;
    const DoctorOptions& options_;
    Machine machine_;
    io::LocalFileSystem fs_;
    SystemClock clock_;
    std::optional<Serving> serving_;  // of the data folder
    std::vector<Finding> findings_;
};

void Doctor::versions() {
    auto found =
        fmt::format("tarn {}, data format {}, {}, {} {}", version(), io::kFormatVersion,
                    machine_.kernel, machine_.cores, machine_.cores == 1 ? "core" : "cores");
    auto running = find_serving(fs_, common_.data);
    if (running) serving_ = *running;
    auto status =
        serving_ ? api_get(*serving_, "/api/v1/status") : Result<nlohmann::json>(nlohmann::json());
    if (!status)
        return warn("versions", found + "; the running process does not answer",
                    fmt::format("Look at the log of process {}.", serving_->pid));
    auto version = status->is_object() ? status->value("version", "") : "";
    if (!version.empty() && version != tarn::version())
        return warn("versions", fmt::format("{}; the running process is {}", found, version),
                    "Restart it, or use the program it runs.");
    ok("versions", found);
}

void Doctor::settings() {
    Settings::Values file;
    std::string found = "no project";
    if (options_.project_given || fs_.exists(options_.project + "/tarn.yml")) {
        auto project = project::load_project(fs_, options_.project);
        if (!project) return broken("project", project.error());
        file = project->settings;
        found = fmt::format("project {} with {} topics", project->name, project->topics.size());
    }
    auto settings = load_settings(options_.flags, file);
    if (!settings) return broken("settings", settings.error());
    ok("project", found);
    memory(*settings);
    ports(*settings);
    exposure(*settings);
}

void Doctor::memory(const Settings& settings) {
    auto limit = settings.bytes("memory.limit");
    auto found = fmt::format("{} of {} available, memory.limit is {}",
                             format_bytes(machine_.available_bytes),
                             format_bytes(machine_.memory_bytes), format_bytes(limit));
    auto fits = std::max<int64_t>(machine_.available_bytes * 3 / 4 / kMiB, 256);
    if (limit > machine_.memory_bytes)
        return warn("memory", found + ": more than there is",
                    fmt::format("Give it less: --memory {}MiB.", fits));
    if (limit > machine_.available_bytes && !serving_)
        return warn("memory", found + ": other programs have the rest",
                    fmt::format("End some, or give it less: --memory {}MiB.", fits));
    ok("memory", found);
}

void Doctor::open_files() {
    auto found = fmt::format("at most {} open", machine_.open_files);
    constexpr auto kTodo = "Raise it: ulimit -n 65536, or LimitNOFILE= of the service.";
    if (machine_.open_files < kFilesNeeded) return broken("open files", found, kTodo);
    if (machine_.open_files < kFilesComfort) return warn("open files", found, kTodo);
    ok("open files", found);
}

void Doctor::data_folder() {
    auto format = io::DataFolder::check_format(fs_, common_.data);
    if (!format && format.error().id() == errors::kNotADataFolder) {
        std::error_code error;
        if (std::filesystem::exists(common_.data, error) &&
            !std::filesystem::is_directory(common_.data, error))
            return broken("data folder", common_.data + " is no folder",
                          "Choose another one with --data.");
        auto entries = fs_.list(common_.data);
        if (entries && !entries->empty())
            return warn("data folder",
                        fmt::format("{} has files, but Tarn wrote none of them", common_.data),
                        "Check --data: Tarn would put its own beside them.");
        return ok("data folder", fmt::format("{} is not there yet", common_.data));
    }
    if (!format) return broken("data folder", format.error());
    if (serving_)
        return ok("data folder",
                  fmt::format("{}, served by process {}: Kafka on {}, page on http://{}/",
                              common_.data, serving_->pid, serving_->kafka, serving_->http));
    if (auto holder = lock_holder(common_.data))
        return warn("data folder",
                    fmt::format("{} is held by process {}, which is not serving (yet)",
                                common_.data, *holder),
                    "Wait until it is ready, or end it.");
    ok("data folder", fmt::format("{}, free", common_.data));
}

void Doctor::disk() {
    // The folder itself, or the nearest above it that is there.
    std::error_code error;
    auto path = std::filesystem::absolute(common_.data, error);
    while (!std::filesystem::is_directory(path, error) && path.has_parent_path() &&
           path != path.parent_path())
        path = path.parent_path();
    auto folder = path.string(), kind = file_system_of(folder);
    auto space = fs_.free_bytes(folder);
    if (!space) return broken("disk space", space.error());
    auto found = fmt::format("{} free at {} ({})", format_bytes(int64_t(*space)), folder, kind);
    constexpr auto kTodo = "Free some, or put the data elsewhere with --data.";
    if (int64_t(*space) < kDiskNeeded) {
        broken("disk space", found, kTodo);
    } else if (int64_t(*space) < kDiskComfort) {
        warn("disk space", found, std::string(kTodo) + " log.disk_limit bounds the log.");
    } else if (kind == "nfs" || kind == "cifs" || kind == "9p") {
        warn("disk space", found + ": a network's locks and syncs may not hold",
             "Use a local disk for --data.");
    } else {
        ok("disk space", found);
    }
    auto cost = probe_sync(fs_, clock_, folder);
    if (!cost) return broken("disk speed", cost.error());
    auto speed = fmt::format("a write with sync takes {:.1f} ms, at p99 {:.1f} ms",
                             double(cost->p50_us) / 1000, double(cost->p99_us) / 1000);
    if (cost->p99_us > kSlowSyncUs)
        return warn(
            "disk speed", speed,
            "Producers wait so long for each acknowledgement. Use a faster disk for --data, "
            "or see what else writes to it.");
    ok("disk speed", speed);
}

void Doctor::clock() {
    auto now = clock_.now();
    std::error_code error;
    auto written = std::filesystem::last_write_time(common_.data + "/START", error);
    if (!error) {
        auto ahead = std::chrono::duration_cast<std::chrono::seconds>(
                         written - std::filesystem::file_time_type::clock::now())
                         .count();
        if (ahead > 60)
            return broken("clock",
                          fmt::format("it shows {}, but the data folder was used {} s after that",
                                      format_rfc3339(now), ahead),
                          "Set it: records get its time, and retention goes by it.");
    }
    // 2025-01-01: Tarn is younger.
    if (now.us < 1'735'689'600'000'000)
        return broken("clock", fmt::format("it shows {}", format_rfc3339(now)),
                      "Set it: records get its time, and retention goes by it.");
    ok("clock", format_rfc3339(now));
}

void Doctor::port(const Settings& settings, const std::string& door) {
    auto check = door + " port";
    auto name = door + ".port";
    auto& address = settings.text(door + ".address");
    auto number = uint16_t(settings.integer(name));
    if (number == 0) return ok(check, "any free one");
    auto where = fmt::format("{}:{}", address, number);
    if (can_listen(address, number)) return ok(check, where + " is free");
    if (serving_ && (serving_->kafka == where || serving_->http == where))
        return ok(check, where + " is this data folder's own process");
    auto holder = port_holder(number);
    if (!holder && next_free_port(address, number) == 0)
        return broken(check, fmt::format("cannot listen on {}", where),
                      std::string(errors::kAddressUnusable.todo));
    auto found = fmt::format("{} is in use by {}", where,
                             holder ? holder->str() : "a process of another user");
    auto flag = fmt::format("tarn up --{}-port {}", door, next_free_port(address, number));
    if (settings.source(name) == SettingSource::kDefault)
        return warn(check, found,
                    fmt::format("tarn demo takes the next one; otherwise: {}.", flag));
    broken(check, found, fmt::format("Stop it, or: {}.", flag));
}

void Doctor::ports(const Settings& settings) {
    port(settings, "kafka");
    port(settings, "http");
}

void Doctor::exposure(const Settings& settings) {
    std::string open;
    for (std::string door : {"kafka", "http"}) {
        auto& address = settings.text(door + ".address");
        if (address == "localhost" || address == "::1" || address.starts_with("127.")) continue;
        open += fmt::format("{}{} on {}", open.empty() ? "" : ", ", door, address);
    }
    if (open.empty()) return ok("network", "both doors are for this machine alone");
    warn("network", fmt::format("open to others: {}; there is no access control and no TLS", open),
         "Whoever reaches it may read and write all. Keep it behind a firewall, or use 127.0.0.1.");
}

std::vector<Finding> Doctor::examine() {
    versions();
    settings();
    open_files();
    data_folder();
    disk();
    clock();
    return std::move(findings_);
}

void print_text(const std::vector<Finding>& findings, bool quiet) {
    size_t width = 0;
    for (auto& f : findings)
        width = std::max(width, f.check.size());
    for (auto& f : findings) {
        if (quiet && f.level == Level::kOk) continue;
        fmt::print("{:<5} {:<{}}  {}\n", to_string(f.level), f.check, width, f.found);
        if (!f.todo.empty()) fmt::print("{:<{}}  {}\n", "", width + 6, f.todo);
    }
}

}  // namespace

Result<int> run_doctor(const Common& common, const DoctorOptions& options) {
    auto findings = Doctor(common, options).examine();
    auto count = [&](Level level) { return std::ranges::count(findings, level, &Finding::level); };
    auto failed = count(Level::kFail), warned = count(Level::kWarn);
    if (common.format == Format::kText) {
        print_text(findings, options.quiet);
        fmt::print("doctor: {} checks, {}\n", findings.size(),
                   failed + warned == 0 ? "all well"
                                        : fmt::format("{} to mend, {} to know", failed, warned));
    } else {
        TableOutput out(common.format, {"check", "state", "found", "todo"});
        for (auto& f : findings)
            if (!options.quiet || f.level != Level::kOk)
                out.row({f.check, std::string(to_string(f.level)), f.found, f.todo});
        out.print();
    }
    return failed > 0 ? kExitFailed : kExitOk;
}

}  // namespace tarn::cli
