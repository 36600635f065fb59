// DescribeConfigs, AlterConfigs and IncrementalAlterConfigs. Of the broker what corresponds to
// Kafka's settings is shown; it is changed as Tarn's own settings.

#include <fmt/format.h>

#include <algorithm>

#include "handlers.h"
#include "topic_config.h"

namespace tarn::kafka {
namespace {

// Kafka's numbers of resource types and config sources.
constexpr int8_t kTopic = 2;
constexpr int8_t kBroker = 4;
constexpr int8_t kSourceTopic = 1;
constexpr int8_t kSourceBroker = 4;
constexpr int8_t kSourceDefault = 5;

using DescribedResource = DescribeConfigsResponse::Resource;

void describe_topic(const log::TopicInfo& info, const DescribeConfigsRequest& request,
                    const DescribeConfigsRequest::Resource& resource, DescribedResource& answer) {
    for (const auto& key : topic_config_keys()) {
        const auto& wanted = resource.configuration_keys;
        if (wanted && std::ranges::find(*wanted, key.name) == wanted->end()) continue;
        auto& config = answer.configs.emplace_back();
        config.name = key.name;
        config.value = topic_config_value(info.config, key.name);
        config.config_source =
            topic_config_is_set(info.config, key.name) ? kSourceTopic : kSourceDefault;
        config.config_type = int8_t(key.type);
        if (request.include_documentation) config.documentation = std::string(key.text);
        if (request.include_synonyms)
            config.synonyms.push_back({config.name, config.value, config.config_source});
    }
}

struct BrokerConfig {
    std::string_view name;
    ConfigType type;
    std::string value;
};

// Kafka's names for what holds here.
std::vector<BrokerConfig> broker_configs(const Broker& broker, const Peer& peer) {
    using enum ConfigType;
    const auto& o = broker.options;
    const log::TopicConfig topic;
    const auto text = [](auto number) { return std::to_string(number); };
    const auto of_topic = [&](std::string_view name) { return topic_config_value(topic, name); };
    const auto flag = [](bool value) { return std::string(value ? "true" : "false"); };
    const auto listener = [](std::string_view host, int32_t port) {
        return fmt::format("PLAINTEXT://{}:{}", host, port);
    };
    return {
        {"advertised.listeners", kList, listener(broker.host_for(peer), broker.port_for())},
        {"auto.create.topics.enable", kBoolean, flag(o.auto_create_topics)},
        {"broker.id", kInt, text(kNodeId)},
        {"compression.type", kString, of_topic("compression.type")},
        {"connections.max.idle.ms", kLong, text(o.idle_timeout.ms())},
        {"default.replication.factor", kInt, "1"},
        {"delete.topic.enable", kBoolean, "true"},
        {"fetch.max.bytes", kInt, text(std::min<size_t>(o.max_answer_bytes / 8, INT32_MAX))},
        {"group.initial.rebalance.delay.ms", kInt, text(o.group_initial_delay.ms())},
        {"group.max.session.timeout.ms", kInt, text(o.max_session_timeout.ms())},
        {"group.min.session.timeout.ms", kInt, text(o.min_session_timeout.ms())},
        {"listeners", kList, listener(o.address, broker.port)},
        {"log.cleanup.policy", kList, of_topic("cleanup.policy")},
        {"log.message.timestamp.after.max.ms", kLong, of_topic("message.timestamp.after.max.ms")},
        {"log.message.timestamp.before.max.ms", kLong, of_topic("message.timestamp.before.max.ms")},
        {"log.message.timestamp.type", kString, of_topic("message.timestamp.type")},
        {"log.retention.bytes", kLong, of_topic("retention.bytes")},
        {"log.retention.ms", kLong, of_topic("retention.ms")},
        {"max.connections", kInt, text(std::min<size_t>(o.max_connections, INT32_MAX))},
        {"message.max.bytes", kInt, of_topic("max.message.bytes")},
        {"min.insync.replicas", kInt, of_topic("min.insync.replicas")},
        {"node.id", kInt, text(kNodeId)},
        {"num.network.threads", kInt, text(o.io_threads)},
        {"num.partitions", kInt, text(o.default_partitions)},
        {"offsets.topic.replication.factor", kInt, "1"},
        {"process.roles", kList, "broker,controller"},
        {"queued.max.request.bytes", kLong, text(o.max_inflight_bytes)},
        {"socket.request.max.bytes", kInt, text(o.max_frame_bytes)},
        {"unclean.leader.election.enable", kBoolean, of_topic("unclean.leader.election.enable")},
    };
}

void describe_broker(Broker& broker, const Request& raw, const DescribeConfigsRequest& request,
                     const DescribeConfigsRequest::Resource& resource, DescribedResource& answer) {
    const auto refuse = [&](KafkaError error, std::string message) {
        answer.error_code = code(error);
        answer.error_message = std::move(message);
    };
    const net::Resource platform{"platform"};
    if (!net::authorize(broker.context.authorizer, *raw.principal, net::Operation::kDescribe,
                        platform))
        return refuse(refused(platform.kind), "not permitted");
    // Without a name: what is set for all brokers at run time, which is nothing.
    if (resource.resource_name.empty()) return;
    if (resource.resource_name != std::to_string(kNodeId))
        return refuse(KafkaError::kInvalidRequest, fmt::format("the only broker here is {}: {}",
                                                               kNodeId, resource.resource_name));
    for (auto& [name, type, value] : broker_configs(broker, *raw.peer)) {
        const auto& wanted = resource.configuration_keys;
        if (wanted && std::ranges::find(*wanted, name) == wanted->end()) continue;
        auto& config = answer.configs.emplace_back();
        config.name = name;
        config.value = std::move(value);
        config.read_only = true;
        config.config_source = kSourceBroker;
        config.config_type = int8_t(type);
        if (request.include_synonyms)
            config.synonyms.push_back({config.name, config.value, config.config_source});
    }
}

// What altering a resource came to.
struct Outcome {
    KafkaError error = KafkaError::kNone;
    std::optional<std::string> message;
};

// Changes the topic's configuration by `change`, which says what is wrong, if anything.
template <class F>
Outcome alter(Broker& broker, const Request& raw, int8_t type, const std::string& name,
              bool validate_only, F&& change) {
    if (type != kTopic)
        return {KafkaError::kInvalidRequest, "only the configuration of topics can be altered"};
    if (const auto denied = broker.may(raw, name); denied != KafkaError::kNone)
        return {denied, "not permitted"};
    auto info = broker.log().find_topic(name);
    if (!info) return {KafkaError::kUnknownTopicOrPartition, "no such topic"};
    if (info->internal) return {KafkaError::kInvalidTopic, "the topic is internal"};
    if (const Status status = change(info->config); !status)
        return {KafkaError::kInvalidConfig, status.error().message()};
    if (const auto status = check_topic_config(info->config, broker.log().max_batch_bytes());
        !status)
        return {KafkaError::kInvalidConfig, status.error().message()};
    if (validate_only) return {};
    if (const auto status = broker.log().alter_topic(name, info->config); !status)
        return {to_kafka(status.error().code()), status.error().message()};
    return {};
}

}  // namespace

void describe_configs(Broker& broker, Call<DescribeConfigsRequest, DescribeConfigsResponse> call) {
    DescribeConfigsResponse response;
    for (const auto& resource : call.request.resources) {
        auto& answer = response.results.emplace_back();
        answer.resource_type = resource.resource_type;
        answer.resource_name = resource.resource_name;
        if (resource.resource_type == kBroker) {
            describe_broker(broker, *call.raw, call.request, resource, answer);
        } else if (resource.resource_type != kTopic) {
            answer.error_code = code(KafkaError::kInvalidRequest);
            answer.error_message = "only topics and brokers have a configuration here";
        } else if (const auto denied = broker.may(*call.raw, resource.resource_name);
                   denied != KafkaError::kNone) {
            answer.error_code = code(denied);
            answer.error_message = "not permitted";
        } else if (const auto info = broker.log().find_topic(resource.resource_name)) {
            describe_topic(*info, call.request, resource, answer);
        } else {
            answer.error_code = code(KafkaError::kUnknownTopicOrPartition);
            answer.error_message = "no such topic";
        }
    }
    call.reply(response);
}

void alter_configs(Broker& broker, Call<AlterConfigsRequest, AlterConfigsResponse> call) {
    AlterConfigsResponse response;
    for (const auto& resource : call.request.resources) {
        const auto outcome =
            alter(broker, *call.raw, resource.resource_type, resource.resource_name,
                  call.request.validate_only, [&](log::TopicConfig& config) -> Status {
                      // What the request does not name goes back to its default.
                      for (const auto& key : topic_config_keys())
                          TARN_RETURN_IF_ERROR(set_topic_config(config, key.name, std::nullopt));
                      for (const auto& [name, value] : resource.configs)
                          TARN_RETURN_IF_ERROR(set_topic_config(config, name, value));
                      return {};
                  });
        response.responses.push_back(
            {code(outcome.error), outcome.message, resource.resource_type, resource.resource_name});
    }
    call.reply(response);
}

void incremental_alter_configs(
    Broker& broker, Call<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> call) {
    constexpr int8_t kSet = 0;
    constexpr int8_t kDelete = 1;
    IncrementalAlterConfigsResponse response;
    for (const auto& resource : call.request.resources) {
        const auto outcome =
            alter(broker, *call.raw, resource.resource_type, resource.resource_name,
                  call.request.validate_only, [&](log::TopicConfig& config) -> Status {
                      for (const auto& [name, operation, value] : resource.configs) {
                          if (operation != kSet && operation != kDelete)
                              return fail(ErrorCode::kInvalidArgument,
                                          name + " can be set or deleted, not appended to");
                          if (operation == kSet && !value)
                              return fail(ErrorCode::kInvalidArgument, name + " has no value");
                          TARN_RETURN_IF_ERROR(set_topic_config(
                              config, name, operation == kSet ? value : std::nullopt));
                      }
                      return {};
                  });
        response.responses.push_back(
            {code(outcome.error), outcome.message, resource.resource_type, resource.resource_name});
    }
    call.reply(response);
}

}  // namespace tarn::kafka
