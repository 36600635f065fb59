// The Kafka listener over a log and nothing else, for tests with other people's clients:
//   tarn_kafka_test_server --data DIR [--port N] [--auto-create]
// Prints "ready 127.0.0.1:PORT" and serves until SIGTERM or SIGINT.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tarn/io/data_folder.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"
#include "tarn/kafka/server.h"
#include "tarn/log/log.h"

namespace {

int fail_with(const tarn::Error& error) {
    std::fprintf(stderr, "%s\n", error.message().c_str());
    return 1;
}

int serve(const std::string& data, tarn::kafka::ServerOptions options) {
    using namespace tarn;
    io::LocalFileSystem fs;
    SystemClock clock;
    Random log_random(entropy_seed());
    Random listener_random(entropy_seed());
    io::Failpoints failpoints;
    Metrics metrics;
    const auto logger = Logger::open({});
    log::LogOptions log_options;
    log_options.folder = data + "/log";
    if (auto made = fs.create_folders(data); !made) return fail_with(made.error());
    auto log = log::Log::open(log_options, {fs, clock, log_random, failpoints, metrics, logger});
    if (!log) return fail_with(log.error());
    auto server = kafka::Server::open(
        options, {**log, clock, listener_random, metrics, logger.named("kafka"), nullptr});
    if (!server) return fail_with(server.error());
    std::printf("ready %s\n", (*server)->address().c_str());
    std::fflush(stdout);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int signal = 0;
    sigwait(&signals, &signal);
    (*server)->stop();
    (*log)->close();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    // Before any thread starts, so that only sigwait sees them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::string data;
    tarn::kafka::ServerOptions options;
    options.port = 0;
    options.group_initial_delay = tarn::Duration::millis(100);
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        if (flag == "--auto-create")
            options.auto_create_topics = true;
        else if (flag == "--data" && i + 1 < argc)
            data = argv[++i];
        else if (flag == "--port" && i + 1 < argc)
            options.port = uint16_t(std::atoi(argv[++i]));
        else
            return std::fprintf(stderr, "unknown flag: %s\n", flag.c_str()), 2;
    }
    if (data.empty()) return std::fprintf(stderr, "--data is missing\n"), 2;
    return serve(data, options);
}
