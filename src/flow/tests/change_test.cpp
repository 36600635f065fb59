// Changed projects over what stands: data folders of a version that gave other types, reloads, what
// is dropped, and what does not compile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tarn/codec/record_batch.h"
#include "test_platform.h"

namespace tarn::flow {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kProject = R"(name: old
topics:
  clicks:
    retention: forever
    columns:
      id: {type: int, required: true}
      page: {type: text, required: true}
      at: {type: timestamp, required: true}
    table: {name: bronze.clicks, every: 1s}
)";
constexpr const char* kGold = R"({{ config(materialized='incremental', every='1s') }}
select page, sum(id) as total from {{ source('bronze', 'clicks') }} group by page
)";
constexpr const char* kLive =
    R"({{ config(materialized='materialized_view', watermark='10s', every='1s') }}
select tumble("at", interval '1 hour') as window_start, page, sum(id) as total
from stream('clicks') group by all
)";

class ChangeTest : public testing::Test {
  protected:
    void SetUp() override {
        constexpr int64_t kStartMs = 1'714'564'800'000;  // 2024-05-01 12:00
        platform_.clock.advance(Duration::millis(kStartMs - platform_.clock.now().ms()));
        write("tarn.yml", kProject);
        write("models/gold/pages.sql", kGold);
        write("models/live/pages.sql", kLive);
        open();
        produce(R"({"id": 1, "page": "a", "at": "2024-05-01T12:00:01Z"})");
        produce(R"({"id": 2, "page": "a", "at": "2024-05-01T12:00:02Z"})");
        produce(R"({"id": 5, "page": "b", "at": "2024-05-01T12:00:03Z"})");
        drain();
    }
    void write(const std::string& path, const std::string& text) {
        const auto at = "p/" + path;
        ASSERT_TRUE(platform_.disk.create_folders(io::parent_path(at)));
        ASSERT_TRUE(platform_.disk.replace(at, text));
    }
    void open() {
        auto project = project::load_project(platform_.disk, "p");
        ASSERT_TRUE(project) << project.error().message();
        platform_.project() = std::move(*project);
        auto opened = platform_.open();
        ASSERT_TRUE(opened) << opened.error().message();
    }
    void produce(const std::string& value) {
        codec::BatchBuilder builder;
        builder.add(platform_.clock.now().ms(), std::nullopt, value);
        auto topic = platform_.log().find_topic("clicks");
        auto outcome = platform_.log().append_and_wait(
            {.partition = {topic->id, 0}, .batch = *builder.finish(), .writer = std::nullopt});
        ASSERT_EQ(outcome.code, log::AppendCode::kOk) << outcome.message;
    }
    void drain() {
        auto drained = platform_.drain();
        ASSERT_TRUE(drained) << drained.error().message();
    }
    FlowStatus status(const std::string& flow) {
        (void)platform_.runtime().step();
        return platform_.runtime().describe(flow).value();
    }
    FlowChange planned(const std::string& flow) {
        auto context = platform_.context();
        auto changes = plan_changes(platform_.project(), platform_.options, context);
        EXPECT_TRUE(changes) << changes.error().message();
        return *std::ranges::find(*changes, flow, &FlowChange::flow);
    }
    codec::ColumnBatch rows(const std::string& sql) {
        auto session = platform_.session().value();
        auto out = session->query_columns(sql);
        EXPECT_TRUE(out) << out.error().message();
        return out ? std::move(*out) : codec::ColumnBatch();
    }
    std::string text(const std::string& sql) {
        std::string out;
        auto found = rows("select columns(*)::varchar from (" + sql + ")");
        for (size_t row = 0; row < found.row_count; ++row)
            for (const auto& column : found.columns)
                out += fmt::format("{}{}", column.text(row),
                                   &column == &found.columns.back() ? "; " : " ");
        return out;
    }
    // The table as the version before wrote it: `total` of this type, at the same batch, and
    // nothing that says what the flow was.
    void make_table_old(const std::string& type) {
        auto& lake = platform_.context().lake;
        const auto app =
            "gold.pages/" + platform_.runtime().describe("gold.pages").value().generation;
        const auto epoch = lake.txn_version("gold.pages", app).value();
        auto old = std::make_shared<codec::ColumnBatch>(
            rows(fmt::format("select * replace (total::{} as total) from gold.pages", type)));
        for (auto& column : old->schema)
            column.required = false;
        ASSERT_TRUE(lake.drop_table("gold.pages"));
        ASSERT_TRUE(lake.ensure_table({"gold.pages", old->schema, {}, {}, ""}));
        auto made = lake.append({.table = "gold.pages",
                                 .batches = {old},
                                 .txn = lake::Txn{app, epoch},
                                 .more_txns = {},
                                 .time = platform_.clock.now(),
                                 .user_metadata = {},
                                 .file_stem = "old"});
        ASSERT_TRUE(made) << made.error().message();
        ASSERT_TRUE(platform_.disk.remove("d/state/gold.pages/definition.json"));
        platform_.close();
    }

