// DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, for topics; of the broker itself
// nothing is shown or changed this way (settings are Tarn's own).

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
        if (resource.resource_type == kBroker) continue;  // none to be seen here
        if (resource.resource_type != kTopic) {
            answer.error_code = code(KafkaError::kInvalidRequest);
            answer.error_message = "only topics have a configuration here";
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
