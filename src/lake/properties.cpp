// The properties of tables that begin with "delta.", as Delta's DeltaConfigs.scala and the protocol
// name them, and what each may be.

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "lake_impl.h"
#include "tarn/base/names.h"
#include "tarn/base/settings.h"
#include "tarn/delta/error_ids.h"

namespace tarn::lake {
namespace {

enum class Kind { kBoolean, kWhole, kCount, kInterval, kWord, kText };

struct Property {
    std::string_view key;
    Kind kind;
    std::string_view words = {};  // of kWord, "a|b"
};

constexpr Property kProperties[] = {
    {"delta.appendOnly", Kind::kBoolean},
    {"delta.autoOptimize", Kind::kBoolean},
    {"delta.autoOptimize.autoCompact", Kind::kBoolean},
    {"delta.autoOptimize.optimizeWrite", Kind::kBoolean},
    {"delta.checkpoint.writeStatsAsJson", Kind::kBoolean},
    {"delta.checkpoint.writeStatsAsStruct", Kind::kBoolean},
    {"delta.checkpointInterval", Kind::kCount},
    {"delta.checkpointPolicy", Kind::kWord, "classic|v2"},
    {"delta.checkpointRetentionDuration", Kind::kInterval},
    {"delta.columnMapping.maxColumnId", Kind::kWhole},
    {"delta.columnMapping.mode", Kind::kWord, "none|name|id"},
    {"delta.dataSkippingNumIndexedCols", Kind::kWhole},
    {"delta.dataSkippingStatsColumns", Kind::kText},
    {"delta.deletedFileRetentionDuration", Kind::kInterval},
    {"delta.enableChangeDataFeed", Kind::kBoolean},
    {"delta.enableDeletionVectors", Kind::kBoolean},
    {"delta.enableExpiredLogCleanup", Kind::kBoolean},
    {"delta.enableFullRetentionRollback", Kind::kBoolean},
    {"delta.enableInCommitTimestamps", Kind::kBoolean},
    {"delta.enableRowTracking", Kind::kBoolean},
    {"delta.enableTypeWidening", Kind::kBoolean},
    {"delta.isolationLevel", Kind::kWord, "Serializable|WriteSerializable|SnapshotIsolation"},
    {"delta.logRetentionDuration", Kind::kInterval},
    {"delta.minReaderVersion", Kind::kCount},
    {"delta.minWriterVersion", Kind::kCount},
    {"delta.parquet.compression.codec", Kind::kText},
    {"delta.randomPrefixLength", Kind::kCount},
    {"delta.randomizeFilePrefixes", Kind::kBoolean},
    {"delta.sampleRetentionDuration", Kind::kInterval},
    {"delta.setTransactionRetentionDuration", Kind::kInterval},
    {"delta.targetFileSize", Kind::kText},
    {"delta.tuneFileSizesForRewrites", Kind::kBoolean},
};
// What Tarn keeps itself, or would have to keep and does not.
constexpr std::string_view kRefused[] = {
    "delta.columnMapping.maxColumnId",
    "delta.enableIcebergCompatV1",
    "delta.enableIcebergCompatV2",
    "delta.enableIcebergCompatV3",
    "delta.inCommitTimestampEnablementTimestamp",
    "delta.inCommitTimestampEnablementVersion",
    "delta.minReaderVersion",
    "delta.minWriterVersion",
    "delta.parquet.compression.codec",
    "delta.randomizeFilePrefixes",
};

bool is_one_of(std::string_view words, std::string_view value) {
    while (!words.empty()) {
        const auto end = std::min(words.find('|'), words.size());
        if (words.substr(0, end) == value) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

bool is_false(std::string_view value) { return same_but_case(value, "false"); }

bool is_whole(std::string_view text, int64_t least) {
    int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc() && read.ptr == end && number >= least;
}

// What a value should be; empty: it is that.
std::string wanted(const Property& property, std::string_view value) {
    switch (property.kind) {
        case Kind::kBoolean:
            if (same_but_case(value, "true") || is_false(value)) return {};
            return "true or false";
        case Kind::kWhole:
            return is_whole(value, -1) ? "" : "a whole number, -1 at least";
        case Kind::kCount:
            return is_whole(value, 1) ? "" : "a whole number, 1 at least";
        case Kind::kInterval: {
            delta::Metadata metadata;
            metadata.configuration.emplace_back("x", std::string(value));
            if (delta::interval_property_ms(metadata, "x", -1) >= 0) return {};
            return "a time such as 'interval 30 days' (weeks, days, hours, minutes, seconds)";
        }
        case Kind::kWord:
            if (is_one_of(property.words, value)) return {};
            return "one of " + std::string(property.words);
        case Kind::kText:
            return value.empty() ? "a text" : "";
    }
    return {};
}

}  // namespace

Status check_property(std::string_view key, std::string_view value) {
    if (!key.starts_with("delta.")) return {};
    const bool refused = key.starts_with("delta.feature.") ||
                         key.starts_with("delta.constraints.") ||
                         key.starts_with("delta.rowTracking") ||
                         std::ranges::find(kRefused, key) != std::end(kRefused);
    const bool off = key.starts_with("delta.enable") && (value.empty() || is_false(value));
    if (refused && !off)
        return fail(errors::kTableFeature,
                    fmt::format("this version of Tarn does not set the property {}", key));
    if (refused || value.empty()) return {};
    const auto* property = std::ranges::find(kProperties, key, &Property::key);
    if (property == std::end(kProperties)) {
        std::vector<std::string> known;
        for (const auto& one : kProperties)
            known.emplace_back(one.key);
        const auto near = nearest(key, known);
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("Delta tables have no property {}{}", key,
                                near ? "; is it " + *near + "?" : ""));
    }
    const auto should = wanted(*property, value);
    if (should.empty()) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("property {} is {}, not '{}'", key, should, value));
}

}  // namespace tarn::lake
