#include "tarn/sql/statement.h"

#include <gtest/gtest.h>

#include "batches.h"
#include "memory_tables.h"

namespace tarn::sql {
namespace {

const std::vector<StreamSchema> kStreams = {
    {"clicks", {{"id", ColumnType::kInt64, false}, {"page", ColumnType::kText, false}}},
    {"other", {{"id", ColumnType::kInt64, false}}}};

TEST(StreamStatement, RunsAgainAndAgainInRowOrder) {
    Fixture f;
    auto compiled = StreamStatement::compile(
        std::move(f.session),
        "select upper(page) as p, id * 2 as twice from stream('clicks') where id > 1", kStreams);
    ASSERT_TRUE(compiled) << compiled.error().message();
    auto& statement = **compiled;
    ASSERT_EQ(statement.output().size(), 2u);
    EXPECT_EQ(statement.output()[0].name, "p");
    EXPECT_EQ(statement.output()[1].type, ColumnType::kInt64);
    for (int round = 0; round < 3; ++round) {
        TestBatch a(3), b(1);
        // The batch's columns stand in another order than the schema's.
        a.dictionary("page", {"/home", "/a rather long page name"}, {0, 1, -1});
        a.add<int64_t>("id", ColumnType::kInt64, {1, 2 + round, 3});
        b.dictionary("page", {"/b"}, {0});
        b.add<int64_t>("id", ColumnType::kInt64, {9});
        auto out = statement.run({{"clicks", {a.share(), b.share()}}});
        ASSERT_TRUE(out) << out.error().message();
        ASSERT_EQ((*out)->row_count, 3u);
        EXPECT_EQ((*out)->columns[0].text(0), "/A RATHER LONG PAGE NAME");
        EXPECT_TRUE((*out)->columns[0].is_null(1));
        EXPECT_EQ((*out)->columns[0].text(2), "/B");
        EXPECT_EQ((*out)->columns[1].values<int64_t>()[0], 2 * (2 + round));
        EXPECT_EQ((*out)->columns[1].values<int64_t>()[2], 18);
    }
    auto none = statement.run({});
    ASSERT_TRUE(none);
    EXPECT_EQ((*none)->row_count, 0u);
    EXPECT_EQ((*none)->schema.size(), 2u);
}

TEST(StreamStatement, LongInputKeepsItsOrder) {
    Fixture f;
    auto statement = std::move(*StreamStatement::compile(
        std::move(f.session), "select id from stream('other')", kStreams));
    std::vector<std::optional<int64_t>> ids(20'000);
    for (size_t i = 0; i < ids.size(); ++i)
        ids[i] = int64_t(i * 7919 % 20'000);
    TestBatch batch(ids.size());
    batch.add<int64_t>("id", ColumnType::kInt64, ids);
    auto out = statement->run({{"other", {batch.share()}}});
    ASSERT_TRUE(out);
    ASSERT_EQ((*out)->row_count, ids.size());
    for (size_t i = 0; i < ids.size(); ++i)
        ASSERT_EQ((*out)->columns[0].values<int64_t>()[i], *ids[i]);
}

std::string texts(const codec::Column& column, size_t rows) {
    std::string out;
    for (size_t row = 0; row < rows; ++row)
        out += (column.is_null(row) ? "NULL" : std::string(column.text(row))) + "|";
    return out;
}

std::unique_ptr<StreamStatement> pages_above(Fixture& f) {
    return std::move(*StreamStatement::compile(
        std::move(f.session), "select page from stream('clicks') where id > 0", kStreams));
}

// Text that comes through as it is points into the input's buffers, which the result keeps: the
// batches themselves go.
TEST(StreamStatement, TextThatComesThroughOutlivesItsInput) {
    Fixture f;
    auto statement = std::move(*StreamStatement::compile(
        std::move(f.session), "select page, page || '!' as loud from stream('clicks') where id > 1",
        kStreams));
    constexpr size_t kRows = 5000;
    const std::string tail(40, 'x');
    auto page = [&](size_t row) { return std::to_string(row) + tail; };
    std::weak_ptr<const codec::ColumnBatch> gone;
    std::shared_ptr<const codec::ColumnBatch> out;
    {
        TestBatch batch(kRows);
        std::vector<std::optional<int64_t>> ids(kRows);
        std::vector<std::optional<std::string>> pages(kRows);
        for (size_t row = 0; row < kRows; ++row) {
            ids[row] = int64_t(row % 3);
            if (row % 7) pages[row] = page(row);
        }
        batch.add<int64_t>("id", ColumnType::kInt64, ids);
        batch.text("page", pages);
        auto shared = batch.share();
        gone = shared;
        auto run = statement->run({{"clicks", {std::move(shared)}}});
        ASSERT_TRUE(run) << run.error().message();
        out = *run;
    }
    EXPECT_TRUE(gone.expired());
    size_t at = 0;
    for (size_t row = 2; row < kRows; row += 3, ++at) {
        ASSERT_EQ(out->columns[0].is_null(at), row % 7 == 0);
        if (row % 7 == 0) continue;
        ASSERT_EQ(out->columns[0].text(at), page(row));
        ASSERT_EQ(out->columns[1].text(at), page(row) + "!");
    }
    EXPECT_EQ(out->row_count, at);
}

// Of some hundred rows: DuckDB puts chunks of a few rows together, and they lose their dictionaries.
TEST(StreamStatement, TextOfFewValuesStaysCoded) {
    Fixture f;
    auto statement = pages_above(f);
    constexpr size_t kRows = 300;
    std::vector<std::optional<int64_t>> ids(kRows, 1);
    std::vector<int> of_a(kRows, 0), of_b(kRows, 1);
    ids[1] = 0;
    of_a[0] = 2;
    of_a[1] = 1;
    of_a[2] = -1;
    of_b[1] = -1;
    of_b[2] = 0;
    TestBatch a(kRows), b(kRows);
    a.add<int64_t>("id", ColumnType::kInt64, ids);
    a.dictionary("page", {"/home", "/never seen", "/a rather long page name"}, of_a);
    b.add<int64_t>("id", ColumnType::kInt64, ids);
    b.dictionary("page", {"/b", "/home"}, of_b);
    auto out = statement->run({{"clicks", {a.share(), b.share()}}});
    ASSERT_TRUE(out) << out.error().message();
    auto& column = (*out)->columns[0];
    std::string expected = "/a rather long page name|NULL|", home = "/home|";
    for (size_t i = 0; i < kRows - 3; ++i)
        expected += home;
    expected += home + "/b|";
    for (size_t i = 0; i < kRows - 3; ++i)
        expected += home;
    EXPECT_EQ(texts(column, (*out)->row_count), expected);
    EXPECT_TRUE(column.dictionary);
    EXPECT_EQ(column.dictionary_size(), 3u);  // only what is in use, and each once
    TestBatch nothing(2);
    nothing.add<int64_t>("id", ColumnType::kInt64, {1, 1});
    nothing.dictionary("page", {}, {-1, -1});
    out = statement->run({{"clicks", {nothing.share()}}});
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(texts((*out)->columns[0], 2), "NULL|NULL|");
    EXPECT_FALSE((*out)->columns[0].dictionary);
}

TEST(StreamStatement, TextBecomesPlainWhereItIsNotCodedOrHasManyValues) {
    Fixture f;
    auto statement = pages_above(f);
    TestBatch a(3), b(2), c(1);
    a.add<int64_t>("id", ColumnType::kInt64, {1, 1, 1});
    a.dictionary("page", {"/home", "/a rather long page name"}, {1, -1, 0});
    b.add<int64_t>("id", ColumnType::kInt64, {1, 1});
    b.text("page", {"/plain, and of some length", std::nullopt});
    c.add<int64_t>("id", ColumnType::kInt64, {1});
    c.dictionary("page", {"/home"}, {0});
    auto out = statement->run({{"clicks", {a.share(), b.share(), c.share()}}});
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_FALSE((*out)->columns[0].dictionary);
    EXPECT_EQ(texts((*out)->columns[0], (*out)->row_count),
              "/a rather long page name|NULL|/home|/plain, and of some length|NULL|/home|");

    constexpr int kMany = 5000;
    std::vector<std::string> entries;
    std::vector<std::optional<int64_t>> ids(kMany + 1, 1);
    std::vector<int> codes = {-1};
    std::string expected = "NULL|";
    for (int i = 0; i < kMany; ++i) {
        entries.push_back("/a page of number " + std::to_string(i));
        codes.push_back(i);
        expected += entries.back() + "|";
    }
    TestBatch many(size_t(kMany) + 1);
    many.add<int64_t>("id", ColumnType::kInt64, ids);
    many.dictionary("page", entries, codes);
    out = statement->run({{"clicks", {many.share()}}});
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_FALSE((*out)->columns[0].dictionary);
    EXPECT_EQ(texts((*out)->columns[0], (*out)->row_count), expected);
}

TEST(StreamStatement, RefusesWhatCannotBeRepeatedOrIsNotThere) {
    auto error = [](std::string_view sql) {
        Fixture f;
        auto compiled = StreamStatement::compile(std::move(f.session), sql, kStreams);
        return compiled ? Error(ErrorCode::kInternal, "it compiled") : compiled.error();
    };
    EXPECT_EQ(error("select now() from stream('clicks')").code(), ErrorCode::kUnsupported);
    EXPECT_EQ(error("select * from stream('clicks') where random() < 0.5").code(),
              ErrorCode::kUnsupported);
    EXPECT_EQ(error("select nope from stream('clicks')").code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(error("select nope from stream('clicks')").message().find("LINE 1"),
              std::string::npos);
    EXPECT_NE(error("select * from stream('clickz')").message().find("clicks, other"),
              std::string::npos);
    EXPECT_EQ(error("drop table x").code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tarn::sql
