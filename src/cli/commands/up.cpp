// `tarn up`: the platform in this process, until it is asked to stop.

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "commands.h"
#include "platform.h"
#include "project_folder.h"
#include "tarn/host/command.h"
#include "tarn/host/environment.h"
#include "tarn/host/setting_flags.h"

namespace tarn::cli {
namespace {

// SIGINT and SIGTERM, blocked in every thread so that wait() alone gets them.
class StopSignals {
  public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }
    // True if one came; else so much time has passed.
    bool wait_for(Duration time) {
        const timespec most{time.us / 1'000'000, long(time.us % 1'000'000 * 1000)};
        return sigtimedwait(&set_, nullptr, &most) > 0;
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

void print_ready(host::Format format, const host::Serving& serving,
                 const project::Project& project) {
    if (format == host::Format::kJson) {
        fmt::print("{}\n", serving.json().dump());
    } else {
        fmt::print("Tarn is ready: project {}, Kafka on {}, page and API on http://{}/\n",
                   project.name, serving.kafka, serving.http);
    }
    std::fflush(stdout);
}

class Up final : public host::Command {
  public:
    void declare(host::Options& options) override {
        project_.declare(options, "Project folder, with tarn.yml");
        options.add("--watch", &watch_,
                    "Takes up changes of the project's files that need no rebuild, and says what "
                    "needs one");
        flags_.declare(options);
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto flags, flags_.values());
        StopSignals signals;
        TARN_TRY(auto project, project_.load());
        TARN_TRY(auto settings,
                 host::load_settings(common.program.settings, flags, project.settings));
        host::warn_of_unknown_variables(settings);
        TARN_TRY(auto platform, Platform::open(common.data, project, settings));
        print_ready(common.format, platform->serving(), project);
        if (watch_)
            watch(*platform, signals);
        else
            signals.wait();
        signals.let_second_kill();
        platform->logger().info("stopping");
        platform.reset();
        return host::kExitOk;
    }

  private:
    static void watch(Platform& platform, StopSignals& signals) {
        while (!signals.wait_for(kLook)) {
            if (auto looked = platform.look_at_project(); !looked)
                platform.logger().error("the project has changed and cannot be taken up",
                                        {{"reason", looked.error()}});
        }
    }

    static constexpr Duration kLook = Duration::millis(300);
    ProjectFolder project_;
    host::SettingFlags flags_;
    bool watch_ = false;
};

constexpr host::CommandRow kCommands[] = {
    {"up", "Serves a project: Kafka and HTTP listeners, flows, tables, views.",
     "tarn up --project shop --data shop-data", host::make_command<Up>},
};

}  // namespace

std::span<const host::CommandRow> up_commands() { return kCommands; }

}  // namespace tarn::cli
