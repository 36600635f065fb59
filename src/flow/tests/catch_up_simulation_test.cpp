// A flow that follows live, one that is paused and resumed, and one that is added when all has
// happened give the same windows, sessions and late rows, whatever the order, the skew and the
// number of partitions, also over crashes; and those of the windows are what a naive program makes
// of the log by the rule of protocol.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>

#include "outputs.h"
#include "tarn/codec/record_batch.h"
#include "test_platform.h"

namespace tarn::flow {
namespace {

constexpr int64_t kSecond = 1'000'000, kWindowUs = 5 * kSecond, kGraceUs = kSecond;

using Place = std::pair<int32_t, int64_t>;
struct Aside {
    std::string reason;
    int64_t watermark_us = INT64_MIN;
    friend bool operator==(const Aside&, const Aside&) = default;
};
struct Windows {
    std::map<int64_t, int64_t> windows;  // rows by start
    std::map<Place, Aside> late;
    friend bool operator==(const Windows&, const Windows&) = default;
};

class CatchUp final : public TestPlatform {
  public:
    ~CatchUp() override { sql_.reset(); }
    explicit CatchUp(uint64_t seed) : TestPlatform(seed) {
        partitions_ = 1 + int32_t(random.below(5));
        bound_us_ = int64_t(1 + random.below(8)) * kSecond;
        idle_us_ = int64_t(2 + random.below(20)) * kSecond;
        clock_jumps = random.chance(0.3);
        for (int32_t p = 0; p < partitions_; ++p) {
            skew_us_.push_back(random.chance(0.5) ? 0 : int64_t(random.below(60)) * kSecond);
            weight_.push_back(random.chance(0.2) ? 0.02 : 0.2 + 0.1 * double(random.below(8)));
        }
        options.journal_rewrite_bytes = 2 << 10;
        options.checkpoint_divisor = 4000;
        declare(false);
    }

    // `added`: also what is not there from the beginning. (The sessions are, but stand still: a
    // table's log does not go back for ever.)
    void declare(bool added) {
        ManualClock c;
        io::SimulatedDisk d(1, c);
        for (auto folder : {"p/models/live", "p/models/gold"})
            (void)d.create_folders(folder);
        std::string topics = fmt::format(
            "name: simulation\ntopics:\n  events:\n    partitions: {}\n    retention: forever\n"
            "    columns: {{at: {{type: timestamp, required: true}}, kind: text}}\n"
            "    table: {{name: bronze.events, every: 1s, partition_by: [kind]}}\n",
            partitions_);
        for (const std::string name : {"followed", "paused", "added"}) {
            (void)d.replace("p/models/gold/" + name + ".sql", sessions_model(name));
            if (name == "added" && !added) continue;
            topics += fmt::format("  {}.late: {{late_of: events, retention: forever}}\n", name);
            (void)d.replace("p/models/live/" + name + ".sql",
                            fmt::format("{{{{ config(materialized='live', watermark='{}ms', "
                                        "idle='{}ms', grace='1s', retain='10000d', "
                                        "late='{}.late') }}}}\n"
                                        "select tumble(\"at\", interval '5 seconds') as start, "
                                        "count(*) as rows from stream('events') group by 1\n",
                                        bound_us_ / 1000, idle_us_ / 1000, name));
        }
        (void)d.replace("p/tarn.yml", topics);
        auto loaded = project::load_project(d, "p");
        ASSERT_TRUE(loaded) << loaded.error().message();
        project() = *loaded;
        added_ = added;
    }
    std::string sessions_model(const std::string& name) const {
        return fmt::format(
            "{{{{ config(materialized='incremental', every='500ms', watermark='{}ms', "
            "late='late.{}') }}}}\n"
            "select session(\"at\", interval '3 seconds') as started, kind, count(*) as rows, "
            "max(\"at\") as ended from {{{{ source('bronze', 'events') }}}} group by 1, 2\n",
            bound_us_ / 1000, name);
    }
    // Epochs of another size than before.
    Status reopen() {
        sql_.reset();
        close();
        return restart();
    }
    Status restart() {
        options.max_epoch_rows = 5 + random.below(200);
        TARN_RETURN_IF_ERROR(open());
        if (!added_) return runtime().pause("gold.added");
        for (auto name : {"gold.added", "live.paused", "gold.paused"})
            TARN_RETURN_IF_ERROR(runtime().resume(name));
        return {};
    }

