// What does not fit into the memory that the flows' SQL may take is done in smaller pieces, and
// comes to the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "closing_step.h"
#include "good_rows.h"
#include "key_hash.h"
#include "tarn/sql/engine_memory.h"
#include "tarn/sql/error_ids.h"
#include "test_platform.h"

namespace tarn::flow {
namespace {

using codec::ColumnSpec;
using codec::ColumnType;

constexpr int64_t kSecond = 1'000'000;
const std::vector<ColumnSpec> kColumns = {{"seen", ColumnType::kTimestamp, false},
                                          {"visitor", ColumnType::kText, false},
                                          {"number", ColumnType::kInt64, false}};

// Rows [from, to): of each user `of_user` in a row, a second apart.
BatchPtr batch(int64_t from, int64_t to, int64_t of_user, int64_t first_second = 0) {
    auto out = std::make_shared<codec::ColumnBatch>();
    out->schema = kColumns;
    out->row_count = size_t(to - from);
    std::vector<codec::ColumnBuilder> builders;
    for (const auto& column : kColumns)
        builders.emplace_back(column.type);
    for (auto row = from; row < to; ++row) {
        builders[0].add_int((first_second + row % of_user) * kSecond);
        builders[1].add_text(fmt::format("a user whose name is of some length: {}", row / of_user));
        builders[2].add_int(row);
    }
    for (auto& builder : builders)
        out->columns.push_back(builder.finish(*out));
    return out;
}

std::vector<BatchPtr> random_batches(Random& random, int64_t& rows) {
    std::vector<BatchPtr> out;
    rows = 0;
    for (uint64_t i = 0; i < 1 + random.below(4); ++i) {
        const auto count = random.chance(0.2) ? 0 : int64_t(random.below(12'000));
        out.push_back(batch(rows, rows + count, 3));
        rows += count;
    }
    return out;
}

std::vector<int64_t> numbers(const std::vector<BatchPtr>& batches) {
    std::vector<int64_t> out;
    for (const auto& rows : batches)
        for (size_t row = 0; row < rows->row_count; ++row)
            out.push_back(rows->columns[2].values<int64_t>()[row]);
    return out;
}

std::vector<int64_t> up_to(int64_t count) {
    std::vector<int64_t> out(static_cast<size_t>(count));
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = int64_t(i);
    return out;
}

// Work that memory stops where there are more rows than `most`.
RowWork up_to_rows(size_t most, std::vector<std::vector<int64_t>>& pieces) {
    return [most, &pieces](const std::vector<BatchPtr>& rows) -> Status {
        auto all = numbers(rows);
        if (all.size() > most) return fail(errors::kSqlMemory, "too many");
        pieces.push_back(std::move(all));
        return {};
    };
}

TEST(LittleMemory, PiecesAreAllRowsInOrder) {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        Random random(seed);
        int64_t rows = 0;
        const auto batches = random_batches(random, rows);
        const auto most = kLeastPiece + random.below(10'000);
        std::vector<std::vector<int64_t>> pieces;
        ASSERT_TRUE(in_pieces(batches, up_to_rows(most, pieces))) << "seed " << seed;
        std::vector<int64_t> all;
        for (const auto& piece : pieces)
            all.insert(all.end(), piece.begin(), piece.end());
        EXPECT_EQ(all, up_to(rows)) << "seed " << seed;
    }
}

TEST(LittleMemory, PiecesByKeyHaveAllRowsOfIt) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        int64_t rows = 0;
        const auto batches = random_batches(random, rows);
        const auto most = 2 * kLeastPiece + random.below(10'000);
        std::vector<std::vector<int64_t>> pieces;
        ASSERT_TRUE(in_pieces_by_key(batches, {1}, up_to_rows(most, pieces))) << "seed " << seed;
        std::set<int64_t> users;
        std::vector<int64_t> all;
        for (const auto& piece : pieces) {
            std::set<int64_t> of_piece;
            for (const auto number : piece)
                of_piece.insert(number / 3);
            for (const auto user : of_piece)
                EXPECT_TRUE(users.insert(user).second) << user << " is in two pieces";
            all.insert(all.end(), piece.begin(), piece.end());
        }
        std::ranges::sort(all);
        EXPECT_EQ(all, up_to(rows)) << "seed " << seed;
    }
}

TEST(LittleMemory, WhatDoesNotFitAtAllIsAnErrorSoon) {
    int runs = 0;
    auto never = [&](const std::vector<BatchPtr>&) -> Status {
        ++runs;
        return fail(errors::kSqlMemory, "never");
    };
    const std::vector<BatchPtr> rows = {batch(0, 20'000, 3)};
    EXPECT_FALSE(in_pieces(rows, never));
    EXPECT_LE(runs, 6);
    runs = 0;
    EXPECT_FALSE(in_pieces_by_key(rows, {}, never));
    EXPECT_EQ(runs, 1) << "rows without a key are one group";
    // All of one key: no piece is smaller.
    runs = 0;
    EXPECT_FALSE(in_pieces_by_key({batch(0, 20'000, 20'000)}, {1}, never));
    EXPECT_LE(runs, 21);
    // Memory that the SQL does not count is not asked for again.
    runs = 0;
    auto other = [&](const std::vector<BatchPtr>&) -> Status {
        ++runs;
        return fail(ErrorCode::kResourceExhausted, "of something else");
    };
    EXPECT_FALSE(in_pieces(rows, other));
    EXPECT_EQ(runs, 1);
}

// Far less than the sessions of a batch take at once, and nothing can be spilled.
class SessionsOfLittleMemory : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(platform_.open());
        world_.emplace(platform_.context());
        auto query = sql::MergeableQuery::compile(world_->engine, model_.sql, schema_);
        ASSERT_TRUE(query) << query.error().message();
        const auto& session = *(*query)->info().session;
        const Closing closing{.event_time = session.event_time_column, .gap = session.gap};
        step_ = std::make_unique<ClosingStep>(FlowSpec{.name = "gold.visits",
                                                       .kind = "model",
                                                       .generation = "1",
                                                       .sql = model_.sql,
                                                       .strategy = "sessions"},
                                              model_, schema_, platform_.options, *world_,
                                              std::move(*query), closing);
        ASSERT_TRUE(step_->compile());
        step_->connect({nullptr});
        ASSERT_TRUE(step_->prepare());
        ASSERT_TRUE(step_->load_state());
        step_->event_times().look_at({1});
        // What the engine held for nobody's query is in use too.
        ASSERT_TRUE(
            sql::set_memory_limit(world_->engine, sql::memory_used(world_->engine) + kLittle));
    }
    Status run(const BatchPtr& rows) {
        auto slice = std::make_shared<InputBatch>();
        slice->from = {versions_, 0};
        slice->to = {versions_, 1};
        slice->count = int64_t(rows->row_count);
        slice->rows = {rows};
        slice->arrived = Timestamp{1'000 * kSecond};
        Input input;
        input.plan.epoch = versions_;
        input.plan.batch_time = slice->arrived;
        input.plan.ranges = {{.from = {versions_, 0}, .to = {versions_ + 1, 0}}};
        input.parts = {{0, slice}};
        input.records = slice->count;
        ++versions_;
        return step_->run(input, false);
    }
    // Pages of each session that is closed, by user.
    void take(std::map<std::string, int64_t>& pages) {
        for (const auto& rows : step_->changes(ModelStep::kRows).rows)
            for (size_t row = 0; row < rows->row_count; ++row) {
                const auto user = std::string(rows->columns[1].text(row));
                EXPECT_TRUE(pages.emplace(user, rows->columns[2].values<int64_t>()[row]).second)
                    << user << " has two sessions";
            }
    }

    static constexpr int64_t kLittle = 20 << 20;  // bytes
    TestPlatform platform_{1};
    std::optional<RuntimeContext> world_;
    const SourceSchema schema_{"silver.clicks", kColumns};
    const project::TableModel model_{
        .name = "gold.visits",
        .file = "visits.sql",
        .sql =
            "select session(seen, interval '30 seconds') as began, visitor, count(*) as pages, "
            "max(seen) as ended, sum(number) as numbers from stream('silver.clicks') "
            "group by 1, visitor",
        .source = "silver.clicks"};
    std::unique_ptr<ModelStep> step_;
    int64_t versions_ = 0;
};

TEST_F(SessionsOfLittleMemory, ABatchIsDoneInPieces) {
    constexpr int64_t kRows = 300'000, kOfUser = 1;
    const auto rows = batch(0, kRows, kOfUser);
    // It would not fit.
    auto query = sql::MergeableQuery::compile(world_->engine, model_.sql, schema_).value();
    const auto whole = query->partial({rows});
    ASSERT_FALSE(whole);
    ASSERT_EQ(whole.error().id(), errors::kSqlMemory);

    const auto done = run(rows);
    ASSERT_TRUE(done) << done.error().message();
    // Once more the same users, whose sessions go on; then the watermark passes all.
    const auto again = run(batch(0, kRows, kOfUser, 10));
    ASSERT_TRUE(again) << again.error().message();
    const auto closed = run(batch(kRows, kRows + 1, kOfUser, 100));
    ASSERT_TRUE(closed) << closed.error().message();
    std::map<std::string, int64_t> pages;
    take(pages);
    EXPECT_EQ(pages.size(), size_t(kRows / kOfUser));
    for (const auto& [user, count] : pages)
        ASSERT_EQ(count, 2 * kOfUser) << user;
}

}  // namespace
}  // namespace tarn::flow