    TestPlatform platform_{1};
};

TEST_F(ChangeTest, SumsThatWereIntegersBecomeDecimalsAndGoOn) {
    make_table_old("bigint");
    open();
    EXPECT_EQ(status("gold.pages").state, FlowState::kRunning) << status("gold.pages").reason;
    produce(R"({"id": 7, "page": "a", "at": "2024-05-01T12:00:04Z"})");
    drain();
    EXPECT_EQ(text("select page, total, typeof(total) from gold.pages order by page"),
              "a 10 DECIMAL(38,0); b 5 DECIMAL(38,0); ");
    EXPECT_TRUE(platform_.context().lake.verify("gold.pages"));
    EXPECT_EQ(planned("gold.pages").effect, Effect::kNone);
}

TEST_F(ChangeTest, WhoIsBehindReadsFilesOfBeforeAsTheWiderType) {
    ASSERT_TRUE(platform_.disk.remove("p/models/live/pages.sql"));
    write("models/silver/clicks.sql",
          "{{ config(materialized='incremental', every='1s') }}\n"
          "select id, page from {{ source('bronze', 'clicks') }}\n");
    platform_.close();
    open();
    drain();
    for (const auto* flow : {"gold.pages", "silver.clicks"})
        platform_.runtime().pause(flow).value();
    (void)platform_.runtime().step();
    produce(R"({"id": 7, "page": "a", "at": "2024-05-01T12:00:04Z"})");
    while (*platform_.runtime().step()) {
    }
    EXPECT_GT(status("gold.pages").lag(), 0);
    auto wider = std::string(kProject);
    wider.replace(wider.find("type: int"), 9, "type: \"decimal(38,0)\"");
    write("tarn.yml", wider);
    platform_.close();
    open();
    for (const auto* flow : {"gold.pages", "silver.clicks"})
        platform_.runtime().resume(flow).value();
    drain();
    produce(R"({"id": 10000000000000000000, "page": "b", "at": "2024-05-01T12:00:05Z"})");
    drain();
    EXPECT_EQ(text("select page, total from gold.pages order by page"),
              "a 10; b 10000000000000000005; ");
    EXPECT_EQ(text("select id, typeof(id) from silver.clicks order by id"),
              "1 DECIMAL(38,0); 2 DECIMAL(38,0); 5 DECIMAL(38,0); 7 DECIMAL(38,0); "
              "10000000000000000000 DECIMAL(38,0); ");
    EXPECT_EQ(text("select id from bronze.clicks order by id"),
              "1; 2; 5; 7; 10000000000000000000; ");
}

TEST_F(ChangeTest, ThePlanSaysWhatBecomesWider) {
    EXPECT_EQ(planned("gold.pages").effect, Effect::kNone);
    // As above, but asked while the flow has not been opened again.
    auto& lake = platform_.context().lake;
    auto old = std::make_shared<codec::ColumnBatch>(
        rows("select * replace (total::bigint as total) from gold.pages"));
    for (auto& column : old->schema)
        column.required = false;
    ASSERT_TRUE(lake.drop_table("gold.pages"));
    ASSERT_TRUE(lake.ensure_table({"gold.pages", old->schema, {}, {}, ""}));
    auto change = planned("gold.pages");
    EXPECT_EQ(change.effect, Effect::kContinues);
    ASSERT_EQ(change.changes.size(), 1u);
    EXPECT_THAT(change.changes[0].what,
                AllOf(HasSubstr("total"), HasSubstr("wider"), HasSubstr("gold.pages")));
}

