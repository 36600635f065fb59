// Types on their way through columns: out of SQL, into SQL again, and into Parquet.

#include <gtest/gtest.h>

#include <filesystem>

#include "batches.h"
#include "memory_tables.h"
#include "tarn/sql/parquet.h"
#include "tarn/sql/statement.h"

namespace tarn::errors {
extern const ErrorId kResultType;
}  // namespace tarn::errors

namespace tarn::sql {
namespace {

const std::vector<StreamSchema> kNumbers = {{"numbers", {{"n", ColumnType::kInt64, false}}}};

std::shared_ptr<const codec::ColumnBatch> numbers(size_t count) {
    std::vector<std::optional<int64_t>> values(count);
    for (size_t i = 0; i < count; ++i)
        values[i] = int64_t(i);
    TestBatch batch(count);
    batch.add<int64_t>("n", ColumnType::kInt64, values);
    return batch.share();
}

struct Types : testing::Test, Fixture {
    // What the expression over n = 0 … count - 1 gives as a column x.
    Result<std::shared_ptr<const codec::ColumnBatch>> run(const std::string& expression,
                                                          size_t count = 3000) {
        TARN_TRY(auto statement,
                 StreamStatement::compile(*engine->session(),
                                          "select " + expression + " as x from stream('numbers')",
                                          kNumbers));
        return statement->run({{"numbers", {numbers(count)}}});
    }
    // The rows of a batch by way of SQL.
    std::string shown(std::shared_ptr<const codec::ColumnBatch> batch) {
        tables.tables["test.rows"] = RowsRef{batch->schema, {batch}};
        return json("select x from test.rows");
    }
};

struct Case {
    const char *expression, *type;
};

// Expressions with NULLs among their values, and enough rows for several chunks.
const Case kKept[] = {
    {"if(n % 7 = 3, null, (n % 100 * 1.25)::decimal(4,0))", "DECIMAL(4,0)"},
    {"if(n % 7 = 3, null, -n::decimal(9,2) / 3)::decimal(9,2)", "DECIMAL(9,2)"},
    {"if(n % 7 = 3, null, n * 1.01)::decimal(12,2)", "DECIMAL(12,2)"},
    {"if(n % 7 = 3, null, n::hugeint * 99999999999999999)::decimal(38,10)", "DECIMAL(38,10)"},
    {"date '2026-11-27' + n::int", "DATE"},
    {"if(n % 7 = 3, null, timestamp '2026-11-27 14:00:00.000001' + to_seconds(n))",
     "TIMESTAMP_NTZ"},
    {"encode(n::text || repeat('x', (n % 20)::int))", "BLOB"},
    {"case when n % 5 = 0 then null when n % 5 = 1 then [] else [n::text, null, repeat('y', 20)] "
     "end",
     "LIST<VARCHAR>"},
    {"if(n % 7 = 3, null, {'a': n::int, 'b': if(n % 2 = 0, null, [n / 2, -1]), 'c': "
     "if(n % 3 = 0, null, {'d': date '2026-01-01' + n::int, 'e': (n * 1.1)::decimal(20,3)})})",
     "STRUCT<a: INTEGER, b: LIST<DOUBLE>, c: STRUCT<d: DATE, e: DECIMAL(20,3)>>"},
    {"if(n % 7 = 3, null, map {'k' || n: n * 0.5::double, 'l': null})", "MAP<VARCHAR, DOUBLE>"},
    {"[[{'t': timestamptz '2026-01-01 00:00:00Z', 'f': n % 2 = 0}], null, []]",
     "LIST<LIST<STRUCT<t: TIMESTAMPTZ, f: BOOLEAN>>>"},
    {"[(n % 1000)::decimal(4,1), null]", "LIST<DECIMAL(4,1)>"},
    {"{'n': n}", "STRUCT<n: BIGINT>"},
    {"{'constant': [1.5, null], 'x': 'one and the same'}",
     "STRUCT<constant: LIST<DECIMAL(2,1)>, x: VARCHAR>"},
};

TEST_F(Types, AreKeptWithEveryValue) {
    for (const auto& [expression, type] : kKept) {
        auto batch = run(expression);
        ASSERT_TRUE(batch) << expression << ": " << batch.error().message();
        EXPECT_EQ(codec::to_string((*batch)->schema[0].type), type) << expression;
        EXPECT_EQ(shown(*batch),
                  json("select " + std::string(expression) + " as x from range(3000) t(n)"))
            << expression;
    }
}

TEST_F(Types, AreTheSameInParquet) {
    const auto folder = testing::TempDir() + "tarn_sql_types_" + std::to_string(getpid());
    ASSERT_TRUE(fs.create_folders(folder));
    for (const auto& [expression, type] : kKept) {
        auto batch = run(expression);
        ASSERT_TRUE(batch) << batch.error().message();
        const auto path = folder + "/x.parquet";
        std::filesystem::remove(path);
        auto file = write_parquet(*session, path, {batch.operator->(), 1}, std::vector<int>{0});
        ASSERT_TRUE(file) << file.error().message();
        auto back = session->query_columns("select * from read_parquet('tarn://" + path + "')");
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_EQ(codec::to_string(back->schema[0].type), type);
        EXPECT_EQ(shown(std::make_shared<const codec::ColumnBatch>(std::move(*back))),
                  shown(*batch))
            << expression;
    }
    std::filesystem::remove_all(folder);
}

TEST_F(Types, ThatNoTableHasAreConvertedAsStated) {
    const std::tuple<const char*, const char*, const char*> kConverted[] = {
        {"sum(9223372036854775807) over (order by n)", "DECIMAL(38,0)", "18446744073709551614"},
        {"18446744073709551615::ubigint", "DECIMAL(20,0)", "18446744073709551615"},
        {"'12345678901234567890123456789'::hugeint", "DECIMAL(38,0)",
         "12345678901234567890123456789"},
        {"4294967295::uinteger", "BIGINT", "4294967295"},
        {"7::utinyint", "INTEGER", "7"},
        {"1.5::float", "DOUBLE", "1.5"},
        {"time '14:00:01'", "VARCHAR", "\"14:00:01\""},
        {"uuid '0190aaaa-bbbb-4ccc-8ddd-eeeeffff0000'", "VARCHAR",
         "\"0190aaaa-bbbb-4ccc-8ddd-eeeeffff0000\""},
        {"interval '2 days'", "VARCHAR", "\"2 days\""},
        {"'b'::enum('a', 'b')", "VARCHAR", "\"b\""},
        {"'2026-11-27 14:00:00.123456789'::timestamp_ns", "TIMESTAMP_NTZ",
         "\"2026-11-27T14:00:00.123456\""},
        {"[1, 2]::integer[2]", "LIST<INTEGER>", "[1,2]"},
        {"{'t': time '14:00:01', 'h': 1::hugeint}", "STRUCT<t: VARCHAR, h: DECIMAL(38,0)>",
         "{\"t\":\"14:00:01\",\"h\":1}"},
    };
    for (const auto& [expression, type, value] : kConverted) {
        auto batch = run(expression, 2);
        ASSERT_TRUE(batch) << expression << ": " << batch.error().message();
        EXPECT_EQ(codec::to_string((*batch)->schema[0].type), type) << expression;
        auto text = shown(*batch);
        EXPECT_TRUE(text.ends_with("{\"x\":" + std::string(value) + "}\n")) << text;
    }
}

TEST_F(Types, ThatCannotBeKeptAreRefusedByName) {
    for (auto [expression, name] : {std::pair{"union_value(a := n)", "UNION(a BIGINT)"},
                                    {"row(n, 1)", "STRUCT"},
                                    {"[union_value(a := n)]", "UNION"},
                                    {"n::variant", "VARIANT"}}) {
        auto batch = run(expression);
        ASSERT_FALSE(batch) << expression;
        EXPECT_EQ(batch.error().id(), errors::kResultType) << batch.error().message();
        EXPECT_NE(batch.error().message().find(name), std::string::npos) << batch.error().message();
    }
    auto wide = run("'99999999999999999999999999999999999999'::hugeint + 1", 1);
    ASSERT_FALSE(wide) << "a value of 39 digits";
}

TEST_F(Types, MoneyGoesThroughAStreamToTheLastDigit) {
    codec::ColumnBuilder money(ColumnType::decimal(12, 2));
    for (int64_t cents : std::initializer_list<int64_t>{1230, -5, 999'999'999'999})
        money.add_decimal(cents);
    money.add_null();
    auto rows = std::make_shared<codec::ColumnBatch>();
    rows->schema = {{"total", ColumnType::decimal(12, 2), false}};
    rows->row_count = 4;
    rows->columns.push_back(money.finish(*rows));
    const std::vector<StreamSchema> orders = {{"orders", rows->schema}};
    auto statement = StreamStatement::compile(
        *engine->session(), "select total, total * 2 as x from stream('orders')", orders);
    ASSERT_TRUE(statement) << statement.error().message();
    auto out = (*statement)->run({{"orders", {rows}}});
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(shown(*out), "{\"x\":24.60}\n{\"x\":-0.10}\n{\"x\":19999999999.98}\n{\"x\":null}\n");
}

}  // namespace
}  // namespace tarn::sql
