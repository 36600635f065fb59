// CreateTopics, DeleteTopics and CreatePartitions.

#include <fmt/format.h>

#include <set>

#include "coordinator.h"
#include "handlers.h"
#include "topic_config.h"

namespace tarn::kafka {
namespace {

struct TopicRefusal {
    KafkaError error;
    std::string message;
};

TopicRefusal not_this_broker() {
    return {KafkaError::kInvalidReplicaAssignment,
            fmt::format("partitions can only be assigned to broker {}, the only one", kNodeId)};
}

std::optional<TopicRefusal> check_assignments(const CreateTopicsRequest::Topic& topic) {
    std::set<int32_t> indexes;
    for (const auto& a : topic.assignments) {
        if (a.broker_ids != std::vector<int32_t>{kNodeId}) return not_this_broker();
        indexes.insert(a.partition_index);
    }
    const auto n = int32_t(topic.assignments.size());
    if (int32_t(indexes.size()) != n || *indexes.begin() != 0 || *indexes.rbegin() != n - 1)
        return TopicRefusal{KafkaError::kInvalidReplicaAssignment,
                            "partitions must be numbered from 0 without gaps"};
    return std::nullopt;
}

// The configuration asked for, or why not.
std::expected<log::TopicConfig, TopicRefusal> plan(const Broker& broker,
                                                   const CreateTopicsRequest::Topic& topic) {
    const auto refuse = [](KafkaError error, std::string message) {
        return std::unexpected(TopicRefusal{error, std::move(message)});
    };
    if (!valid_topic_name(topic.name))
        return refuse(KafkaError::kInvalidTopic,
                      "a topic's name has 1 to 249 of the characters a-z A-Z 0-9 . _ -");
    log::TopicConfig config;
    config.partitions = topic.num_partitions;
    if (!topic.assignments.empty()) {
        if (topic.num_partitions != -1 || topic.replication_factor != -1)
            return refuse(KafkaError::kInvalidRequest,
                          "give either assignments or numbers of partitions and replicas");
        if (auto bad = check_assignments(topic)) return std::unexpected(std::move(*bad));
        config.partitions = int32_t(topic.assignments.size());
    } else {
        if (config.partitions == -1) config.partitions = broker.options.default_partitions;
        if (config.partitions < 1 || config.partitions > 100'000)
            return refuse(KafkaError::kInvalidPartitions,
                          "the number of partitions must be from 1 to 100000");
        if (topic.replication_factor != 1 && topic.replication_factor != -1)
            return refuse(KafkaError::kInvalidReplicationFactor,
                          "the replication factor must be 1: there is one broker");
    }
    for (const auto& [name, value] : topic.configs) {
        if (!value) return refuse(KafkaError::kInvalidConfig, name + " has no value");
        if (auto status = set_topic_config(config, name, value); !status)
            return refuse(KafkaError::kInvalidConfig, status.error().message());
    }
    if (auto status = check_topic_config(config, broker.context.log.max_batch_bytes()); !status)
        return refuse(KafkaError::kInvalidConfig, status.error().message());
    return config;
}

KafkaError create_error(ErrorCode error) {
    return error == ErrorCode::kInvalidArgument ? KafkaError::kInvalidTopic : to_kafka(error);
}

void describe_created(const log::TopicConfig& config, CreateTopicsResponse::Topic& answer) {
    answer.num_partitions = config.partitions;
    answer.replication_factor = 1;
    answer.configs.emplace();
    for (const auto& key : topic_config_keys()) {
        const int8_t source = topic_config_is_set(config, key.name) ? 1 : 5;
        answer.configs->push_back(
            {std::string(key.name), topic_config_value(config, key.name), false, source, false});
    }
}

void create_one(Broker& broker, const Request& raw, const CreateTopicsRequest::Topic& topic,
                bool validate_only, CreateTopicsResponse::Topic& answer) {
    const auto refuse = [&](KafkaError error, std::string message) {
        answer.error_code = code(error);
        answer.error_message = std::move(message);
    };
    if (const auto denied = broker.may(raw, topic.name); denied != KafkaError::kNone)
        return refuse(denied, "not permitted");
    auto config = plan(broker, topic);
    if (!config) return refuse(config.error().error, std::move(config.error().message));
    if (broker.log().find_topic(topic.name))
        return refuse(KafkaError::kTopicAlreadyExists,
                      fmt::format("topic {} exists already", topic.name));
    if (const auto other = colliding_topic(broker.log(), topic.name))
        return refuse(KafkaError::kInvalidTopic,
                      fmt::format("topic '{}' collides with existing topic '{}': they differ only "
                                  "by . and _",
                                  topic.name, *other));
    if (!validate_only) {
        const auto created = broker.log().create_topic(topic.name, *config);
        if (!created)
            return refuse(create_error(created.error().code()), created.error().message());
        answer.topic_id = created->id;
    }
    describe_created(*config, answer);
}

void delete_one(Broker& broker, const Request& raw, const std::optional<log::TopicInfo>& info,
                bool by_id, DeleteTopicsResponse::Topic& answer) {
    const auto refuse = [&](KafkaError error, std::string message) {
        answer.error_code = code(error);
        answer.error_message = std::move(message);
    };
    const auto denied = !info && by_id
                            ? KafkaError::kNone
                            : broker.may(raw, info ? info->name : answer.name.value_or(""));
    if (denied != KafkaError::kNone) return refuse(denied, "not permitted");
    if (!info)
        return refuse(by_id ? KafkaError::kUnknownTopicId : KafkaError::kUnknownTopicOrPartition,
                      "no such topic");
    answer.name = info->name;
    answer.topic_id = info->id;
    if (info->internal) return refuse(KafkaError::kInvalidTopic, "the topic is internal");
    if (const auto status = broker.log().delete_topic(info->name); !status)
        return refuse(to_kafka(status.error().code()), status.error().message());
    broker.coordinator->forget_topic(info->id);
}

// More partitions for a topic, or why not.
std::optional<TopicRefusal> grow(Broker& broker, const Request& raw,
                                 const CreatePartitionsRequest::Topic& topic, bool validate_only) {
    auto info = broker.log().find_topic(topic.name);
    if (const auto denied = broker.may(raw, topic.name); denied != KafkaError::kNone)
        return TopicRefusal{denied, "not permitted"};
    if (!info) return TopicRefusal{KafkaError::kUnknownTopicOrPartition, "no such topic"};
    if (info->internal) return TopicRefusal{KafkaError::kInvalidTopic, "the topic is internal"};
    const auto has = info->config.partitions;
    if (topic.count <= has || topic.count > 100'000)
        return TopicRefusal{
            KafkaError::kInvalidPartitions,
            fmt::format("the topic has {} partitions already; ask for more, up to 100000", has)};
    if (topic.assignments) {
        if (int32_t(topic.assignments->size()) != topic.count - has)
            return TopicRefusal{KafkaError::kInvalidReplicaAssignment,
                                fmt::format("{} partitions are added and {} assigned",
                                            topic.count - has, topic.assignments->size())};
        for (const auto& assignment : *topic.assignments)
            if (assignment.broker_ids != std::vector<int32_t>{kNodeId}) return not_this_broker();
    }
    if (validate_only) return std::nullopt;
    info->config.partitions = topic.count;
    if (const auto status = broker.log().alter_topic(topic.name, info->config); !status)
        return TopicRefusal{to_kafka(status.error().code()), status.error().message()};
    return std::nullopt;
}

}  // namespace

void create_topics(Broker& broker, Call<CreateTopicsRequest, CreateTopicsResponse> call) {
    CreateTopicsResponse response;
    std::map<std::string, int> seen;
    for (const auto& topic : call.request.topics)
        ++seen[topic.name];
    for (const auto& topic : call.request.topics) {
        // A name that stands twice is answered once, with an error.
        auto& times = seen[topic.name];
        if (times == 0) continue;
        auto& answer = response.topics.emplace_back();
        answer.name = topic.name;
        if (times > 1) {
            answer.error_code = code(KafkaError::kInvalidRequest);
            answer.error_message = "the topic stands more than once in the request";
        } else {
            create_one(broker, *call.raw, topic, call.request.validate_only, answer);
        }
        times = 0;
    }
    call.reply(response);
}

void delete_topics(Broker& broker, Call<DeleteTopicsRequest, DeleteTopicsResponse> call) {
    DeleteTopicsResponse response;
    for (const auto& name : call.request.topic_names) {
        auto& answer = response.responses.emplace_back();
        answer.name = name;
        delete_one(broker, *call.raw, broker.log().find_topic(name), false, answer);
    }
    for (const auto& topic : call.request.topics) {
        auto& answer = response.responses.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
        delete_one(broker, *call.raw,
                   topic.name ? broker.log().find_topic(*topic.name)
                              : broker.log().find_topic(topic.topic_id),
                   !topic.name, answer);
    }
    call.reply(response);
}
void create_partitions(Broker& broker,
                       Call<CreatePartitionsRequest, CreatePartitionsResponse> call) {
    CreatePartitionsResponse response;
    for (const auto& topic : call.request.topics) {
        auto& answer = response.results.emplace_back();
        answer.name = topic.name;
        const auto refused = grow(broker, *call.raw, topic, call.request.validate_only);
        if (!refused) continue;
        answer.error_code = code(refused->error);
        answer.error_message = refused->message;
    }
    call.reply(response);
}

void alter_partition_reassignments(
    Broker& broker,
    Call<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse> call) {
    AlterPartitionReassignmentsResponse response;
    for (const auto& topic : call.request.topics) {
        auto& answers = response.responses.emplace_back();
        answers.name = topic.name;
        const auto info = broker.log().find_topic(topic.name);
        const auto denied = broker.may(*call.raw, topic.name);
        for (const auto& partition : topic.partitions) {
            auto& answer = answers.partitions.emplace_back();
            answer.partition_index = partition.partition_index;
            const auto refuse = [&](const TopicRefusal& refusal) {
                answer.error_code = code(refusal.error);
                answer.error_message = refusal.message;
            };
            const auto index = partition.partition_index;
            if (denied != KafkaError::kNone)
                refuse({denied, "not permitted"});
            else if (!info || index < 0 || index >= info->config.partitions)
                refuse({KafkaError::kUnknownTopicOrPartition, "no such topic or partition"});
            else if (!partition.replicas)
                refuse({KafkaError::kNoReassignmentInProgress, "no reassignment is in progress"});
            else if (*partition.replicas != std::vector<int32_t>{kNodeId})
                refuse(not_this_broker());
        }
    }
    call.reply(response);
}

// None is ever under way: partitions are where they belong.
void list_partition_reassignments(
    Broker& broker,
    Call<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse> call) {
    ListPartitionReassignmentsResponse response;
    response.error_code = code(broker.may(*call.raw, ""));
    call.reply(response);
}

}  // namespace tarn::kafka
