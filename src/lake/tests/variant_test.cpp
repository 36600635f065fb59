// Columns of type variant, as other writers make them: read as JSON, never written, and bytes that
// are no variant are an error, not a crash.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using testing::problem;
using testing::World;

// Metadata of the keys a and b, and values (Parquet's VariantEncoding.md).
constexpr const char* kKeys = "11020001026162";
constexpr const char* kNoValue = "none";  // in place of metadata: NULL
constexpr std::pair<const char*, const char*> kValues[] = {
    {"00", "NULL"},
    {"04", "true"},
    {"08", "false"},
    {"0C85", "-123"},
    {"100080", "-32768"},
    {"14FFFFFF7F", "2147483647"},
    {"18FFFFFFFFFFFFFF7F", "9223372036854775807"},
    {"1C000000000000F83F", "1.5"},
    {"2002D2040000", "12.34"},
    {"2C464D0000", "\"2024-02-29\""},
    {"09C3BC", "\"ü\""},
    {"40030000002261FF", ""},  // not UTF-8
    {"4003000000226122", R"("\"a\"")"},
    {"030000", "[]"},
    {"020000", "{}"},
    {"02020001"
     "00020B"
     "0C01"
     "030200010404"
     "097879",
     R"({"a":1,"b":[true,"xy"]})"},
};

class VariantTest : public ::testing::Test {
  protected:
    // A table of one file with these variants, as pairs of metadata and value in hexadecimal.
    void put(const std::vector<std::pair<std::string, std::string>>& values,
             const std::string& properties = R"("delta.enableDeletionVectors":"true")") {
        std::string rows;
        for (size_t i = 0; i < values.size(); ++i)
            rows += values[i].first == kNoValue
                        ? fmt::format("{}({}, NULL)", i ? ", " : "", i)
                        : fmt::format("{}({}, {{'value': unhex('{}'), 'metadata': unhex('{}')}})",
                                      i ? ", " : "", i, values[i].second, values[i].first);
        auto session = world_.engine->session();
        ASSERT_TRUE(disk_.create_folders("/lake/a/t/_delta_log"));
        ASSERT_EQ(problem((*session)->execute(fmt::format(
                      "COPY (SELECT n::BIGINT AS n, v::STRUCT(value BLOB, metadata BLOB) AS v FROM "
                      "(VALUES {}) q(n, v)) TO 'tarn:///lake/a/t/f.parquet' (FORMAT parquet)",
                      rows))),
                  "");
        const auto size = disk_.stat("/lake/a/t/f.parquet")->size;
        ASSERT_EQ(
            problem(disk_.replace(
                "/lake/a/t/_delta_log/00000000000000000000.json",
                R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":)"
                R"(["variantType","deletionVectors"],"writerFeatures":["variantType",)"
                R"("deletionVectors"]}})"
                "\n"
                R"({"metaData":{"id":"8a2f7f0e-0000-4000-8000-000000000000","format":{"provider":)"
                R"("parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[)"
                R"({\"name\":\"n\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},)"
                R"({\"name\":\"v\",\"type\":\"variant\",\"nullable\":true,\"metadata\":{}}]}",)"
                R"("partitionColumns":[],"configuration":{)" +
                    properties + "}}}\n" +
                    fmt::format(R"({{"add":{{"path":"f.parquet","partitionValues":{{}},"size":{},)"
                                R"("modificationTime":1,"dataChange":true,"stats":)"
                                R"("{{\"numRecords\":{},\"minValues\":{{\"n\":0,\"v\":\"zz\"}},)"
                                R"(\"maxValues\":{{\"n\":99,\"v\":\"zz\"}},\"nullCount\":)"
                                R"({{\"n\":0,\"v\":0}}}}"}}}})"
                                "\n",
                                size, values.size()))),
            "");
    }
    Result<ChangeOutcome> statement(const std::string& text) {
        TARN_TRY(auto parsed, sql::parse_table_statement(*world_.engine, text, false));
        return run_statement(*world_.lake, *world_.engine, *parsed);
    }
    Result<std::string> text_of(size_t row) {
        auto session = world_.engine->session();
        auto read = (*session)->query_columns(
            fmt::format("SELECT v::VARCHAR FROM {} WHERE n = {}", world_.scan("a.t"), row));
        if (!read) return fail(read.error());
        if (read->row_count != 1) return std::string("no row");
        if (read->columns[0].is_null(0)) return std::string("NULL");
        return std::string(read->columns[0].text(0));
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_F(VariantTest, IsReadAsJson) {
    std::vector<std::pair<std::string, std::string>> values;
    std::vector<std::string> wanted;
    for (const auto& [value, json] : kValues)
        if (*json) {
            values.emplace_back(kKeys, value);
            wanted.emplace_back(json);
        }
    values.emplace_back(kNoValue, "");
    wanted.emplace_back("NULL");
    put(values);
    for (size_t i = 0; i < wanted.size(); ++i) {
        auto text = text_of(i);
        ASSERT_TRUE(text) << wanted[i] << ": " << text.error().message();
        EXPECT_EQ(*text, wanted[i]);
    }
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t") + " WHERE v IS NULL"), 2);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t") + " WHERE v IS NOT NULL"),
              int64_t(values.size()) - 2);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t") + " WHERE v = '-123'"), 1);
    EXPECT_EQ(world_.number("SELECT (v->'a')::BIGINT FROM " + world_.scan("a.t") +
                            " WHERE v->'b'->>1 = 'xy'"),
              1);
    EXPECT_EQ(problem(world_.lake->verify("a.t")), "");
}