TEST_F(ChangeTest, TextThatIsNowANumberNeedsARebuildAndSaysSo) {
    make_table_old("varchar");
    open();
    auto stopped = status("gold.pages");
    EXPECT_EQ(stopped.state, FlowState::kFailed);
    EXPECT_THAT(stopped.reason, AllOf(HasSubstr("TARN-E0707"), HasSubstr("total is VARCHAR"),
                                      HasSubstr("tarn flow rebuild gold.pages")));
    auto change = planned("gold.pages");
    EXPECT_EQ(change.effect, Effect::kRebuild);
    EXPECT_FALSE(change.replay.from.empty());
    ASSERT_TRUE(platform_.runtime().rebuild("gold.pages", false));
    drain();
    EXPECT_EQ(text("select page, total, typeof(total) from gold.pages order by page"),
              "a 3 DECIMAL(38,0); b 5 DECIMAL(38,0); ");
    EXPECT_EQ(planned("gold.pages").effect, Effect::kNone);
}

TEST_F(ChangeTest, AViewOfOtherTypesNeedsARebuildAndSaysSo) {
    auto& views = platform_.views();
    auto stands = views.find("live.pages");
    auto spec = stands->spec();
    const auto epoch = stands->state().epoch;
    auto old = std::make_shared<codec::ColumnBatch>(
        rows("select * replace (total::bigint as total) from live.pages"));
    spec.columns = old->schema;
    for (auto& column : spec.columns)
        column.required = false;
    old->schema = spec.columns;
    stands.reset();
    ASSERT_TRUE(views.drop_view("live.pages"));
    auto view = views.open_view(spec);
    ASSERT_TRUE(view) << view.error().message();
    ASSERT_TRUE((*view)->commit({.epoch = epoch, .upserts = old}));
    view->reset();
    ASSERT_TRUE(platform_.disk.remove("d/state/live.pages/definition.json"));
    platform_.close();
    open();
    auto stopped = status("live.pages");
    EXPECT_EQ(stopped.state, FlowState::kFailed);
    EXPECT_THAT(stopped.reason,
                AllOf(HasSubstr("TARN-E0707"), HasSubstr("total BIGINT"),
                      HasSubstr("tarn flow rebuild live.pages"), Not(HasSubstr("drop"))));
    EXPECT_EQ(planned("live.pages").effect, Effect::kRebuild);
    ASSERT_TRUE(platform_.runtime().rebuild("live.pages", false));
    drain();
    EXPECT_EQ(text("select page, total from live.pages order by page"), "a 3; b 5; ");
}

TEST_F(ChangeTest, ARebuiltFlowThatWasPausedIsPausedAgain) {
    platform_.runtime().pause("live.pages").value();
    (void)platform_.runtime().step();
    ASSERT_TRUE(platform_.runtime().rebuild("live.pages", false));
    for (int i = 0; i < 100 && *platform_.runtime().step(); ++i) {
    }
    EXPECT_EQ(status("live.pages").state, FlowState::kPaused);
    platform_.runtime().resume("live.pages").value();
    produce(R"({"id": 9, "page": "a", "at": "2024-05-01T12:00:04Z"})");
    drain();
    EXPECT_EQ(status("live.pages").state, FlowState::kRunning);
}

TEST_F(ChangeTest, AReloadTakesUpWhatTheProjectIsNow) {
    platform_.runtime().pause("live.pages").value();
    (void)platform_.runtime().step();
    write("models/gold/more.sql",
          "{{ config(materialized='incremental', every='1s') }}\n"
          "select page, count(*) as n from {{ source('bronze', 'clicks') }} group by page\n");
    auto now = project::load_project(platform_.disk, "p").value();
    EXPECT_NE(now.text, platform_.project().text);
    auto reloaded = platform_.runtime().reload(now);
    ASSERT_TRUE(reloaded) << reloaded.error().message();
    for (int i = 0; i < 100 && *platform_.runtime().step(); ++i) {
    }
    EXPECT_EQ(text("select page, n from gold.more order by page"), "a 2; b 1; ");
    EXPECT_EQ(status("live.pages").state, FlowState::kPaused) << "it stays so";
    // One that does not compile leaves what was.
    write("models/gold/more.sql",
          "{{ config(materialized='incremental') }}\n"
          "select nope from {{ source('bronze', 'clicks') }}\n");
    auto wrong = project::load_project(platform_.disk, "p").value();
    EXPECT_FALSE(platform_.runtime().reload(wrong));
    EXPECT_EQ(platform_.runtime().project()->text, now.text);
    produce(R"({"id": 7, "page": "a", "at": "2024-05-01T12:00:04Z"})");
    for (int i = 0; i < 100 && *platform_.runtime().step(); ++i) {
    }
    EXPECT_EQ(text("select page, n from gold.more order by page"), "a 3; b 1; ");
}

