// Appends to the log alone, without a network: what one commit costs.
//
//   tarn_log_bench <folder on the disk to measure> [seconds per row, default 2]
//
// Unpaced rows: one thread appends one batch to each of N partitions, waits for all of them, and so
// on, with a window of 0, so that every round is one group commit; the time is that of a round.
// Paced row: an open loop of 100,000 records/s of 200 bytes over 12 partitions with a window of 1
// ms; the time runs from the instant at which a batch was due. CPU is that of the whole process
// (user and system). Batches are built beforehand and copied.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "tarn/codec/record_batch.h"
#include "tarn/log/log.h"

namespace tarn::log {
namespace {

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](timeval t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string batch_of(size_t bytes, size_t record_bytes) {
    codec::BatchBuilder builder;
    std::string value(record_bytes, 'x');
    while (builder.size() + record_bytes + 12 < bytes || builder.count() == 0) {
        builder.add(1'700'000'000'000, std::nullopt, value);
    }
    return *builder.finish();
}

struct Times {
    std::vector<double> ms;
    double at(double q) {
        if (ms.empty()) return 0;
        std::sort(ms.begin(), ms.end());
        return ms[std::min(ms.size() - 1, size_t(q * double(ms.size())))];
    }
};

struct World {
    io::LocalFileSystem fs;
    SystemClock clock;
    Random random{entropy_seed()};
    io::Failpoints failpoints;
    Metrics metrics;
    std::unique_ptr<Log> log;
    std::vector<PartitionId> partitions;

    bool open(const std::string& folder, int count, Duration window) {
        (void)fs.remove_tree(folder);
        LogOptions options;
        options.folder = folder;
        options.window = window;
        auto opened = Log::open(options, {fs, clock, random, failpoints, metrics, Logger()});
        if (!opened) {
            fmt::print(stderr, "{}\n", opened.error().message());
            return false;
        }
        log = std::move(*opened);
        TopicConfig config;
        config.partitions = count;
        config.retention_bytes = 0;
        auto topic = log->create_topic("bench", config);
        if (!topic) return false;
        for (int i = 0; i < count; ++i)
            partitions.push_back({topic->id, i});
        log->start_retention();
        return true;
    }
};

struct Figures {
    double bytes = 0, wall = 0, cpu = 0;
    uint64_t refused = 0;
    Times times;
};

void print(std::string_view name, Figures& f) {
    fmt::print(
        "{:<28} p50 {:7.2f}  p99 {:7.2f}  p99.9 {:7.2f} ms  {:7.1f} MB/s  {:6.2f} CPU s/GB  "
        "{:4.0f} % of a core{}\n",
        name, f.times.at(0.5), f.times.at(0.99), f.times.at(0.999), f.bytes / f.wall / 1e6,
        f.cpu / (f.bytes / 1e9), 100 * f.cpu / f.wall,
        f.refused ? fmt::format("  ({} refused)", f.refused) : "");
    std::fflush(stdout);
}

Figures unpaced(World& world, const std::string& batch, double seconds) {
    Figures f;
    auto& clock = world.clock;
    int64_t began = clock.monotonic_us();
    double cpu = cpu_seconds();
    while (clock.monotonic_us() - began < int64_t(seconds * 1e6)) {
        int64_t round = clock.monotonic_us();
        std::mutex mutex;
        std::condition_variable ready;
        size_t left = world.partitions.size();
        for (auto& p : world.partitions) {
            world.log->append({p, batch, {}, false}, [&](AppendOutcome o) {
                std::lock_guard lock(mutex);
                f.refused += o.code != AppendCode::kOk;
                if (--left == 0) ready.notify_one();
            });
        }
        std::unique_lock lock(mutex);
        ready.wait(lock, [&] { return left == 0; });
        f.times.ms.push_back(double(clock.monotonic_us() - round) / 1e3);
        f.bytes += double(batch.size() * world.partitions.size());
        // Keeps the disk from filling up: old segments are recycled.
        if (f.times.ms.size() % 256 == 0) (void)world.log->run_retention();
    }
    f.cpu = cpu_seconds() - cpu;
    f.wall = double(clock.monotonic_us() - began) / 1e6;
    return f;
}

Figures paced(World& world, const std::string& batch, int per_second, double seconds) {
    Figures f;
    auto& clock = world.clock;
    std::mutex mutex;
    std::atomic<uint64_t> done = 0;
    int64_t began = clock.monotonic_us();
    double cpu = cpu_seconds();
    auto total = uint64_t(seconds * per_second);
    for (uint64_t i = 0; i < total;) {
        int64_t now = clock.monotonic_us();
        int64_t due = began + int64_t(i) * 1'000'000 / per_second;
        if (now < due) {
            std::this_thread::sleep_for(
                std::chrono::microseconds(std::max<int64_t>(due - now, 200)));
            continue;
        }
        world.log->append({world.partitions[i % world.partitions.size()], batch, {}, false},
                          [&, due](AppendOutcome o) {
                              double ms = double(clock.monotonic_us() - due) / 1e3;
                              std::lock_guard lock(mutex);
                              f.refused += o.code != AppendCode::kOk;
                              f.times.ms.push_back(ms);
                              ++done;
                          });
        f.bytes += double(batch.size());
        ++i;
    }
    while (done < total)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    f.cpu = cpu_seconds() - cpu;
    f.wall = double(clock.monotonic_us() - began) / 1e6;
    return f;
}

// What was just written, read back by fetches of 1 MB.
void read_back(World& world, std::string_view name) {
    Figures f;
    int64_t began = world.clock.monotonic_us();
    double cpu = cpu_seconds();
    for (auto& p : world.partitions) {
        auto offsets = world.log->offsets(p);
        for (int64_t at = offsets->log_start_offset; at < offsets->high_watermark;) {
            int64_t start = world.clock.monotonic_us();
            auto got = world.log->fetch(p, at, 1 << 20);
            if (got.code != FetchCode::kOk || got.slices.empty()) {
                fmt::print("fetch failed: {}\n", got.message);
                return;
            }
            for (auto& slice : got.slices) {
                f.bytes += double(slice.bytes.size());
                for (auto rest = slice.bytes; !rest.empty();) {
                    auto header = codec::parse_batch_header(rest);
                    at = header->next_offset();
                    rest.remove_prefix(header->total_size());
                }
            }
            f.times.ms.push_back(double(world.clock.monotonic_us() - start) / 1e3);
        }
    }
    f.cpu = cpu_seconds() - cpu;
    f.wall = double(world.clock.monotonic_us() - began) / 1e6;
    print(name, f);
}

int run(const std::string& folder, double seconds) {
    auto path = folder + "/tarn-log-bench";
    for (int partitions : {1, 12}) {
        for (size_t bytes : {size_t(1) << 10, size_t(16) << 10, size_t(256) << 10}) {
            World world;
            if (!world.open(path, partitions, Duration{0})) return 1;
            auto batch = batch_of(bytes, 200);
            unpaced(world, batch, seconds / 4);  // fills memory and spares
            auto figures = unpaced(world, batch, seconds);
            auto name = fmt::format("{} x {} KB", partitions, bytes >> 10);
            print(name, figures);
            read_back(world, fmt::format("  read back"));
        }
    }
    World world;
    if (!world.open(path, 12, Duration::millis(1))) return 1;
    auto batch = batch_of(8 * 212 + 61, 200);
    auto header = codec::parse_batch_header(batch);
    auto figures = paced(world, batch, 100'000 / header->record_count, 2 * seconds);
    print(fmt::format("paced 100k records/s, 12 p."), figures);
    world.log.reset();
    (void)world.fs.remove_tree(path);
    return 0;
}

}  // namespace
}  // namespace tarn::log

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: tarn_log_bench <folder> [seconds per row]\n");
        return 2;
    }
    return tarn::log::run(argv[1], argc > 2 ? std::atof(argv[2]) : 2.0);
}