TEST_F(VariantTest, IsNotWritten) {
    put({{kKeys, "0C01"}, {kKeys, "0C02"}, {kKeys, "0C03"}});
    for (const char* text : {"UPDATE a.t SET n = 9 WHERE n = 1", "INSERT INTO a.t VALUES (9, '1')",
                             "INSERT INTO a.t (n) VALUES (9)",
                             "MERGE INTO a.t t USING (SELECT 1 AS n) s ON t.n = s.n WHEN MATCHED "
                             "THEN UPDATE SET n = 9"}) {
        auto made = statement(text);
        ASSERT_FALSE(made) << text;
        EXPECT_NE(made.error().message().find("does not write column v, which is variant"),
                  std::string::npos)
            << made.error().message();
    }
    auto made = statement("DELETE FROM a.t WHERE n = 1");
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->vectors_added, 1);
    EXPECT_EQ(world_.number("SELECT sum(v::BIGINT)::BIGINT FROM " + world_.scan("a.t")), 4);
    OptimizeRequest request;
    request.table = "a.t";
    request.order_by = {"n"};
    EXPECT_FALSE(world_.lake->optimize(request));
    EXPECT_EQ(problem(world_.lake->verify("a.t")), "");
}

TEST_F(VariantTest, BytesThatAreNone) {
    const std::string deep = [] {  // arrays of one element each, 1,000 deep
        std::string value = "00";
        for (int i = 0; i < 1000; ++i) {
            const auto size = value.size() / 2;
            value = fmt::format("0F0100000000{:02X}{:02X}0000", size % 256, size / 256) + value;
        }
        return value;
    }();
    std::vector<std::pair<std::string, std::string>> values = {{"", ""},
                                                               {kKeys, ""},
                                                               {"11", "00"},
                                                               {"11FF", "00"},
                                                               {"1102000102", "020100000200"},
                                                               {kKeys, "02FF"},
                                                               {kKeys, "0E"},
                                                               {kKeys, "0EFFFFFFFF"},
                                                               {kKeys, "0FFFFFFFFF"},
                                                               {kKeys, "40FFFFFFFF61"},
                                                               {kKeys, "FD61"},
                                                               {kKeys, "FC"},
                                                               {kKeys, "020107000200"},
                                                               {kKeys, "0201000002"},
                                                               {kKeys, "0301FF00"},
                                                               {"C1FFFFFFFF", "00"},
                                                               {"01", "0C"},
                                                               {kKeys, "3CFFFFFFFF"},
                                                               {kKeys, "5000"},
                                                               {kKeys, deep},
                                                               {"02000000", "00"}};
    const std::string whole =
        "020200010002"
        "0B0C01030200010404097879";
    for (size_t cut = 0; cut < whole.size(); cut += 2)
        values.emplace_back(kKeys, whole.substr(0, cut));
    for (size_t at = 0; at < whole.size(); at += 2)
        for (const char* byte : {"FF", "80", "03"}) {
            auto changed = whole;
            values.emplace_back(kKeys, changed.replace(at, 2, byte));
        }
    for (const auto& value : values) {
        SCOPED_TRACE(value.first + " " + value.second);
        put({value});
        auto text = text_of(0);  // an error, or some JSON
        if (text && *text != "NULL") {
            EXPECT_EQ(
                world_.number("SELECT json_valid(v::VARCHAR)::BIGINT FROM " + world_.scan("a.t")),
                1);
        }
    }
}

}  // namespace
}  // namespace tarn::lake
