// States of flows: what stops one, what it says, and that the others go on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal.h"
#include "latency.h"
#include "outputs.h"
#include "world.h"

namespace tarn::flow {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The journal as version 3 has it.
std::string as_version_3(const Journal& journal) {
    std::string out("TARNFLOW\3\0\0\0", 12);
    auto numbers = [](ByteWriter& w, std::initializer_list<int64_t> values) {
        for (auto value : values)
            w.zigzag(value);
    };
    auto counters = [&](ByteWriter& w, const Counters& c) {
        numbers(w, {c.rows_in, c.rows_out, c.late, c.early, c.rejected, c.duplicates, c.outside});
    };
    auto positions = [&](ByteWriter& w, const std::vector<Position>& of) {
        w.varint(of.size());
        for (auto [at, within] : of)
            numbers(w, {at, within});
    };
    auto add = [&](ByteWriter& w) {
        const auto payload = w.take();
        ByteWriter frame;
        frame.le<uint32_t>(payload.size());
        frame.le<uint32_t>(crc32c(payload));
        frame.raw(payload);
        out += frame.take();
    };
    ByteWriter w;
    const auto& header = journal.header();
    w.le<uint8_t>(1);
    w.sized(header.flow);
    w.sized(header.generation);
    w.varint(header.sources.size());
    for (const auto& source : header.sources) {
        w.sized(source.node.kind);
        w.sized(source.node.name);
        w.raw({reinterpret_cast<const char*>(source.id.bytes.data()), source.id.bytes.size()});
        positions(w, source.start);
    }
    add(w);
    for (const auto& plan : journal.plans()) {
        w.le<uint8_t>(2);
        numbers(w, {plan.epoch, plan.batch_time.us, plan.watermark.us});
        counters(w, plan.before);
        w.varint(plan.ranges.size());
        for (const auto& range : plan.ranges)
            numbers(w, {range.source, range.partition, range.from.at, range.from.within,
                        range.to.at, range.to.within});
        w.varint(0);
        add(w);
    }
    const auto& done = journal.done();
    w.le<uint8_t>(3);
    numbers(w, {done.epoch, done.watermark.us});
    counters(w, done.after);
    w.zigzag(done.needed);
    w.varint(done.next.size());
    for (const auto& of_source : done.next)
        positions(w, of_source);
    add(w);
    return out;
}

class RuntimeTest : public testing::Test {
  protected:
    void open() {
        auto opened = world_.open();
        ASSERT_TRUE(opened) << opened.error().message();
    }
    void produce(int batches) {
        for (int i = 0; i < batches; ++i) {
            world_.clock.advance(Duration::millis(300));
            ASSERT_TRUE(world_.produce());
        }
    }
    void step_all() {
        for (;;) {
            auto any = world_.step();
            ASSERT_TRUE(any) << any.error().message();
            if (!*any) return;
        }
    }
    FlowStatus status(const std::string& name) {
        auto status = world_.runtime().describe(name);
        EXPECT_TRUE(status) << name;
        return status.value_or(FlowStatus());
    }
    World world_{7};
};

TEST_F(RuntimeTest, StatusCountsWhatWasRead) {
    open();
    produce(20);
    step_all();
    auto records = int64_t(world_.acknowledged.size());
    for (auto name : {"clicks.table", "live.pages"}) {
        auto s = status(name);
        EXPECT_EQ(s.state, FlowState::kRunning) << s.reason;
        EXPECT_EQ(s.rows_in, records);
        EXPECT_EQ(s.lag(), 0);
        EXPECT_GE(s.epoch, 0);
        EXPECT_TRUE(s.latency_p50);
    }
    auto table = status("clicks.table");
    EXPECT_EQ(table.rows_out + table.dead_letters, records);
    EXPECT_GT(table.dead_letters, 0);
    EXPECT_EQ(table.quarantined, 0);
    auto silver = status("silver.clicks");
    EXPECT_GT(silver.quarantined, 0);
    EXPECT_EQ(silver.dead_letters, 0);
    auto live = status("live.pages");
    ASSERT_TRUE(live.watermark);
    EXPECT_LE(*live.watermark, world_.clock.now()) << "an event time far ahead moved the watermark";
    EXPECT_FALSE(world_.runtime().runs(10).empty());
    world_.close();
    open();
    step_all();
    EXPECT_EQ(status("clicks.table").rows_in, records) << "counters survive a restart";
    EXPECT_EQ(status("live.pages").late, live.late);
}

// State is built again as it was built, and goes on by the rule of today.
TEST_F(RuntimeTest, AFolderOfTheVersionBeforeOpensAndGoesOn) {
    open();
    for (int i = 0; i < 60; ++i) {
        produce(1);
        step_all();
    }
    const auto before = status("live.pages");
    world_.close();
    for (const std::string flow :
         {"live.pages", "gold.sessions", "silver.clicks", "clicks.table"}) {
        const auto path = "d/state/" + flow + "/journal";
        auto journal = Journal::open(world_.disk, world_.failpoints, path);
        ASSERT_TRUE(journal && *journal) << path;
        ASSERT_TRUE(world_.disk.replace(path, as_version_3(**journal)));
    }
    open();
    step_all();
    EXPECT_EQ(status("live.pages").watermark, before.watermark);
    EXPECT_EQ(status("live.pages").late, before.late);
    for (int i = 0; i < 60; ++i) {
        produce(1);
        step_all();
    }
    EXPECT_GT(status("live.pages").watermark, before.watermark);
    world_.close();
    open();
    ASSERT_TRUE(world_.drain());
    auto outcome = world_.read();
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(check(*outcome, world_), "");
}

TEST_F(RuntimeTest, APauseIsKeptOverRestarts) {
    open();
    ASSERT_TRUE(world_.runtime().pause("clicks.table"));
    for (int restart = 0; restart < 2; ++restart) {
        world_.close();
        open();
        produce(5);
        step_all();
        EXPECT_EQ(status("clicks.table").state, FlowState::kPaused);
        EXPECT_EQ(status("clicks.table").rows_in, 0);
    }
    ASSERT_TRUE(world_.runtime().resume("clicks.table"));
    world_.close();
    open();
    step_all();
    EXPECT_EQ(status("clicks.table").rows_in, int64_t(world_.acknowledged.size()));
}

TEST_F(RuntimeTest, APausedFlowWaitsAndTheOthersGoOn) {
    open();
    ASSERT_TRUE(world_.runtime().pause("clicks.table"));
    produce(5);
    step_all();
    EXPECT_EQ(status("clicks.table").state, FlowState::kPaused);
    EXPECT_EQ(status("clicks.table").rows_in, 0);
    EXPECT_GT(status("live.pages").rows_in, 0);
    ASSERT_TRUE(world_.runtime().resume("clicks.table"));
    step_all();
    EXPECT_EQ(status("clicks.table").rows_in, int64_t(world_.acknowledged.size()));
    auto unknown = world_.runtime().pause("click.table");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message(), HasSubstr("did you mean clicks.table?"));
}

