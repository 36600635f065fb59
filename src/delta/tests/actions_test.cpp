#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tarn/base/ids.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/schema.h"

namespace tarn::delta {
namespace {

std::vector<Action> parse(std::string_view text) {
    std::vector<Action> out;
    auto status = parse_actions(text, [&](Action&& a) -> Status {
        out.push_back(std::move(a));
        return {};
    });
    EXPECT_TRUE(status) << status.error().message();
    return out;
}

TEST(Actions, SixtyFourBitNumbersStayExact) {
    auto actions = parse(
        R"({"add":{"path":"a","partitionValues":{"p":null,"q":"1"},"size":9007199254740993,)"
        R"("modificationTime":1,"dataChange":true,"baseRowId":9223372036854775807,"tags":null}})"
        "\n"
        R"({"txn":{"appId":"f","version":9007199254740995}})");
    auto& add = std::get<AddFile>(actions.at(0));
    EXPECT_EQ(add.size, 9007199254740993);
    EXPECT_EQ(add.base_row_id, INT64_MAX);
    EXPECT_EQ(find(add.partition_values, "p"), nullptr);
    EXPECT_EQ(*find(add.partition_values, "q"), "1");
    EXPECT_EQ(std::get<SetTransaction>(actions.at(1)).version, 9007199254740995);
}

TEST(Actions, UnknownActionsAndFieldsAreSkipped) {
    auto actions = parse(
        "{\"somethingNew\":{\"a\":[1,{}]}}\n\n"
        R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2,"new":{"x":1}}})"
        "\n"
        R"({"commitInfo":{"timestamp":"soon","operationParameters":{"a":[1],"b":{"c":null},"d":7}}})");
    ASSERT_EQ(actions.size(), 2u);
    auto& info = std::get<CommitInfo>(actions[1]);
    EXPECT_FALSE(info.timestamp_ms);
    ASSERT_EQ(info.parameters.size(), 3u);
    EXPECT_EQ(info.parameters[1].second, R"({"c":null})");
}

TEST(Actions, DamagedLinesAreNamed) {
    auto status = parse_actions("{\"add\":{\"path\":\"a\"}}\n{\"add\":{\"path\":",
                                [](Action&&) { return Status(); });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kCorrupted);
    EXPECT_NE(status.error().message().find("line 2"), std::string::npos);
    EXPECT_FALSE(parse_actions("[1]", [](Action&&) { return Status(); }));
    EXPECT_FALSE(parse_actions(R"({"add":{"size":"big"}})", [](Action&&) { return Status(); }));
}

TEST(Actions, WhatIsWrittenReadsBack) {
    AddFile add;
    add.path = "p=a%2520b/x.parquet";
    add.partition_values = {{"p", "quote\" \\ line\n \x01 ü"}, {"q", std::nullopt}};
    add.size = INT64_MAX;
    add.stats = R"({"numRecords":12,"minValues":{"s":"\""}})";
    auto dv = std::make_shared<DeletionVector>();
    dv->path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^";
    dv->size_bytes = 40;
    dv->cardinality = 2;
    add.deletion_vector = dv;
    std::string text;
    append_json(text, add);
    auto back = parse(text);
    auto& got = std::get<AddFile>(back.at(0));
    EXPECT_EQ(got.path, add.path);
    EXPECT_EQ(got.partition_values, add.partition_values);
    EXPECT_EQ(got.size, INT64_MAX);
    EXPECT_EQ(got.stats, add.stats);
    EXPECT_EQ(got.records, 12);
    EXPECT_EQ(got.live_rows(), 10);
    EXPECT_EQ(got.deletion_vector->unique_id(),
              "uab^-aqEH.-t@S}K{vb[*k^");  // absent is not offset 0
}

