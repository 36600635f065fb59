// Seeds drive faults and crashes; log_simulation.h states what must hold. TARN_SEEDS sets how many
// seeds run, TARN_SEED runs one alone.

#include "log_simulation.h"

#include <cstdlib>

namespace tarn::log::testing {
namespace {

uint64_t from_environment(const char* name, uint64_t otherwise) {
    auto* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// One life of the log: random steps until they are over or something broke, then an end of some
// kind.
void live(Simulation& s, uint64_t life) {
    auto end = s.choice.below(4);
    if (end == 0) s.disk.crash_at_call(1 + s.choice.below(200));
    if (end == 1) {
        auto names = failpoint_names();
        bool power = s.choice.chance(0.5);
        s.failpoints.arm(std::string(names[s.choice.below(names.size())]), 1 + s.choice.below(20),
                         [&s, power] {
                             auto faults = s.base_faults;
                             if (!power) faults.torn_write = 1, faults.lost_name = 0;
                             s.disk.set_faults(faults);
                             s.disk.crash();
                             return fail(ErrorCode::kCancelled, "failpoint");
                         });
    }
    if (!s.start()) {
        bool allowed = s.disk.crashed() ||
                       (s.base_faults.failed_sync > 0 && s.open_error->code() == ErrorCode::kIo);
        if (!allowed) s.complain("cannot open: " + s.open_error->message());
        return s.die(true);
    }
    s.check_all();
    for (uint64_t i = 0; i < 60 + 20 * life && !s.broken() && s.fail_text.empty(); ++i)
        s.one_step();
    if (!s.broken() && end == 2) {
        s.log->close();
        s.log.reset();
        return;
    }
    s.die(s.choice.chance(0.7));
}

TEST(LogSimulation, NothingAcknowledgedIsLostAndNothingIsThereTwice) {
    uint64_t only = from_environment("TARN_SEED", 0);
    uint64_t seeds = only ? 1 : from_environment("TARN_SEEDS", 300);
    for (uint64_t i = 0; i < seeds; ++i) {
        uint64_t seed = only ? only : 1 + i;
        Simulation s(seed);
        if (seed % 5 == 0) s.base_faults.failed_sync = 0.01;
        s.disk.set_faults(s.base_faults);
        for (uint64_t life = 0; life < 6 && s.fail_text.empty(); ++life)
            live(s, life);
        s.base_faults.failed_sync = 0;
        s.disk.set_faults(s.base_faults);
        s.failpoints.disarm();
        s.disk.crash_at_call(0);
        if (s.fail_text.empty()) {
            if (s.start())
                s.check_all();
            else
                s.complain("cannot open at last: " + s.open_error->message());
        }
        ASSERT_EQ(s.fail_text, "")
            << "seed " << seed << " (run it alone: TARN_SEED=" << seed << ")";
    }
}

// The same short history for every crash point. Returns false if the log could not be opened.
void history(Simulation& s) {
    for (int life = 0; life < 3; ++life) {
        if (!s.start()) {
            if (!s.disk.crashed()) s.complain("cannot open: " + s.open_error->message());
            return;
        }
        if (life == 0) s.create(2);
        s.take_producer_id();
        for (int i = 0; i < 24 && !s.broken() && !s.parts.empty(); ++i) {
            auto at = s.parts.begin();
            if (i % 2) ++at;
            s.send_plain(at->first, at->second);
            if (i % 3 == 0) s.send_idempotent(at->first, at->second);
            if (i % 4 == 0) s.send_writer(at->first, at->second);
            if (i % 2) s.log->step();
        }
        if (s.broken()) return;
        s.log->step();
        s.retain();
        if (!s.parts.empty()) s.trim(s.parts.begin()->first, s.parts.begin()->second);
        if (s.broken()) return;
        if (life == 0) {
            s.kill();
        } else {
            s.log->close();
            s.log.reset();
        }
    }
}

void recover_and_check(Simulation& s, const std::string& where) {
    s.die(true);
    if (!s.start())
        s.complain("cannot open: " + s.open_error->message());
    else
        s.check_all();
    for (auto& [id, part] : s.parts) {
        if (!s.log) break;
        s.send_idempotent(id, part);
        s.send_writer(id, part);
        s.send_plain(id, part);
        s.log->step();
    }
    if (s.log) s.check_all();
    ASSERT_EQ(s.fail_text, "") << where;
}

TEST(LogSimulation, ACrashAtEveryCallThatChangesTheDiskLosesNothing) {
    uint64_t calls = 0;
    {
        Simulation s(42);
        s.options.segment_bytes = 32 << 10;
        history(s);
        ASSERT_EQ(s.fail_text, "");
        calls = s.disk.calls();
    }
    ASSERT_GT(calls, 50u);
    for (uint64_t n = 1; n <= calls; ++n) {
        Simulation s(42 + n);
        s.options.segment_bytes = 32 << 10;
        s.choice = Random(42);
        s.crash_at = n;
        s.disk.crash_at_call(n);
        history(s);
        recover_and_check(s, fmt::format("crash at call {}", n));
        if (::testing::Test::HasFatalFailure()) return;
    }
}

TEST(LogSimulation, ACrashAtEveryFailpointLosesNothingAndEveryFailpointIsHit) {
    std::map<std::string, uint64_t> hits;
    {
        Simulation s(42);
        s.options.segment_bytes = 32 << 10;
        s.failpoints.record();
        history(s);
        hits = s.failpoints.hits();
    }
    for (auto name : failpoint_names())
        EXPECT_TRUE(hits.contains(std::string(name))) << name;
    EXPECT_EQ(hits.size(), failpoint_names().size());
    for (auto& [name, count] : hits) {
        for (uint64_t n = 1; n <= count; ++n) {
            for (bool power : {true, false}) {
                Simulation s(42);
                s.options.segment_bytes = 32 << 10;
                s.failpoints.arm(name, n, [&] {
                    io::DiskFaults faults;
                    if (!power) faults.torn_write = 1, faults.lost_name = 0;
                    s.disk.set_faults(faults);
                    s.disk.crash();
                    return fail(ErrorCode::kCancelled, "failpoint");
                });
                history(s);
                recover_and_check(s, fmt::format("{}:{}, power {}", name, n, power));
                if (::testing::Test::HasFatalFailure()) return;
            }
        }
    }
}

}  // namespace
}  // namespace tarn::log::testing