TEST_F(RuntimeTest, AChangedModelOverItsViewStopsAndNamesTheChoice) {
    open();
    produce(5);
    step_all();
    world_.close();
    auto& model = world_.project().live_models[0];
    model.sql.replace(model.sql.find("count(*)"), 8, "count(page)");
    open();
    produce(1);
    step_all();
    auto live = status("live.pages");
    EXPECT_EQ(live.state, FlowState::kFailed);
    EXPECT_THAT(live.reason,
                AllOf(HasSubstr("made otherwise"), HasSubstr("tarn flow rebuild live.pages")));
    EXPECT_EQ(status("clicks.table").state, FlowState::kRunning);
    EXPECT_EQ(status("clicks.table").lag(), 0);
}

TEST_F(RuntimeTest, ALostJournalIsNoReasonToWriteEverythingTwice) {
    open();
    produce(5);
    step_all();
    world_.close();
    ASSERT_TRUE(world_.disk.remove_tree("d/state"));
    open();
    step_all();
    for (auto name : {"clicks.table", "live.pages"}) {
        EXPECT_EQ(status(name).state, FlowState::kFailed);
        EXPECT_THAT(status(name).reason,
                    AllOf(HasSubstr("journal is gone"), HasSubstr(" [TARN-E")));
    }
}

TEST_F(RuntimeTest, ATopicCreatedAnewIsAnotherTopic) {
    open();
    produce(5);
    step_all();
    EXPECT_FALSE(world_.log().delete_topic("clicks")) << "flows hold it";
    for (auto holder : {"clicks.table", "live.pages"})
        world_.log().release_holds(holder);
    ASSERT_TRUE(world_.log().delete_topic("clicks"));
    world_.close();
    open();
    step_all();
    EXPECT_EQ(status("live.pages").state, FlowState::kFailed);
    EXPECT_THAT(status("live.pages").reason, HasSubstr("created anew"));
}

