#include "tarn/delta/protocol_gate.h"

#include <algorithm>
#include <string>

#include "tarn/delta/error_ids.h"
#include "tarn/delta/schema.h"

namespace tarn::delta {
namespace {

// Names as in the protocol's appendix, Spark's TableFeature.scala and accepted RFCs.
//                                       reader-writer  read   append
constexpr FeatureSupport kFeatures[] = {
    {"appendOnly", false, true, true},
    {"invariants", false, true, true},
    {"checkConstraints", false, true, false},
    {"generatedColumns", false, true, false},
    {"allowColumnDefaults", false, true, false},
    {"changeDataFeed", false, true, false},
    {"identityColumns", false, true, false},
    {"rowTracking", false, true, false},
    {"domainMetadata", false, true, false},
    {"inCommitTimestamp", false, true, false},
    {"inCommitTimestamp-preview", false, true, false},
    {"clustering", false, true, false},
    {"icebergCompatV1", false, true, false},
    {"icebergCompatV2", false, true, false},
    {"icebergCompatV3", false, true, false},
    {"checkpointProtection", false, true, false},
    {"materializePartitionColumns", false, true, false},
    {"columnMapping", true, true, false},
    {"deletionVectors", true, true, false},
    {"timestampNtz", true, true, true},
    {"timestampWithoutTimezone", true, true, false},
    {"typeWidening", true, true, false},
    {"typeWidening-preview", true, true, false},
    {"v2Checkpoint", true, true, false},
    {"vacuumProtocolCheck", true, true, false},
    {"catalogManaged", true, false, false},
    {"variantType", true, false, false},
    {"variantType-preview", true, false, false},
    {"variantShredding", true, false, false},
    {"variantShredding-preview", true, false, false},
    {"geospatial", true, false, false},
    {"collations-preview", false, false, false},
};

constexpr int kMaxLegacyReader = 2, kTableFeaturesReader = 3;
constexpr int kMaxAppendWriter = 2, kTableFeaturesWriter = 7;

const FeatureSupport* find_feature(std::string_view name) {
    auto at = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                           [&](auto& f) { return f.name == name; });
    return at == std::end(kFeatures) ? nullptr : at;
}

Status refuse(std::string_view doing, std::string_view what) {
    return fail(errors::kTableFeature, "Delta table cannot be " + std::string(doing) +
                                           " by this version of Tarn: " + std::string(what));
}

// The first feature that a legacy writer version implies beyond appendOnly and invariants.
std::string legacy_writer(int version) {
    constexpr std::string_view kImplied[] = {"checkConstraints",
                                             "changeDataFeed and generatedColumns", "columnMapping",
                                             "identityColumns"};
    std::string text = "writer version " + std::to_string(version);
    if (version >= 3 && version <= 6)
        text += ", which implies " + std::string(kImplied[version - 3]);
    return text;
}

// Field metadata is JSON text; its keys are looked for as text, which can only refuse too much.
Status check_fields(const std::vector<Field>& fields) {
    for (auto& field : fields) {
        for (std::string_view key :
             {"delta.invariants", "delta.generationExpression", "delta.identity.start"})
            if (field.metadata.find(key) != std::string::npos)
                return refuse("appended to", std::string(key) + " of column " + field.name);
        TARN_RETURN_IF_ERROR(check_fields(field.type.fields));
    }
    return {};
}

}  // namespace

std::span<const FeatureSupport> feature_table() { return kFeatures; }

Status check_readable(const Protocol& protocol) {
    if (protocol.min_reader < 1 || protocol.min_reader > kTableFeaturesReader)
        return refuse("read", "reader version " + std::to_string(protocol.min_reader));
    if (protocol.min_reader <= kMaxLegacyReader) return {};
    if (!protocol.reader_features)
        return fail(errors::kTableDamaged,
                    "Delta protocol of reader version 3 has no readerFeatures");
    for (auto& name : *protocol.reader_features) {
        auto feature = find_feature(name);
        if (!feature || !feature->read) return refuse("read", "feature " + name);
    }
    return {};
}

Status check_appendable(const Protocol& protocol, const Metadata& metadata, const Schema* parsed) {
    TARN_RETURN_IF_ERROR(check_readable(protocol));
    if (protocol.min_writer == kTableFeaturesWriter) {
        if (!protocol.writer_features)
            return fail(errors::kTableDamaged,
                        "Delta protocol of writer version 7 has no writerFeatures");
        for (auto& name : *protocol.writer_features) {
            auto feature = find_feature(name);
            if (!feature || !feature->append) return refuse("appended to", "feature " + name);
        }
    } else if (protocol.min_writer > kMaxAppendWriter) {
        return refuse("appended to", legacy_writer(protocol.min_writer));
    }
    for (auto& [key, value] : metadata.configuration)
        if (key.starts_with("delta.constraints."))
            return refuse("appended to", "constraint " + key);
    if (metadata.schema.empty()) return refuse("appended to", "a table without a schema");
    if (parsed) return check_fields(parsed->fields);
    TARN_TRY(auto schema, parse_schema(metadata.schema));
    return check_fields(schema.fields);
}

}  // namespace tarn::delta
