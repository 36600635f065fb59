#include "topic_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tarn::kafka {
namespace {

using Kind = TopicConfigKey::Kind;

constexpr int64_t kMaxInt = INT32_MAX;
constexpr int64_t kMaxLong = INT64_MAX;

constexpr TopicConfigKey fixed(std::string_view name, ConfigType type, std::string_view value,
                               std::string_view text) {
    return {name, type, Kind::kFixed, value, text};
}
// Where no value promises anything that would not hold anyway.
constexpr TopicConfigKey number(std::string_view name, ConfigType type, std::string_view value,
                                int64_t min, std::string_view text) {
    return {
        name, type, Kind::kNumber, value, text, min, type == ConfigType::kInt ? kMaxInt : kMaxLong};
}
constexpr TopicConfigKey boolean(std::string_view name, std::string_view value,
                                 std::string_view text) {
    return {name, ConfigType::kBoolean, Kind::kBoolean, value, text};
}
constexpr TopicConfigKey field(std::string_view name, ConfigType type, std::string_view value,
                               std::string_view text) {
    return {name, type, Kind::kField, value, text};
}

constexpr auto kInt = ConfigType::kInt;
constexpr auto kLong = ConfigType::kLong;
constexpr auto kList = ConfigType::kList;
constexpr auto kString = ConfigType::kString;
constexpr std::string_view kNever = "9223372036854775807";
constexpr std::string_view kCompaction = "Of compaction, which no topic has.";
constexpr std::string_view kTiering = "Of tiered storage, which is not supported.";
constexpr std::string_view kRecompression =
    "Of batches that a broker compresses; here they are kept as they came.";

// Kafka's names and defaults (org.apache.kafka.storage.internals.log.LogConfig).
constexpr std::array kKeys = {
    fixed("cleanup.policy", kList, "delete", "Only delete: compaction is not supported."),
    number("compression.gzip.level", kInt, "-1", -1, kRecompression),
    number("compression.lz4.level", kInt, "9", 1, kRecompression),
    fixed("compression.type", kString, "producer", "Only producer: batches are kept as they came."),
    number("compression.zstd.level", kInt, "3", -131'072, kRecompression),
    number("delete.retention.ms", kLong, "86400000", 0, kCompaction),
    fixed("errors.deadletterqueue.group.enable", ConfigType::kBoolean, "false",
          "Of share groups, which are not supported."),
    number("file.delete.delay.ms", kLong, "60000", 0, "Space is freed by whole segments."),
    number("flush.messages", kLong, kNever, 1, "Every batch is synced before it is acknowledged."),
    number("flush.ms", kLong, kNever, 0, "Every batch is synced before it is acknowledged."),
    fixed("follower.replication.throttled.replicas", kList, "", "There is one broker."),
    number("index.interval.bytes", kInt, "4096", 0, "Every batch is indexed."),
    fixed("leader.replication.throttled.replicas", kList, "", "There is one broker."),
    fixed("local.retention.bytes", kLong, "-2", kTiering),
    fixed("local.retention.ms", kLong, "-2", kTiering),
    number("max.compaction.lag.ms", kLong, kNever, 1, kCompaction),
    fixed("max.decompressed.message.bytes", kInt, "2147483639",
          "What a batch may inflate to is the setting log.max_decompressed_bytes."),
    field("max.message.bytes", kInt, "1048588", "Largest batch, in bytes."),
    field("message.timestamp.after.max.ms", kLong, "3600000",
          "How far a record's timestamp may be ahead of the broker's time."),
    field("message.timestamp.before.max.ms", kLong, kNever,
          "How far a record's timestamp may be behind the broker's time."),
    field("message.timestamp.type", kString, "CreateTime", "CreateTime or LogAppendTime."),
    TopicConfigKey{"min.cleanable.dirty.ratio", ConfigType::kDouble, Kind::kRatio, "0.5",
                   kCompaction},
    number("min.compaction.lag.ms", kLong, "0", 0, kCompaction),
    fixed("min.insync.replicas", kInt, "1", "Only 1: there is one broker."),
    boolean("preallocate", "false", "The log decides for all topics together."),
    fixed("remote.copy.lag.bytes", kLong, "-1", kTiering),
    fixed("remote.copy.lag.ms", kLong, "0", kTiering),
    fixed("remote.log.copy.disable", ConfigType::kBoolean, "false", kTiering),
    fixed("remote.log.delete.on.disable", ConfigType::kBoolean, "false", kTiering),
    fixed("remote.storage.enable", ConfigType::kBoolean, "false", kTiering),
    field("retention.bytes", kLong, "-1",
          "Bytes of a partition past which the oldest are removed; -1: no limit."),
    field("retention.ms", kLong, "604800000",
          "Milliseconds after which records may be removed; -1: never."),
    fixed("segment.bytes", kInt, "1073741824",
          "Topics share segments; their size is the setting log.segment_bytes."),
    number("segment.index.bytes", kInt, "10485760", 4, "Every batch is indexed."),
    fixed("segment.jitter.ms", kLong, "0", "Topics share segments."),
    fixed("segment.ms", kLong, "604800000", "Topics share segments."),
    boolean("unclean.leader.election.enable", "false", "There is one broker."),
};

const TopicConfigKey* find(std::string_view name) {
    const auto* found = std::ranges::find(kKeys, name, &TopicConfigKey::name);
    return found == kKeys.end() ? nullptr : found;
}

Result<int64_t> parse_number(std::string_view name, std::string_view text, int64_t min,
                             int64_t max) {
    int64_t v = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (error != std::errc() || end != text.data() + text.size() || v < min || v > max)
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("{} must be a whole number from {} to {}: {}", name, min, max, text));
    return v;
}

Status check_ratio(std::string_view name, std::string_view text) {
    double v = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (error == std::errc() && end == text.data() + text.size() && v >= 0 && v <= 1) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} must be a number from 0 to 1: {}", name, text));
}