// The way of E0707, half gone: the table's writer does not run, so nobody makes it anew.
TEST_F(RuntimeTest, ATableThatIsGoneStopsItsReadersAlone) {
    open();
    produce(5);
    step_all();
    world_.close();
    ASSERT_TRUE(world_.disk.remove_tree("d/tables/bronze/clicks"));
    for (auto& [name, topic] : world_.project().topics)
        if (name == "clicks") topic.times["event_time"] = {.unit = codec::TimeForm::Unit::kSeconds};
    open();
    step_all();
    auto silver = status("silver.clicks");
    EXPECT_EQ(silver.state, FlowState::kFailed);
    EXPECT_THAT(silver.reason,
                AllOf(HasSubstr("table bronze.clicks is not there"), HasSubstr("put it back"),
                      HasSubstr("tarn flow rebuild silver.clicks")));
    EXPECT_EQ(status("gold.pages").state, FlowState::kRunning);
    EXPECT_EQ(status("gold.sessions").state, FlowState::kRunning);
    world_.close();
}

TEST_F(RuntimeTest, ATableWhoseLogIsDamagedStopsThoseWhoUseItAlone) {
    open();
    produce(5);
    step_all();
    world_.close();
    const std::string log = "d/tables/bronze/clicks/_delta_log";
    auto files = world_.disk.list(log);
    ASSERT_TRUE(files);
    std::string newest;
    for (const auto& file : *files)
        if (file.name.ends_with(".json")) newest = std::max(newest, file.name);
    ASSERT_TRUE(world_.disk.replace(log + "/" + newest, "{\"add\": {"));
    open();
    step_all();
    for (auto name : {"clicks.table", "silver.clicks"}) {
        EXPECT_EQ(status(name).state, FlowState::kFailed);
        EXPECT_THAT(status(name).reason, HasSubstr(newest)) << name;
    }
    for (auto name : {"live.pages", "gold.pages", "gold.sessions"})
        EXPECT_EQ(status(name).state, FlowState::kRunning) << status(name).reason;
    world_.close();
}

TEST_F(RuntimeTest, AModelThatCannotRunIsRefusedByName) {
    auto& model = world_.project().live_models[0];
    model.sql = "select nonsense from stream('clicks')";
    auto opened = world_.open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(), HasSubstr("models/live/pages.sql"));
}

TEST_F(RuntimeTest, TheTimeOfWindowsMustBeRequired) {
    for (auto& [name, topic] : world_.project().topics)
        for (auto& column : topic.columns)
            column.required = false;
    auto opened = world_.open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(), AllOf(HasSubstr("required"), HasSubstr("event_time")));
}

TEST_F(RuntimeTest, AFullDiskIsWaitedFor) {
    open();
    produce(5);
    step_all();
    produce(5);
    world_.disk.set_faults({.capacity_bytes = 1});
    step_all();
    auto table = status("clicks.table");
    EXPECT_EQ(table.state, FlowState::kRetrying) << table.reason;
    EXPECT_GT(table.lag(), 0);
    world_.disk.set_faults({});
    ASSERT_TRUE(world_.drain());
    auto outcome = world_.read();
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(check(*outcome, world_), "");
}

TEST(LatencyWindow, QuantilesWithinATenthAndOnlyOfTheLastMinute) {
    LatencyWindow window;
    EXPECT_FALSE(window.quantile(0, 0.5));
    for (int64_t us = 1; us <= 100'000; us += 7)
        window.observe(1'000'000, us);
    EXPECT_NEAR(double(window.quantile(1'000'000, 0.5)->us), 50'000, 6'500);
    EXPECT_NEAR(double(window.quantile(1'000'000, 0.99)->us), 99'000, 12'000);
    EXPECT_TRUE(window.quantile(50'000'000, 0.5));
    EXPECT_FALSE(window.quantile(62'000'000, 0.5));
}

TEST(Rfc3339, ReadsWhatWeWriteAndNothingElse) {
    for (int64_t us : {int64_t(0), int64_t(1'700'000'000'123'456), int64_t(-1),
                       int64_t(-62'135'596'800'000'000)}) {
        auto read = parse_rfc3339(format_rfc3339(Timestamp{us}));
        ASSERT_TRUE(read) << format_rfc3339(Timestamp{us});
        EXPECT_EQ(read->us, us);
    }
    for (auto text :
         {"", "2026-02-30T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z",
          "2026-01-01 00:00:00.000000Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:-1.000000Z"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

}  // namespace
}  // namespace tarn::flow
