// Statistics of files that become one, from what the log says of each.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tarn/delta/joined_file.h"

namespace tarn::delta {
namespace {

class Merging : public ::testing::Test {
  protected:
    Merging() {
        table_.metadata = std::make_shared<Metadata>();
        auto schema = std::make_shared<Schema>();
        auto add = [](std::vector<Field>& to, const char* name, TypeKind kind) -> Field& {
            auto& field = to.emplace_back();
            field.name = name;
            field.type.kind = kind;
            return field;
        };
        auto& amount = add(schema->fields, "d", TypeKind::kDecimal);
        amount.type.precision = 20;
        amount.type.scale = 2;
        add(schema->fields, "t", TypeKind::kTimestamp);
        add(schema->fields, "b", TypeKind::kBoolean);
        add(add(schema->fields, "s", TypeKind::kStruct).type.fields, "f", TypeKind::kDouble);
        table_.schema = schema;
    }
    static AddFile file(int64_t rows, const std::string& min, const std::string& max,
                        const std::string& nulls) {
        AddFile out;
        out.records = rows;
        out.stats = R"({"numRecords":)" + std::to_string(rows) + R"(,"minValues":{)" + min +
                    R"(},"maxValues":{)" + max + R"(},"nullCount":{)" + nulls + "}}";
        return out;
    }
    // Empty: rows have to be read.
    std::string merged(const AddFile& a, const AddFile& b, std::string_view writer = "DuckDB") {
        const StatisticsMerge merge(table_);
        const auto one = merge.read(a, writer), other = merge.read(b, writer);
        if (!one || !other) return "";
        LeafCountsByPath both;
        merge.add(both, *one);
        merge.add(both, *other);
        return stats_json(table_, a.records + b.records, both);
    }
    Snapshot table_;
    static constexpr const char* kNulls = R"("d":1,"t":0,"b":0,"s":{"f":0})";
    AddFile first_ =
        file(4, R"("d":-9.50,"t":"2026-01-01T00:00:00.000Z","b":false,"s":{"f":-0.5})",
             R"("d":9.1,"t":"2026-01-02T00:00:00.123Z","b":false,"s":{"f":1e3})", kNulls);
};

TEST_F(Merging, BoundsAreTheWider) {
    const auto other = file(
        5, R"("d":-10,"t":"2025-12-31T23:59:59.999999Z","b":true,"s":{"f":-2})",
        R"("d":12345678901234567.89,"t":"2026-01-02T00:00:00.122Z","b":true,"s":{"f":5})", kNulls);
    const std::string expected =
        R"({"numRecords":9,"minValues":{"d":-10,"t":"2025-12-31T23:59:59.999Z","b":false,)"
        R"("s":{"f":-2}},"maxValues":{"d":12345678901234567.89,"t":"2026-01-02T00:00:00.123Z",)"
        R"("b":true,"s":{"f":1e3}},"nullCount":{"d":2,"t":0,"b":0,"s":{"f":0}}})";
    EXPECT_EQ(merged(first_, other), expected);
    EXPECT_EQ(merged(other, first_), expected);
}

TEST_F(Merging, AColumnOfNullsAloneHasNoSay) {
    const auto other = file(2, "", "", R"("d":2,"t":2,"b":2,"s":{"f":2})");
    EXPECT_EQ(merged(first_, other),
              R"({"numRecords":6,"minValues":{"d":-9.50,"t":"2026-01-01T00:00:00.000Z","b":false,)"
              R"("s":{"f":-0.5}},"maxValues":{"d":9.1,"t":"2026-01-02T00:00:00.123Z","b":false,)"
              R"("s":{"f":1e3}},"nullCount":{"d":3,"t":2,"b":2,"s":{"f":2}}})");
}

TEST_F(Merging, NaNTakesTheBoundsOfItsColumn) {
    const auto other = file(4, R"("d":1,"t":"2026-01-01T00:00:00Z","b":true,"s":{"f":1.0})",
                            R"("d":1,"t":"2026-01-01T00:00:00Z","b":true,"s":{"f":"NaN"})", kNulls);
    const auto both = merged(first_, other);
    EXPECT_NE(both, "");
    EXPECT_EQ(both.find("\"f\":1"), both.npos) << both;
    EXPECT_NE(both.find("\"d\":-9.50"), both.npos) << both;
}

TEST_F(Merging, WhatSaysLessIsRead) {
    EXPECT_NE(merged(first_, first_), "");
    EXPECT_EQ(merged(first_, first_, "parquet-rs version 58.0.0"),
              "");  // NaN is left out there
    auto wide = first_;
    wide.stats.insert(1, R"("tightBounds":false,)");
    EXPECT_EQ(merged(first_, wide), "");
    EXPECT_EQ(merged(first_, AddFile()), "");
    auto with = [&](const std::string& from, const std::string& to) {
        auto out = first_;
        out.stats.replace(out.stats.find(from), from.size(), to);
        return out;
    };
    EXPECT_EQ(merged(first_, with(R"("d":1,)", "")), "");            // no count
    EXPECT_EQ(merged(first_, with(R"("d":1,)", R"("d":5,)")), "");   // no possible one
    EXPECT_EQ(merged(first_, with(R"("d":-9.50,)", "")), "");        // no bound
    EXPECT_EQ(merged(first_, with("-9.50", "-9.5e1")), "");          // of another form
    EXPECT_EQ(merged(first_, with("00.000Z", "00.000-08:00")), "");  // another zone
    EXPECT_EQ(merged(first_, with("{\"numRecords\"", "{\"rows\"")), "");
}

}  // namespace
}  // namespace tarn::delta