TEST_F(ChangeTest, WhatIsUsedIsNotDropped) {
    auto context = platform_.context();
    auto drop = [&](const Node& node, Dropped what = Dropped::kKept) {
        return drop_output(node, what, platform_.project(), platform_.options, context);
    };
    auto refused = drop(table_node("bronze.clicks"));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(),
                AllOf(HasSubstr("clicks.table writes it"), HasSubstr("gold.pages reads it")));
    EXPECT_FALSE(drop(view_node("live.pages")));
    EXPECT_EQ(drop(table_node("no.such")).error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(drop(view_node("no.such")).error().code(), ErrorCode::kNotFound);
    platform_.project().live_models.clear();
    platform_.project().table_models.clear();
    // Put back, a flow would miss what it wrote or read: it is forgotten first.
    for (const auto& node : {table_node("gold.pages"), view_node("live.pages")}) {
        const auto known = drop(node);
        ASSERT_FALSE(known) << node.name;
        EXPECT_THAT(known.error().message(),
                    HasSubstr(fmt::format("`tarn flow drop {} --yes`", node.name)));
        EXPECT_TRUE(drop_flow(node.name, platform_.project(), platform_.options, context));
    }
    EXPECT_TRUE(drop(view_node("live.pages")));
    EXPECT_FALSE(platform_.views().find("live.pages"));
    // A crash in the middle leaves nothing of it, or all.
    platform_.failpoints.arm("lake.after_purge", 1,
                             [] -> Status { return fail(ErrorCode::kCancelled, "stopped"); });
    EXPECT_FALSE(drop(table_node("gold.pages"), Dropped::kPurged));
    platform_.failpoints.disarm();
    EXPECT_FALSE(context.lake.version("gold.pages"));
    ASSERT_TRUE(context.lake.remove_dropped());
    auto files = platform_.disk.list("d/tables");
    ASSERT_TRUE(files);
    for (const auto& file : *files)
        EXPECT_THAT(file.name, Not(HasSubstr("dropped")));
}

TEST_F(ChangeTest, AColumnThatIsLeftOutByNameIsNoneThatIsMissing) {
    write("models/silver/clicks.sql",
          "{{ config(materialized='incremental', every='1s') }}\n"
          "select * exclude (_extra, _date, _hour, _batch_id) from {{ source('bronze', 'clicks') "
          "}}\n");
    platform_.close();
    open();
    drain();
    EXPECT_EQ(text("select id, page from silver.clicks order by id"), "1 a; 2 a; 5 b; ");
}

TEST_F(ChangeTest, AllModelsAreCompiledAndEachSaysItsLine) {
    write("models/gold/pages.sql",
          "{{ config(materialized='incremental') }}\n"
          "select page,\n       nope\n"
          "from {{ source('bronze', 'clicks') }}\n");
    write("models/gold/above.sql",
          "{{ config(materialized='incremental') }}\n"
          "select nothing from {{ ref('pages') }}\n");
    write("models/live/pages.sql",
          "{{ config(materialized='materialized_view') }}\n\n"
          "select tumble(\"at\", interval '1 hour') as w, sum(pag) as n\n"
          "from stream('clicks') group by all\n");
    auto project = project::load_project(platform_.disk, "p");
    ASSERT_TRUE(project) << project.error().message();
    auto wrong = check_models(*project, platform_.options, platform_.context());
    ASSERT_EQ(wrong.size(), 2u) << "of what reads a wrong one nothing is known";
    EXPECT_THAT(wrong[0].message(),
                AllOf(testing::StartsWith("models/live/pages.sql:3: "), HasSubstr("pag")));
    EXPECT_THAT(wrong[1].message(),
                AllOf(testing::StartsWith("models/gold/pages.sql:3: "), HasSubstr("nope")));
}

TEST_F(ChangeTest, AViewHasNoColumnTwice) {
    for (auto name : {"page", "Page"}) {
        write("models/live/pages.sql",
              std::string("{{ config(materialized='materialized_view') }}\n\n"
                          "select tumble(\"at\", interval '1 hour') as ") +
                  name + ", page, sum(id) as n\nfrom stream('clicks') group by all\n");
        auto project = project::load_project(platform_.disk, "p");
        ASSERT_TRUE(project) << project.error().message();
        auto wrong = check_models(*project, platform_.options, platform_.context());
        ASSERT_EQ(wrong.size(), 1u) << name;
        EXPECT_EQ(to_string(wrong[0].id()), "TARN-E0306");
        EXPECT_THAT(wrong[0].message(), HasSubstr("would have column page twice")) << name;
    }
}

}  // namespace
}  // namespace tarn::flow