    // A batch or several at once. False if the disk has crashed.
    bool produce() {
        auto topic = log().find_topic("events");
        for (auto n = 1 + random.below(4); topic && n > 0; --n) {
            auto partition = int32_t(random.below(uint64_t(partitions_)));
            if (!random.chance(weight_[size_t(partition)])) continue;
            codec::BatchBuilder builder;
            for (auto rows = 1 + random.below(12); rows > 0; --rows)
                builder.add(clock.now().ms(), std::nullopt, event(partition));
            log::AppendRequest request{.partition = {topic->id, partition},
                                       .batch = builder.finish().value(),
                                       .writer = std::nullopt};
            if (random.chance(0.5))
                log().append(std::move(request), [](auto) {});
            else if (log().append_and_wait(std::move(request)).code != log::AppendCode::kOk)
                return false;
        }
        while (log().step()) {
        }
        return topic && !disk.crashed();
    }
    void let_time_pass() {
        clock.advance(Duration::millis(int64_t(random.below(900))));
        if (random.chance(0.05)) clock.advance(Duration::seconds(int64_t(random.below(40))));
        if (clock_jumps && random.chance(0.02)) jumped_ = !jumped_;
        const auto jump = Duration::seconds(jumped_ ? 90 * 86'400 : 0);
        clock.advance(jump - jump_);
        jump_ = jump;
    }

    // What the rule makes of the log as it stands.
    Windows naive() {
        struct Batch {
            log::BatchOrigin origin;
            int32_t partition;
            std::vector<std::pair<int64_t, int64_t>> rows;  // offset, event time
        };
        std::map<uint64_t, Batch> batches;
        each_batch("events", [&](int32_t partition, const auto& records, const auto& origin) {
            auto& batch = batches[origin.position];
            batch = {origin, partition, {}};
            for (const auto& record : records) {
                auto text = *record.value;
                batch.rows.emplace_back(record.offset, std::atoll(text.data() + 6) * 1000);
            }
        });
        Windows out;
        std::vector<int64_t> newest(size_t(partitions_), INT64_MIN), heard(size_t(partitions_), 0);
        int64_t watermark = INT64_MIN, passed = 0, before = INT64_MIN;
        auto move = [&](int64_t written) {
            int64_t least = INT64_MAX;
            for (size_t p = 0; p < newest.size(); ++p) {
                auto limit =
                    newest[p] == INT64_MIN ? std::min<int64_t>(400'000, idle_us_) : idle_us_;
                if (passed - heard[p] <= limit) least = std::min(least, newest[p]);
            }
            if (least != INT64_MIN && least != INT64_MAX)
                watermark = std::max(watermark, std::min(least - bound_us_, written));
        };
        for (const auto& [position, batch] : batches) {
            const auto written = batch.origin.written.us;
            if (before != INT64_MIN)
                passed += std::clamp<int64_t>(written - before, 0, idle_us_ / 2);
            before = written;
            move(written);
            auto latest = INT64_MIN;
            for (auto [offset, at] : batch.rows) {
                const auto start = at - at % kWindowUs;
                const Place place{batch.partition, offset};
                if (at > written + 3600 * kSecond) {
                    out.late[place] = {"early", watermark};
                    continue;
                }
                latest = std::max(latest, at);
                if (watermark != INT64_MIN && start + kWindowUs + kGraceUs <= watermark)
                    out.late[place] = {"late", watermark};
                else
                    ++out.windows[start];
            }
            if (latest == INT64_MIN) continue;
            heard[size_t(batch.partition)] = passed;
            newest[size_t(batch.partition)] = std::max(newest[size_t(batch.partition)], latest);
            move(written);
        }
        return out;
    }

    Windows result(const std::string& name) {
        Windows out;
        each_batch(name + ".late", [&](int32_t, const auto& records, const auto&) {
            for (const auto& record : records) {
                std::map<std::string, std::optional<std::string>> h;
                const auto headers = codec::decode_headers(record).value();
                for (const auto& one : headers)
                    h[std::string(one.key)] = one.value;
                Aside aside{*h.at("tarn.reason")};
                if (h.at("tarn.watermark"))
                    aside.watermark_us = parse_rfc3339(*h.at("tarn.watermark"))->us;
                const Place place{std::stoi(*h.at("tarn.partition")),
                                  std::stoll(*h.at("tarn.offset"))};
                EXPECT_TRUE(out.late.emplace(place, aside).second) << "twice";
            }
        });
        auto rows = rows_of("select epoch_us(start), rows from live." + name);
        for (size_t i = 0; i < rows.row_count; ++i)
            out.windows[rows.columns[0].values<int64_t>()[i]] =
                rows.columns[1].values<int64_t>()[i];
        return out;
    }
    std::multiset<std::string> sessions(const std::string& name) {
        std::multiset<std::string> out;
        for (const auto& sql :
             {"select concat_ws(' ', started, kind, rows, ended) from gold." + name,
              "select concat_ws(' ', \"at\", _reason) from late." + name}) {
            auto rows = rows_of(sql);
            for (size_t i = 0; i < rows.row_count; ++i)
                out.emplace(rows.columns[0].text(i));
        }
        return out;
    }

    // By months, ahead and back.
    bool clock_jumps = false;

  private:
    std::string event(int32_t partition) {
        auto at = clock.now().us - jump_.us - skew_us_[size_t(partition)];
        at -= int64_t(random.below(uint64_t(bound_us_)));
        if (random.chance(0.03)) at -= int64_t(random.below(40)) * kSecond;
        if (random.chance(0.01)) at += int64_t(random.below(3000)) * kSecond;
        if (random.chance(0.005)) at += 30 * 86'400 * kSecond;
        return fmt::format(R"({{"at":{},"kind":"{}"}})", at / 1000, random.below(3));
    }
    template <class F>
    void each_batch(const std::string& name, F&& each) {
        auto topic = log().find_topic(name);
        ASSERT_TRUE(topic);
        for (int32_t p = 0; p < topic->config.partitions; ++p)
            for (int64_t at = 0;;) {
                auto fetched = log().fetch({topic->id, p}, at, 1 << 20);
                if (fetched.slices.empty()) break;
                size_t n = 0;
                for (const auto& slice : fetched.slices)
                    for (auto rest = slice.bytes; !rest.empty();) {
                        auto header = codec::parse_batch_header(rest).value();
                        std::vector<codec::RecordView> records;
                        std::string scratch;
                        ASSERT_TRUE(codec::read_records(rest.substr(0, header.total_size()),
                                                        scratch, 1 << 24, records));
                        ASSERT_LT(n, fetched.origins.size());
                        each(p, records, fetched.origins[n++]);
                        rest.remove_prefix(header.total_size());
                        at = header.next_offset();
                    }
                ASSERT_EQ(n, fetched.origins.size());
            }
    }
    codec::ColumnBatch rows_of(const std::string& sql) {
        sql_ = session().value();  // the rows point into it
        auto rows = sql_->query_columns(sql);
        EXPECT_TRUE(rows) << rows.error().message();
        return rows ? std::move(*rows) : codec::ColumnBatch();
    }

    int32_t partitions_ = 1;
    int64_t bound_us_ = 0, idle_us_ = 0;
    std::vector<int64_t> skew_us_;
    std::vector<double> weight_;
    std::unique_ptr<sql::Session> sql_;
    bool added_ = false, jumped_ = false;
    Duration jump_ = {};
};

// Produces, steps, pauses, resumes, closes and crashes. False: it must be opened anew.
bool live(CatchUp& world, int rounds) {
    auto& random = world.random;
    for (int i = 0; i < rounds; ++i) {
        world.let_time_pass();
        if (!world.produce()) return false;
        for (auto name : {"live.paused", "gold.paused"}) {
            if (random.chance(0.1)) (void)world.runtime().pause(name);
            if (random.chance(0.1)) (void)world.runtime().resume(name);
        }
        if (random.chance(0.8) && !world.step()) return false;
        if (random.chance(0.03) && !world.reopen()) return false;
        if (world.disk.crashed()) return false;
    }
    return true;
}

// Each is as long as several of the other simulation.
int seeds() {
    auto* text = std::getenv("TARN_SEEDS");
    return std::max(text ? std::atoi(text) / 4 : 50, 12);
}

TEST(CatchUpSimulation, GivesWhatFollowingLiveGives) {
    size_t late = 0, early = 0, sessions = 0;
    for (uint64_t seed = 1; seed <= uint64_t(seeds()); ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        CatchUp world(seed);
        ASSERT_TRUE(world.restart());
        for (int life = 0; life < 3; ++life) {
            if (life > 0) world.disk.crash_at_call(1 + world.random.below(600));
            if (!world.is_open() && !world.restart()) {
                world.crash();
                continue;
            }
            if (!live(world, 40)) world.crash();
        }
        world.disk.crash_at_call(0);
        world.declare(true);
        auto opened = world.reopen();
        ASSERT_TRUE(opened) << opened.error().message();
        auto drained = world.drain();
        ASSERT_TRUE(drained) << drained.error().message();
        const auto naive = world.naive();
        for (const std::string name : {"followed", "paused", "added"}) {
            SCOPED_TRACE(name);
            const auto result = world.result(name);
            ASSERT_EQ(result.windows, naive.windows);
            ASSERT_EQ(result.late.size(), naive.late.size());
            ASSERT_TRUE(result.late == naive.late);
            // Whether a row is early is told by the clock of whoever reads the table, too.
            if (world.clock_jumps) continue;
            ASSERT_EQ(world.sessions(name), world.sessions("followed"));
        }
        for (const auto& [place, aside] : naive.late)
            ++(aside.reason == "late" ? late : early);
        sessions += world.sessions("followed").size();
    }
    // There was something to look at.
    EXPECT_GT(late, 20u);
    EXPECT_GT(early, 0u);
    EXPECT_GT(sessions, 100u);
}

}  // namespace
}  // namespace tarn::flow
