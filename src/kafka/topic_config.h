#pragma once

// The topic configurations of Kafka that Tarn knows, as text, and how they change a TopicConfig.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/log/log.h"

namespace tarn::kafka {

// Kafka's numbers of config types (DescribeConfigs).
enum class ConfigType : int8_t { kString = 2, kInt = 3, kLong = 5, kList = 7 };

struct TopicConfigKey {
    std::string_view name;
    ConfigType type;
    std::string_view text;
};
std::span<const TopicConfigKey> topic_config_keys();

// Sets one configuration, or with no value resets it to its default. Errors: kInvalidArgument, for
// people.
Status set_topic_config(log::TopicConfig& config, std::string_view name,
                        const std::optional<std::string>& value);

// The value in force, as a client reads it.
std::string topic_config_value(const log::TopicConfig& config, std::string_view name);
// Whether a client has set it, as opposed to the default.
bool topic_config_is_set(const log::TopicConfig& config, std::string_view name);

// Kafka's rule for names of topics: [a-zA-Z0-9._-]{1,249}, neither "." nor "..".
bool valid_topic_name(std::string_view name);

}  // namespace tarn::kafka