constexpr int64_t kMaxMs = INT64_MAX / 1000;

Status assign_field(log::TopicConfig& config, std::string_view name, std::string_view value) {
    if (name == "max.message.bytes") {
        TARN_TRY(const auto n, parse_number(name, value, 0, kMaxInt));
        config.max_message_bytes = int32_t(n);
    } else if (name == "retention.bytes") {
        TARN_TRY(config.retention_bytes, parse_number(name, value, -1, kMaxLong));
    } else if (name == "retention.ms") {
        TARN_TRY(const auto ms, parse_number(name, value, -1, kMaxLong));
        config.retention = Duration::millis(std::min(ms, kMaxMs));
    } else if (name == "message.timestamp.type") {
        if (value != "CreateTime" && value != "LogAppendTime")
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("{} must be CreateTime or LogAppendTime: {}", name, value));
        config.timestamp_type = value == "CreateTime" ? log::TimestampType::kCreateTime
                                                      : log::TimestampType::kLogAppendTime;
    } else {
        TARN_RETURN_IF_ERROR(parse_number(name, value, 0, kMaxLong));  // kept as text
    }
    return {};
}

// `value` has the default's text where the client gave none.
Status assign(log::TopicConfig& config, const TopicConfigKey& key, std::string_view value) {
    switch (key.kind) {
        case Kind::kField:
            return assign_field(config, key.name, value);
        case Kind::kNumber:
            TARN_RETURN_IF_ERROR(parse_number(key.name, value, key.min, key.max));
            return {};
        case Kind::kRatio:
            return check_ratio(key.name, value);
        case Kind::kBoolean:
            if (value == "true" || value == "false") return {};
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("{} must be true or false: {}", key.name, value));
        case Kind::kFixed:
            break;
    }
    if (value == key.value) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} can only be {}: {} is not supported", key.name,
                            key.value.empty() ? "empty" : key.value, value));
}

int64_t number_of(const log::TopicConfig& config, std::string_view name) {
    return parse_number(name, topic_config_value(config, name), 0, kMaxLong).value_or(kMaxLong);
}

// Letters that Kafka's metrics do not tell apart.
std::string folded(std::string_view name) {
    std::string text(name);
    std::ranges::replace(text, '.', '_');
    return text;
}

}  // namespace

std::span<const TopicConfigKey> topic_config_keys() { return kKeys; }

Status set_topic_config(log::TopicConfig& config, std::string_view name,
                        const std::optional<std::string>& value) {
    const auto* key = find(name);
    if (!key)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("unknown topic configuration: {}", name));
    TARN_RETURN_IF_ERROR(assign(config, *key, value ? std::string_view(*value) : key->value));
    if (value)
        config.raw[std::string(name)] = *value;
    else
        config.raw.erase(std::string(name));
    return {};
}

Status check_topic_config(const log::TopicConfig& config, size_t max_batch_bytes) {
    const auto by_default = log::TopicConfig{}.max_message_bytes;
    if (config.max_message_bytes <= by_default ||
        size_t(config.max_message_bytes) <= max_batch_bytes)
        return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("max.message.bytes can be at most {}, what the log takes as one batch: "
                            "{}",
                            max_batch_bytes, config.max_message_bytes));
}

std::string topic_config_value(const log::TopicConfig& config, std::string_view name) {
    if (name == "max.message.bytes") return std::to_string(config.max_message_bytes);
    if (name == "retention.bytes")
        return std::to_string(std::max<int64_t>(config.retention_bytes, -1));
    if (name == "retention.ms")
        return std::to_string(config.retention.us < 0 ? -1 : config.retention.ms());
    if (name == "message.timestamp.type")
        return config.timestamp_type == log::TimestampType::kCreateTime ? "CreateTime"
                                                                        : "LogAppendTime";
    const auto* key = find(name);
    if (!key) return "";
    const auto set = config.raw.find(std::string(name));
    return set == config.raw.end() ? std::string(key->value) : set->second;
}

bool topic_config_is_set(const log::TopicConfig& config, std::string_view name) {
    return topic_config_value(config, name) != topic_config_value(log::TopicConfig{}, name) ||
           config.raw.contains(std::string(name));
}

log::TimeBounds time_bounds(const log::TopicConfig& config, Timestamp now) {
    const auto before = number_of(config, "message.timestamp.before.max.ms");
    const auto after = number_of(config, "message.timestamp.after.max.ms");
    const auto ms = now.ms();
    return {ms < INT64_MIN + before ? INT64_MIN : ms - before,
            ms > INT64_MAX - after ? INT64_MAX : ms + after};
}

bool valid_topic_name(std::string_view name) {
    if (name.empty() || name.size() > 249 || name == "." || name == "..") return false;
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
}

std::optional<std::string> colliding_topic(const log::Log& log, std::string_view name) {
    if (name.find_first_of("._") == name.npos) return std::nullopt;
    const auto wanted = folded(name);
    for (const auto& info : log.topics())
        if (info.name != name && folded(info.name) == wanted) return info.name;
    return std::nullopt;
}

}  // namespace tarn::kafka
