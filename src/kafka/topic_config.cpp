#include "topic_config.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace tarn::kafka {
namespace {

constexpr std::array kKeys = {
    TopicConfigKey{"cleanup.policy", ConfigType::kList,
                   "Only delete: compaction is not supported."},
    TopicConfigKey{"compression.type", ConfigType::kString,
                   "Only producer: batches are kept as they came."},
    TopicConfigKey{"max.message.bytes", ConfigType::kInt, "Largest batch, in bytes."},
    TopicConfigKey{"message.timestamp.type", ConfigType::kString, "CreateTime or LogAppendTime."},
    TopicConfigKey{"min.insync.replicas", ConfigType::kInt, "Only 1: there is one broker."},
    TopicConfigKey{"retention.bytes", ConfigType::kLong,
                   "Bytes of a partition past which the oldest are removed; -1: no limit."},
    TopicConfigKey{"retention.ms", ConfigType::kLong,
                   "Milliseconds after which records may be removed; -1: never."},
};

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

Status must_be(std::string_view name, std::string_view value, std::string_view only) {
    if (value == only) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} can only be {}: {} is not supported", name, only, value));
}

constexpr int64_t kMaxMs = INT64_MAX / 1000;

// `value` has the default's text where the client gave none.
Status assign(log::TopicConfig& config, std::string_view name, std::string_view value) {
    if (name == "cleanup.policy") return must_be(name, value, "delete");
    if (name == "compression.type") return must_be(name, value, "producer");
    if (name == "min.insync.replicas") return must_be(name, value, "1");
    if (name == "max.message.bytes") {
        TARN_TRY(const auto n, parse_number(name, value, 0, INT32_MAX));
        config.max_message_bytes = int32_t(n);
    } else if (name == "retention.bytes") {
        TARN_TRY(config.retention_bytes, parse_number(name, value, -1, INT64_MAX));
    } else if (name == "retention.ms") {
        TARN_TRY(const auto ms, parse_number(name, value, -1, INT64_MAX));
        config.retention = Duration::millis(std::min(ms, kMaxMs));
    } else if (name == "message.timestamp.type") {
        if (value != "CreateTime" && value != "LogAppendTime")
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("{} must be CreateTime or LogAppendTime: {}", name, value));
        config.timestamp_type = value == "CreateTime" ? log::TimestampType::kCreateTime
                                                      : log::TimestampType::kLogAppendTime;
    } else {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("unknown or unsupported topic configuration: {}", name));
    }
    return {};
}

}  // namespace

std::span<const TopicConfigKey> topic_config_keys() { return kKeys; }

Status set_topic_config(log::TopicConfig& config, std::string_view name,
                        const std::optional<std::string>& value) {
    const auto known = std::ranges::any_of(kKeys, [&](const auto& k) { return k.name == name; });
    const auto text =
        value || !known ? value.value_or("") : topic_config_value(log::TopicConfig{}, name);
    TARN_RETURN_IF_ERROR(assign(config, name, text));
    if (value)
        config.raw[std::string(name)] = *value;
    else
        config.raw.erase(std::string(name));
    return {};
}

std::string topic_config_value(const log::TopicConfig& config, std::string_view name) {
    if (name == "cleanup.policy") return "delete";
    if (name == "compression.type") return "producer";
    if (name == "min.insync.replicas") return "1";
    if (name == "max.message.bytes") return std::to_string(config.max_message_bytes);
    if (name == "retention.bytes")
        return std::to_string(std::max<int64_t>(config.retention_bytes, -1));
    if (name == "retention.ms")
        return std::to_string(config.retention.us < 0 ? -1 : config.retention.ms());
    if (name == "message.timestamp.type")
        return config.timestamp_type == log::TimestampType::kCreateTime ? "CreateTime"
                                                                        : "LogAppendTime";
    return "";
}

bool topic_config_is_set(const log::TopicConfig& config, std::string_view name) {
    return topic_config_value(config, name) != topic_config_value(log::TopicConfig{}, name) ||
           config.raw.contains(std::string(name));
}

bool valid_topic_name(std::string_view name) {
    if (name.empty() || name.size() > 249 || name == "." || name == "..") return false;
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
}

}  // namespace tarn::kafka
