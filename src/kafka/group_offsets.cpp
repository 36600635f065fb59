// OffsetCommit, OffsetFetch and OffsetDelete.

#include <algorithm>

#include "coordinator.h"
#include "handlers.h"

namespace tarn::kafka {
namespace {

constexpr size_t kMaxMetadataBytes = 4096;

using CommitCall = Call<OffsetCommitRequest, OffsetCommitResponse>;

// Fills in the answer of each partition, and gathers the changes of those that are right.
std::vector<OffsetChange> plan_commit(Broker& broker, const CommitCall& call,
                                      OffsetCommitResponse& response) {
    std::vector<OffsetChange> changes;
    const bool by_id = call.version() >= 10;
    const auto now_ms = broker.context.clock.now().ms();
    for (const auto& topic : call.request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.name = topic.name;
        answers.topic_id = topic.topic_id;
        const auto info =
            by_id ? broker.log().find_topic(topic.topic_id) : broker.log().find_topic(topic.name);
        for (const auto& p : topic.partitions) {
            auto error = KafkaError::kNone;
            if (!info)
                error = by_id ? KafkaError::kUnknownTopicId : KafkaError::kUnknownTopicOrPartition;
            else if (p.partition_index < 0 || p.partition_index >= info->config.partitions)
                error = KafkaError::kUnknownTopicOrPartition;
            else if (p.committed_metadata && p.committed_metadata->size() > kMaxMetadataBytes)
                error = KafkaError::kOffsetMetadataTooLarge;
            else
                changes.push_back({call.request.group_id,
                                   {info->id, p.partition_index},
                                   CommittedOffset{p.committed_offset, p.committed_leader_epoch,
                                                   now_ms, p.committed_metadata}});
            answers.partitions.push_back({p.partition_index, code(error)});
        }
    }
    return changes;
}

// One partition's committed offset in the shape of either version of the response.
template <class Partition>
void answer_offset(const std::optional<CommittedOffset>& committed, Partition& answer) {
    answer.committed_offset = committed ? committed->offset : -1;
    answer.committed_leader_epoch = committed ? committed->leader_epoch : -1;
    answer.metadata = committed ? committed->metadata.value_or("") : "";
}

template <class AnswerTopics, class Name>
void answer_all(Broker& broker, const std::string& group, AnswerTopics& topics, Name&& set_name) {
    auto& offsets = broker.coordinator->offsets();
    Uuid last;
    for (const auto& [id, committed] : offsets.of_group(group)) {
        if (topics.empty() || id.topic != last) {
            const auto info = broker.log().find_topic(id.topic);
            if (!info) continue;  // deleted since
            last = id.topic;
            set_name(topics.emplace_back(), *info);
        }
        auto& answer = topics.back().partitions.emplace_back();
        answer.partition_index = id.partition;
        answer_offset(std::optional(committed), answer);
    }
}

void fetch_group(Broker& broker, const Request& raw, const OffsetFetchRequest::Group& request,
                 OffsetFetchResponse::Group& answer) {
    answer.group_id = request.group_id;
    if (const auto denied = broker.may(raw, request.group_id); denied != KafkaError::kNone) {
        answer.error_code = code(denied);
        return;
    }
    const auto set_name = [](OffsetFetchResponse::Group::Topic& topic, const log::TopicInfo& info) {
        topic.name = info.name;
        topic.topic_id = info.id;
    };
    if (!request.topics) return answer_all(broker, request.group_id, answer.topics, set_name);
    const bool by_id = raw.header.version >= 10;
    for (const auto& topic : *request.topics) {
        auto& answers = answer.topics.emplace_back();
        answers.name = topic.name;
        answers.topic_id = topic.topic_id;
        const auto info =
            by_id ? broker.log().find_topic(topic.topic_id) : broker.log().find_topic(topic.name);
        for (const auto index : topic.partition_indexes) {
            auto& partition = answers.partitions.emplace_back();
            partition.partition_index = index;
            answer_offset(
                info ? broker.coordinator->offsets().find(request.group_id, {info->id, index})
                     : std::nullopt,
                partition);
            if (by_id && !info) partition.error_code = code(KafkaError::kUnknownTopicId);
        }
    }
}

void fetch_old(Broker& broker, const Request& raw, const OffsetFetchRequest& request,
               OffsetFetchResponse& response) {
    if (const auto denied = broker.may(raw, request.group_id); denied != KafkaError::kNone) {
        response.error_code = code(denied);
        return;
    }
    const auto set_name = [](OffsetFetchResponse::Topic& topic, const log::TopicInfo& info) {
        topic.name = info.name;
    };
    if (!request.topics) return answer_all(broker, request.group_id, response.topics, set_name);
    for (const auto& topic : *request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.name = topic.name;
        const auto info = broker.log().find_topic(topic.name);
        for (const auto index : topic.partition_indexes) {
            auto& partition = answers.partitions.emplace_back();
            partition.partition_index = index;
            answer_offset(
                info ? broker.coordinator->offsets().find(request.group_id, {info->id, index})
                     : std::nullopt,
                partition);
        }
    }
}

// Topics that a member's subscription names (ConsumerProtocolSubscription: version i16, topics).
// Nothing when it is not one.
std::optional<std::vector<std::string>> subscribed_topics(std::string_view metadata) {
    Decoder in(metadata, false);
    int16_t version = 0;
    std::vector<std::string> topics;
    in.read_int16(version);
    in.read_array(topics, false, 2, [&](std::string& topic) { in.read_string(topic); });
    if (!in.ok()) return std::nullopt;
    return topics;
}

bool is_subscribed(const Group& group, const std::string& topic) {
    for (const auto& [id, member] : group.members()) {
        const auto topics = subscribed_topics(group.metadata_of(member));
        if (!topics || std::ranges::find(*topics, topic) != topics->end()) return true;
    }
    return false;
}

}  // namespace

void offset_commit(Broker& broker, CommitCall call) {
    OffsetCommitResponse response;
    const auto& r = call.request;
    auto error = broker.may(*call.raw, r.group_id);
    if (error == KafkaError::kNone)
        error = broker.coordinator->may_commit(r.group_id, r.member_id, r.group_instance_id,
                                               r.generation_id);
    if (error != KafkaError::kNone) {
        for (const auto& topic : r.topics) {
            auto& answers = response.topics.emplace_back();
            answers.name = topic.name;
            answers.topic_id = topic.topic_id;
            for (const auto& p : topic.partitions)
                answers.partitions.push_back({p.partition_index, code(error)});
        }
        return call.reply(response);
    }
    auto changes = plan_commit(broker, call, response);
    broker.metrics.commits.add(double(changes.size()));
    broker.coordinator->offsets().commit(
        std::move(changes),
        [call = std::move(call), response = std::move(response)](KafkaError failed) mutable {
            // A refusal of the log means "not stored, ask again" to a committing client.
            if (failed != KafkaError::kNone)
                for (auto& topic : response.topics)
                    for (auto& p : topic.partitions)
                        if (p.error_code == 0)
                            p.error_code = code(KafkaError::kCoordinatorNotAvailable);
            call.reply(response);
        });
}

void offset_fetch(Broker& broker, Call<OffsetFetchRequest, OffsetFetchResponse> call) {
    OffsetFetchResponse response;
    if (call.version() < 8)
        fetch_old(broker, *call.raw, call.request, response);
    else
        for (const auto& group : call.request.groups)
            fetch_group(broker, *call.raw, group, response.groups.emplace_back());
    call.reply(response);
}

void offset_delete(Broker& broker, Call<OffsetDeleteRequest, OffsetDeleteResponse> call) {
    OffsetDeleteResponse response;
    const auto& id = call.request.group_id;
    if (const auto denied = broker.may(*call.raw, id); denied != KafkaError::kNone) {
        response.error_code = code(denied);
        return call.reply(response);
    }
    std::vector<OffsetChange> changes;
    const auto decide = [&](const Group* group) {
        for (const auto& topic : call.request.topics) {
            auto& answers = response.topics.emplace_back();
            answers.name = topic.name;
            const auto info = broker.log().find_topic(topic.name);
            const bool in_use = group && is_subscribed(*group, topic.name);
            for (const auto& p : topic.partitions) {
                auto error = KafkaError::kNone;
                if (!info)
                    error = KafkaError::kUnknownTopicOrPartition;
                else if (in_use)
                    error = KafkaError::kGroupSubscribedToTopic;
                else
                    changes.push_back({id, {info->id, p.partition_index}, std::nullopt});
                answers.partitions.push_back({p.partition_index, code(error)});
            }
        }
    };
    if (!broker.coordinator->inspect(id, [&](const Group& group) { decide(&group); })) {
        if (!broker.coordinator->offsets().has_group(id)) {
            response.error_code = code(KafkaError::kGroupIdNotFound);
            return call.reply(response);
        }
        decide(nullptr);
    }
    broker.coordinator->offsets().commit(
        std::move(changes),
        [call = std::move(call), response = std::move(response)](KafkaError error) mutable {
            if (error != KafkaError::kNone) response.error_code = code(error);
            call.reply(response);
        });
}

}  // namespace tarn::kafka