// Escapes as any writer of JSON may choose them, in keys and in values.
TEST(Actions, TextsAreUndone) {
    Random random(1);
    const std::vector<std::string> pieces = {
        "a",    "\"",         "\\",     "/", "\b\f\n\r\t", "é", "日", "𝄞", std::string(1, '\0'),
        "\x1f", "plain text", "\\u0041"};
    for (int i = 0; i < 2000; ++i) {
        std::string text;
        for (auto n = random.below(6); n > 0; --n)
            text += pieces[random.below(pieces.size())];
        const nlohmann::json line = {
            {"commitInfo", {{"operationParameters", {{text, text}}}, {"operation", text}}}};
        CommitInfo got;
        auto status = parse_actions(line.dump(-1, ' ', i % 2 == 0), [&](Action&& action) -> Status {
            got = std::get<CommitInfo>(action);
            return {};
        });
        ASSERT_TRUE(status) << line.dump();
        EXPECT_EQ(got.operation, text);
        ASSERT_EQ(got.parameters.size(), 1u);
        EXPECT_EQ(got.parameters[0], std::pair(text, text));
    }
    auto parsed = [](const std::string& inside) {
        return parse_actions(R"({"txn":{"appId":")" + inside + R"(","version":1}})",
                             [](Action&&) -> Status { return {}; });
    };
    EXPECT_TRUE(parsed(R"(\/\ud834\uDD1E)"));
    for (const char* wrong :
         {R"(\x)", R"(\u12)", R"(\u12g4)", R"(\ud834)", R"(\udd1e)", R"(\ud834A)", "\x01"})
        EXPECT_FALSE(parsed(wrong)) << wrong;
}

TEST(ProtocolGate, FeaturesAreRefusedByName) {
    Metadata metadata;
    metadata.schema =
        R"({"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]})";
    EXPECT_TRUE(check_writable({}, metadata));
    for (auto& feature : feature_table()) {
        Protocol protocol{3, 7, std::vector<std::string>{},
                          std::vector<std::string>{std::string(feature.name)}};
        if (feature.reader_writer) protocol.reader_features->push_back(std::string(feature.name));
        auto read = check_readable(protocol);
        EXPECT_EQ(read.has_value(), feature.read || !feature.reader_writer) << feature.name;
        auto write = check_writable(protocol, metadata);
        EXPECT_EQ(write.has_value(), feature.write) << feature.name;
        if (!write) {
            EXPECT_EQ(write.error().code(), ErrorCode::kUnsupported);
            EXPECT_NE(write.error().message().find(feature.name), std::string::npos)
                << write.error().message();
        }
    }
    Protocol unknown{3, 7, {{"brandNew"}}, {{"brandNew"}}};
    EXPECT_NE(check_readable(unknown).error().message().find("brandNew"), std::string::npos);
    Protocol writer_only{1, 7, {}, {{"brandNew"}}};
    EXPECT_TRUE(check_readable(writer_only));
    EXPECT_FALSE(check_writable(writer_only, metadata));
    EXPECT_FALSE(check_readable(Protocol{3, 7, {}, {}}));
    EXPECT_TRUE(check_writable(Protocol{1, 6, {}, {}}, metadata));
    EXPECT_TRUE(check_writable(Protocol{2, 5, {}, {}}, metadata));
    EXPECT_FALSE(check_writable(Protocol{1, 8, {}, {}}, metadata));
}

using Names = std::vector<std::string>;

TEST(ProtocolGate, VersionsImplyFeatures) {
    const Protocol old{2, 5, {}, {}};
    EXPECT_TRUE(has_reader_feature(old, "columnMapping"));
    EXPECT_TRUE(has_writer_feature(old, "generatedColumns"));
    EXPECT_FALSE(has_writer_feature(old, "identityColumns"));
    EXPECT_FALSE(has_reader_feature({1, 5, {}, {}}, "columnMapping"));
    EXPECT_FALSE(has_writer_feature(old, "deletionVectors"));
    const Protocol listed{3, 7, Names{"deletionVectors"}, Names{"deletionVectors"}};
    EXPECT_TRUE(has_reader_feature(listed, "deletionVectors"));
    EXPECT_FALSE(has_writer_feature(listed, "appendOnly"));
}

