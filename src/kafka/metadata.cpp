// Metadata, DescribeCluster and FindCoordinator: who leads what. Here always this broker.

#include "handlers.h"
#include "topic_config.h"

namespace tarn::kafka {
namespace {

using MetadataTopic = MetadataResponse::Topic;

MetadataTopic describe(const log::TopicInfo& info) {
    MetadataTopic topic;
    topic.name = info.name;
    topic.topic_id = info.id;
    topic.is_internal = info.internal;
    topic.partitions.resize(size_t(info.config.partitions));
    for (int32_t i = 0; i < info.config.partitions; ++i) {
        auto& partition = topic.partitions[size_t(i)];
        partition.partition_index = i;
        partition.leader_id = kNodeId;
        partition.leader_epoch = kLeaderEpoch;
        partition.replica_nodes = {kNodeId};
        partition.isr_nodes = {kNodeId};
    }
    return topic;
}

MetadataTopic absent(std::string name, KafkaError error) {
    MetadataTopic topic;
    topic.name = std::move(name);
    topic.error_code = code(error);
    return topic;
}

MetadataTopic by_name(Broker& broker, const Request& raw, const std::string& name,
                      bool may_create) {
    if (!valid_topic_name(name)) return absent(name, KafkaError::kInvalidTopic);
    auto denied = broker.may(raw, name);
    if (denied != KafkaError::kNone) return absent(name, denied);
    if (const auto info = broker.log().find_topic(name)) return describe(*info);
    if (!may_create || !broker.options.auto_create_topics)
        return absent(name, KafkaError::kUnknownTopicOrPartition);
    denied = broker.may(raw, name, net::Operation::kAlter);
    if (denied != KafkaError::kNone) return absent(name, denied);
    if (colliding_topic(broker.log(), name)) return absent(name, KafkaError::kInvalidTopic);
    log::TopicConfig config;
    config.partitions = broker.options.default_partitions;
    const auto created = broker.log().create_topic(name, config);
    if (created) return describe(*created);
    // Another connection may have been first.
    if (const auto info = broker.log().find_topic(name)) return describe(*info);
    return absent(name, to_kafka(created.error().code()));
}

MetadataTopic by_id(Broker& broker, const Request& raw, const Uuid& id) {
    const auto info = broker.log().find_topic(id);
    const auto denied = info ? broker.may(raw, info->name) : KafkaError::kUnknownTopicId;
    if (denied == KafkaError::kNone) return describe(*info);
    MetadataTopic topic;
    topic.topic_id = id;
    topic.error_code = code(denied);
    return topic;
}

}  // namespace

void metadata(Broker& broker, Call<MetadataRequest, MetadataResponse> call) {
    MetadataResponse response;
    const auto& request = call.request;
    response.brokers.push_back(
        {kNodeId, broker.host_for(*call.raw->peer), broker.port_for(), std::nullopt});
    response.cluster_id = broker.cluster_id;
    response.controller_id = kNodeId;
    // Version 0 had no null: an empty list asked for all.
    if (!request.topics || (call.version() == 0 && request.topics->empty())) {
        for (const auto& info : broker.log().topics())
            if (broker.may(*call.raw, info.name) == KafkaError::kNone)
                response.topics.push_back(describe(info));
    } else {
        const bool may_create = call.version() < 4 || request.allow_auto_topic_creation;
        for (const auto& topic : *request.topics)
            response.topics.push_back(topic.name
                                          ? by_name(broker, *call.raw, *topic.name, may_create)
                                          : by_id(broker, *call.raw, topic.topic_id));
    }
    // Before version 12 a name is never null.
    if (call.version() < 12)
        for (auto& topic : response.topics)
            if (!topic.name) topic.name = "";
    call.reply(response);
}

void describe_cluster(Broker& broker, Call<DescribeClusterRequest, DescribeClusterResponse> call) {
    DescribeClusterResponse response;
    response.endpoint_type = call.request.endpoint_type;
    response.cluster_id = broker.cluster_id;
    if (const auto denied = broker.may(*call.raw, ""); denied != KafkaError::kNone) {
        response.error_code = code(denied);
        return call.reply(response);
    }
    if (call.request.endpoint_type != 1) {
        response.error_code = code(KafkaError::kMismatchedEndpointType);
        response.error_message = "this is a broker, not a controller";
        return call.reply(response);
    }
    response.controller_id = kNodeId;
    response.brokers.push_back(
        {kNodeId, broker.host_for(*call.raw->peer), broker.port_for(), std::nullopt, false});
    call.reply(response);
}

void find_coordinator(Broker& broker, Call<FindCoordinatorRequest, FindCoordinatorResponse> call) {
    FindCoordinatorResponse response;
    const auto error_of = [&](const std::string& group) {
        if (call.request.key_type == 1) return KafkaError::kTransactionalIdAuthorizationFailed;
        if (call.request.key_type != 0) return KafkaError::kInvalidRequest;
        return broker.may(*call.raw, group);
    };
    const auto message_of = [](KafkaError error) -> std::optional<std::string> {
        if (error == KafkaError::kTransactionalIdAuthorizationFailed)
            return "transactions are not supported";
        if (error == KafkaError::kInvalidRequest) return "only groups have a coordinator here";
        return std::nullopt;
    };
    const auto host = broker.host_for(*call.raw->peer);
    const auto port = broker.port_for();
    if (call.version() < 4) {
        const auto error = error_of(call.request.key);
        const bool ok = error == KafkaError::kNone;
        response.error_code = code(error);
        response.error_message = message_of(error);
        response.node_id = ok ? kNodeId : -1;
        response.host = ok ? host : "";
        response.port = ok ? port : -1;
    } else {
        for (const auto& key : call.request.coordinator_keys) {
            const auto error = error_of(key);
            const bool ok = error == KafkaError::kNone;
            response.coordinators.push_back({key, ok ? kNodeId : -1, ok ? host : "", ok ? port : -1,
                                             code(error), message_of(error)});
        }
    }
    call.reply(response);
}

}  // namespace tarn::kafka
