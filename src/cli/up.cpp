#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "commands.h"
#include "platform.h"

namespace tarn::cli {

namespace {

// The project of the folder; a folder without tarn.yml that nobody named is an empty project.
Result<project::Project> project_of(const UpOptions& options) {
    io::LocalFileSystem fs;
    if (!options.project_given && !fs.exists(options.project + "/tarn.yml")) {
        project::Project empty;
        empty.name = "(no project)";
        empty.folder = options.project;
        return empty;
    }
    return project::load_project(fs, options.project);
}

// SIGINT and SIGTERM, blocked in every thread so that wait() alone gets them.
class StopSignals {
  public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }
    void wait() {
        int number = 0;
        sigwait(&set_, &number);
    }
    // From now on a second signal ends the process at once: nothing acknowledged is lost by that.
    void let_second_kill() { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

  private:
    sigset_t set_;
};

void print_ready(Format format, const Serving& serving, const project::Project& project) {
    if (format == Format::kJson) {
        fmt::print("{}\n", serving.json().dump());
    } else {
        fmt::print("Tarn is ready: project {}, Kafka on {}, page and API on http://{}/\n",
                   project.name, serving.kafka, serving.http);
    }
    std::fflush(stdout);
}

}  // namespace

Result<int> run_up(const Common& common, const UpOptions& options) {
    StopSignals signals;
    TARN_TRY(auto project, project_of(options));
    TARN_TRY(auto settings, load_settings(options.flags, project.settings));
    warn_of_unknown_variables(settings);
    TARN_TRY(auto platform, Platform::open(common.data, project, settings));
    print_ready(common.format, platform->serving(), project);
    signals.wait();
    signals.let_second_kill();
    platform->logger().info("stopping");
    platform.reset();
    return kExitOk;
}

Result<int> run_settings_list(const Common& common, const UpOptions& options) {
    TARN_TRY(auto project, project_of(options));
    TARN_TRY(auto settings, load_settings(options.flags, project.settings));
    warn_of_unknown_variables(settings);
    TableOutput out(common.format, {"name", "value", "source", "default", "text"});
    for (auto& d : settings.declarations())
        out.row({std::string(d.name), settings.shown(d.name),
                 std::string(to_string(settings.source(d.name))), std::string(d.default_value),
                 std::string(d.text)});
    out.print();
    return kExitOk;
}

}  // namespace tarn::cli
