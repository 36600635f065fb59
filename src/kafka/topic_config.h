#pragma once

// Kafka's configurations of topics, as text, and how they change a TopicConfig.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/log/log.h"

namespace tarn::kafka {

// Kafka's numbers of config types (DescribeConfigs).
enum class ConfigType : int8_t {
    kBoolean = 1,
    kString = 2,
    kInt = 3,
    kLong = 5,
    kDouble = 6,
    kList = 7
};

struct TopicConfigKey {
    enum class Kind {
        kField,    // counts, and is kept as asked for
        kFixed,    // only the default can be kept
        kNumber,   // the next three are kept as text: whatever they say holds, or concerns nothing
        kBoolean,  // that is here
        kRatio,
    };
    std::string_view name;
    ConfigType type;
    Kind kind;
    std::string_view value;  // the default
    std::string_view text;
    int64_t min = 0;  // of a number
    int64_t max = 0;
};
std::span<const TopicConfigKey> topic_config_keys();

// Sets one configuration, or with no value resets it to its default. Errors: kInvalidArgument, for
// people.
Status set_topic_config(log::TopicConfig& config, std::string_view name,
                        const std::optional<std::string>& value);

// What only a log can say: whether it takes batches as large as the configuration promises.
Status check_topic_config(const log::TopicConfig& config, size_t max_batch_bytes);

// The value in force, as a client reads it.
std::string topic_config_value(const log::TopicConfig& config, std::string_view name);
// Whether a client has set it, as opposed to the default.
bool topic_config_is_set(const log::TopicConfig& config, std::string_view name);

// What a producer's timestamps may be, now.
log::TimeBounds time_bounds(const log::TopicConfig& config, Timestamp now);

// Kafka's rule for names of topics: [a-zA-Z0-9._-]{1,249}, neither "." nor "..".
bool valid_topic_name(std::string_view name);
// A topic whose name differs from this one only by . and _, which Kafka refuses beside each other.
std::optional<std::string> colliding_topic(const log::Log& log, std::string_view name);

}  // namespace tarn::kafka
