#include "tarn/sql/result.h"

#include <gtest/gtest.h>

#include "memory_tables.h"
#include "tarn/sql/csv_result.h"

namespace tarn::sql {
namespace {

class CsvText final : public CsvSink {
  public:
    std::string text;
    Status lines(std::string_view csv) override {
        text += csv;
        return {};
    }
};

// Every value by the accessor of its kind, in one line a row.
class Typed final : public ResultSink {
  public:
    std::string text;
    Status begin(std::span<const ResultColumn> columns) override {
        columns_.assign(columns.begin(), columns.end());
        return {};
    }
    Status batch(const ResultBatch& batch) override {
        for (size_t row = 0; row < batch.rows(); ++row) {
            for (size_t column = 0; column < columns_.size(); ++column)
                text += (column ? " " : "") + value(batch, column, row);
            text += "\n";
        }
        return {};
    }

  private:
    std::string value(const ResultBatch& batch, size_t column, size_t row) const {
        if (batch.is_null(column, row)) return "null";
        switch (columns_[column].kind) {
            case ValueKind::kBool:
                return batch.boolean(column, row) ? "true" : "false";
            case ValueKind::kInteger:
                return std::to_string(batch.integer(column, row));
            case ValueKind::kReal:
                return std::to_string(batch.real(column, row));
            case ValueKind::kText:
            case ValueKind::kJson:
            case ValueKind::kBytes:
                return "'" + std::string(batch.text(column, row)) + "'";
            case ValueKind::kTimestamp:
                return std::to_string(batch.timestamp(column, row).us) + "us";
            case ValueKind::kDate:
                return std::to_string(batch.date(column, row)) + "d";
            case ValueKind::kOther:
                break;
        }
        std::string json;
        batch.append_json(column, row, json);
        return json;
    }
    std::vector<ResultColumn> columns_;
};

template <class Sink>
std::string run(Fixture& f, std::string_view sql, QueryLimits limits = {}) {
    Sink sink;
    auto done = f.session->query(sql, limits, sink);
    return done ? sink.text : done.error().message();
}

TEST(Results, ValuesComeByTheirKind) {
    Fixture f;
    EXPECT_EQ(run<Typed>(f,
                         "select true, 1::tinyint, 2::smallint, 3, 4::bigint, 5::utinyint, "
                         "6::usmallint, 7::uinteger, 1.5::float, 2.5::double"),
              "true 1 2 3 4 5 6 7 1.500000 2.500000\n");
    EXPECT_EQ(run<Typed>(f,
                         "select 'a', 'longer than twelve bytes', '{\"a\": 1}'::json, "
                         "'\\x41'::blob"),
              "'a' 'longer than twelve bytes' '{\"a\": 1}' 'A'\n");
    EXPECT_EQ(run<Typed>(f,
                         "select timestamp_s '1970-01-01 00:00:01', "
                         "timestamp_ms '1970-01-01 00:00:01', "
                         "timestamp_ns '1970-01-01 00:00:01', "
                         "timestamptz '1970-01-01 00:00:01+00', date '1970-01-03', "
                         "'infinity'::timestamp"),
              "1000000us 1000000us 1000000us 1000000us 2d 9223372036854775807us\n");
    EXPECT_EQ(run<Typed>(f,
                         "select 1.10::decimal(5, 2), 12345678901234567890::ubigint, "
                         "[1, null], {'b': 1, 'a': 'x'}, time '01:02:03'"),
              "1.10 12345678901234567890 [1,null] {\"b\":1,\"a\":\"x\"} \"01:02:03\"\n");
}

TEST(Results, BatchesOfAnyVectorAreOne) {
    Fixture f;
    EXPECT_EQ(run<Typed>(f,
                         "select case when range % 2 = 0 then range end as r, 'c' as c, "
                         "null as n from range(3)"),
              "0 'c' null\nnull 'c' null\n2 'c' null\n");
    EXPECT_EQ(run<Typed>(f, "select * from range(5000)", {.max_rows = 2}), "0\n1\n");
}

TEST(Results, CsvIsThatOfTheRfc) {
    Fixture f;
    EXPECT_EQ(run<CsvText>(f, "select 1 as a, 2 as a, 'x' as \"say \"\"hi\"\"\""),
              "a,a_1,\"say \"\"hi\"\"\"\r\n1,2,x\r\n");
    EXPECT_EQ(run<CsvText>(f,
                           "select 'a,b' as t union all select 'line\nbreak' "
                           "union all select 'q\"q' union all select '' union all select null "
                           "union all select 'größe'"),
              "t\r\n\"a,b\"\r\n\"line\nbreak\"\r\n\"q\"\"q\"\r\n\"\"\r\n\r\ngröße\r\n");
    EXPECT_EQ(run<CsvText>(f,
                           "select 1.50::decimal(4, 2) as d, 'nan'::double as n, true as b, "
                           "timestamptz '2026-01-02 03:04:05+00' as t, date '2026-01-02' as day, "
                           "[1, 2] as l, 'q\"q'::enum('q\"q') as e, '\\x00'::blob as x"),
              "d,n,b,t,day,l,e,x\r\n1.50,NaN,true,2026-01-02T03:04:05.000000Z,2026-01-02,\"[1,2]\","
              "\"q\"\"q\",AA==\r\n");
    EXPECT_EQ(run<CsvText>(f, "select 1 as a where false"), "a\r\n");
}

}  // namespace
}  // namespace tarn::sql
