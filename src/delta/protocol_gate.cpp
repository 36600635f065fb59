#include "tarn/delta/protocol_gate.h"

#include "tarn/base/names.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "tarn/delta/error_ids.h"

namespace tarn::delta {
namespace {

// Names as in the protocol's appendix, Spark's TableFeature.scala and accepted RFCs.
//                                       reader-writer  read   write  legacy versions
constexpr FeatureSupport kFeatures[] = {
    {"appendOnly", false, true, true, 0, 2},
    {"invariants", false, true, true, 0, 2},
    {"checkConstraints", false, true, true, 0, 3},
    {"changeDataFeed", false, true, true, 0, 4},
    {"generatedColumns", false, true, true, 0, 4},
    {"columnMapping", true, true, true, 2, 5},
    {"identityColumns", false, true, true, 0, 6},
    {"allowColumnDefaults", false, true, true},
    {"rowTracking", false, true, true},
    {"domainMetadata", false, true, true},
    {"inCommitTimestamp", false, true, true},
    {"inCommitTimestamp-preview", false, true, false},
    {"clustering", false, true, true},
    {"icebergCompatV1", false, true, false},
    {"icebergCompatV2", false, true, false},
    {"icebergCompatV3", false, true, false},
    {"checkpointProtection", false, true, false},
    {"materializePartitionColumns", false, true, false},
    {"deletionVectors", true, true, true},
    {"timestampNtz", true, true, true},
    {"timestampWithoutTimezone", true, true, false},
    {"typeWidening", true, true, true},
    {"typeWidening-preview", true, true, false},
    {"v2Checkpoint", true, true, true},
    {"vacuumProtocolCheck", true, true, true},
    {"catalogManaged", true, false, false},
    // Files with a column of the type are not written (write_delta_files).
    {"variantType", true, true, true},
    {"variantType-preview", true, true, false},
    {"variantShredding", true, true, true},
    {"variantShredding-preview", true, true, false},
    {"geospatial", true, false, false},
    {"collations-preview", false, false, false},
};

constexpr int kMaxLegacyReader = 2, kTableFeaturesReader = 3;
constexpr int kMaxLegacyWriter = 6, kTableFeaturesWriter = 7;

const FeatureSupport* find_feature(std::string_view name) {
    auto at = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                           [&](auto& f) { return f.name == name; });
    return at == std::end(kFeatures) ? nullptr : at;
}

Status refuse(std::string_view doing, std::string_view what) {
    return fail(errors::kTableFeature, "Delta table cannot be " + std::string(doing) +
                                           " by this version of Tarn: " + std::string(what));
}

bool listed(const std::optional<std::vector<std::string>>& features, std::string_view name) {
    return features && std::ranges::find(*features, name) != features->end();
}

void list(std::optional<std::vector<std::string>>& features, std::string_view name) {
    if (!features) features.emplace();
    if (!listed(features, name)) features->emplace_back(name);
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

Status check_writable(const Protocol& protocol, const Metadata& metadata) {
    TARN_RETURN_IF_ERROR(check_readable(protocol));
    if (metadata.schema.empty()) return refuse("written", "a table without a schema");
    if (protocol.min_writer < 1 || protocol.min_writer > kTableFeaturesWriter)
        return refuse("written", "writer version " + std::to_string(protocol.min_writer));
    if (protocol.min_writer <= kMaxLegacyWriter) {
        for (const auto& feature : kFeatures)
            if (!feature.write && has_writer_feature(protocol, feature.name))
                return refuse("written", fmt::format("writer version {}, which implies {}",
                                                     protocol.min_writer, feature.name));
        return {};
    }
    if (!protocol.writer_features)
        return fail(errors::kTableDamaged,
                    "Delta protocol of writer version 7 has no writerFeatures");
    for (auto& name : *protocol.writer_features) {
        auto feature = find_feature(name);
        if (!feature || !feature->write) return refuse("written", "feature " + name);
    }
    return {};
}

bool has_reader_feature(const Protocol& protocol, std::string_view name) {
    if (protocol.min_reader >= kTableFeaturesReader) return listed(protocol.reader_features, name);
    const auto* feature = find_feature(name);
    return feature && feature->legacy_reader > 0 && protocol.min_reader >= feature->legacy_reader;
}

bool has_writer_feature(const Protocol& protocol, std::string_view name) {
    if (protocol.min_writer >= kTableFeaturesWriter) return listed(protocol.writer_features, name);
    const auto* feature = find_feature(name);
    return feature && feature->legacy_writer > 0 && protocol.min_writer >= feature->legacy_writer;
}

Protocol with_feature(const Protocol& protocol, std::string_view name) {
    const auto* feature = find_feature(name);
    const bool reads = feature && feature->reader_writer;
    Protocol out = protocol;
    if (!has_writer_feature(protocol, name)) {
        if (out.min_writer < kTableFeaturesWriter) {
            out.writer_features.emplace();
            for (const auto& implied : kFeatures)
                if (has_writer_feature(protocol, implied.name))
                    list(out.writer_features, implied.name);
            out.min_writer = kTableFeaturesWriter;
        }
        list(out.writer_features, name);
    }
    if (reads && !has_reader_feature(protocol, name)) {
        if (out.min_reader < kTableFeaturesReader) {
            out.reader_features.emplace();
            for (const auto& implied : kFeatures)
                if (has_reader_feature(protocol, implied.name))
                    list(out.reader_features, implied.name);
            out.min_reader = kTableFeaturesReader;
        }
        list(out.reader_features, name);
        // What readers must know, writers must list (reader 3 asks for writer 7).
        if (out.min_writer < kTableFeaturesWriter) return with_feature(out, name);
    }
    return out;
}

Protocol with_properties(Protocol protocol, const StringMap& configuration) {
    struct Asks {
        std::string_view property, value, feature;
    };
    constexpr Asks kAsks[] = {
        {"delta.appendOnly", "true", "appendOnly"},
        {"delta.enableDeletionVectors", "true", "deletionVectors"},
        {"delta.enableChangeDataFeed", "true", "changeDataFeed"},
        {"delta.enableInCommitTimestamps", "true", "inCommitTimestamp"},
        {"delta.enableRowTracking", "true", "domainMetadata"},
        {"delta.enableRowTracking", "true", "rowTracking"},
        {"delta.enableTypeWidening", "true", "typeWidening"},
        {"delta.columnMapping.mode", "name", "columnMapping"},
        {"delta.columnMapping.mode", "id", "columnMapping"},
        {"delta.checkpointPolicy", "v2", "v2Checkpoint"},
    };
    for (const auto& [key, value] : configuration) {
        if (key.starts_with("delta.constraints."))
            protocol = with_feature(protocol, "checkConstraints");
        for (const auto& asks : kAsks)
            if (key == asks.property && value &&
                (asks.value == "true" ? same_but_case(*value, "true") : *value == asks.value))
                protocol = with_feature(protocol, asks.feature);
    }
    return protocol;
}

}  // namespace tarn::delta