// A table that leaves the versions behind lists what they implied, or other writers would not
// enforce it any more.
TEST(ProtocolGate, ARaisedProtocolListsWhatItImplied) {
    auto writer = with_feature({1, 2, {}, {}}, "domainMetadata");
    EXPECT_EQ(writer.min_reader, 1);
    EXPECT_EQ(writer.min_writer, 7);
    EXPECT_FALSE(writer.reader_features);
    EXPECT_EQ(*writer.writer_features, (Names{"appendOnly", "invariants", "domainMetadata"}));

    auto both = with_feature({1, 2, {}, {}}, "deletionVectors");
    EXPECT_EQ(both.min_reader, 3);
    EXPECT_EQ(*both.reader_features, Names{"deletionVectors"});
    EXPECT_EQ(*both.writer_features, (Names{"appendOnly", "invariants", "deletionVectors"}));

    auto mapped = with_feature({2, 5, {}, {}}, "timestampNtz");
    EXPECT_EQ(*mapped.reader_features, (Names{"columnMapping", "timestampNtz"}));
    EXPECT_EQ(*mapped.writer_features,
              (Names{"appendOnly", "invariants", "checkConstraints", "changeDataFeed",
                     "generatedColumns", "columnMapping", "timestampNtz"}));
    EXPECT_EQ(*with_feature(mapped, "rowTracking").reader_features, *mapped.reader_features);
    EXPECT_EQ(with_feature({2, 5, {}, {}}, "columnMapping").min_writer, 5);
}

TEST(Schema, NestedTypesComeBackAsTheyWere) {
    const std::string text =
        R"j({"type":"struct","fields":[{"name":"a","type":"decimal(38,10)","nullable":false,"metadata":{}},)j"
        R"j({"name":"b","type":{"type":"map","keyType":"string","valueType":{"type":"array","elementType":)j"
        R"j({"type":"struct","fields":[{"name":"x","type":"timestamp_ntz","nullable":true,"metadata":{}}]},)j"
        R"j("containsNull":false},"valueContainsNull":true},"nullable":true,)j"
        R"j("metadata":{"delta.columnMapping.id":7,"delta.columnMapping.physicalName":"col-7"}}]})j";
    auto schema = parse_schema(text);
    ASSERT_TRUE(schema) << schema.error().message();
    EXPECT_EQ(schema_json(*schema), text);
    EXPECT_EQ(schema->fields[1].id, 7);
    EXPECT_EQ(physical_name(schema->fields[1], ColumnMapping::kName), "col-7");
    EXPECT_EQ(physical_name(schema->fields[1], ColumnMapping::kNone), "b");
    EXPECT_EQ(type_name(schema->fields[1].type), "map<string,array<struct<x:timestamp_ntz>>>");
    auto variant = parse_schema(R"({"type":"struct","fields":[{"name":"v","type":"variant"}]})");
    ASSERT_TRUE(variant);
    EXPECT_EQ(*protocol_of(*variant).reader_features, std::vector<std::string>{"variantType"});
    EXPECT_EQ(parse_schema(R"({"type":"struct","fields":[{"name":"v","type":"geometry"}]})")
                  .error()
                  .code(),
              ErrorCode::kUnsupported);
    EXPECT_EQ(parse_schema("{").error().code(), ErrorCode::kCorrupted);
    std::string deep(100'000, '[');
    EXPECT_FALSE(parse_schema(deep));
}

// A stray mode without the feature means nothing.
TEST(Schema, ColumnMappingNeedsItsFeature) {
    Metadata metadata;
    metadata.configuration = {{"delta.columnMapping.mode", "id"}};
    EXPECT_EQ(column_mapping({1, 2, {}, {}}, metadata), ColumnMapping::kNone);
    EXPECT_EQ(column_mapping({2, 5, {}, {}}, metadata), ColumnMapping::kId);
    EXPECT_EQ(column_mapping({3, 7, {{"columnMapping"}}, {{"columnMapping"}}}, metadata),
              ColumnMapping::kId);
}

}  // namespace
}  // namespace tarn::delta
