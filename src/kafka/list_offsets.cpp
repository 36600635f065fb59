// ListOffsets, OffsetForLeaderEpoch and DeleteRecords: where partitions begin and end.

#include "handlers.h"

namespace tarn::kafka {
namespace {

// Special timestamps of ListOffsets.
constexpr int64_t kLatest = -1;
constexpr int64_t kEarliest = -2;
constexpr int64_t kMaxTimestamp = -3;
constexpr int64_t kEarliestLocal = -4;
constexpr int64_t kLatestTiered = -5;
constexpr int64_t kEarliestPendingUpload = -6;

// The version from which a special timestamp may be asked for; none: it is not one of them.
std::optional<int16_t> first_version_of(int64_t timestamp) {
    switch (timestamp) {
        case kLatest:
        case kEarliest:
            return 1;
        case kMaxTimestamp:
            return 7;
        case kEarliestLocal:
            return 8;
        case kLatestTiered:
            return 9;
        case kEarliestPendingUpload:
            return 11;
        default:
            return std::nullopt;
    }
}

std::optional<log::PartitionId> resolve(Broker& broker, const std::string& topic, int32_t index) {
    const auto info = broker.log().find_topic(topic);
    if (!info || index < 0 || index >= info->config.partitions) return std::nullopt;
    return log::PartitionId{info->id, index};
}

void list_one(Broker& broker, const log::PartitionId& id, int64_t timestamp, int16_t version,
              int8_t isolation, ListOffsetsResponse::Topic::Partition& answer) {
    const auto first = first_version_of(timestamp);
    if (timestamp < 0 && (!first || version < *first)) {
        answer.error_code = code(KafkaError::kUnsupportedVersion);
        return;
    }
    if (timestamp == kLatestTiered || timestamp == kEarliestPendingUpload) return;  // no tiers
    const auto offsets = broker.log().offsets(id);
    if (!offsets) {
        answer.error_code = code(KafkaError::kUnknownTopicOrPartition);
        return;
    }
    answer.leader_epoch = kLeaderEpoch;
    if (timestamp == kLatest) {
        answer.offset = isolation == 1 ? offsets->last_stable_offset : offsets->high_watermark;
        return;
    }
    if (timestamp == kEarliest || timestamp == kEarliestLocal) {
        answer.offset = offsets->log_start_offset;
        return;
    }
    const auto found = timestamp == kMaxTimestamp ? broker.log().offset_of_max_time(id)
                                                  : broker.log().offset_for_time(id, timestamp);
    if (!found) {
        answer.error_code = code(to_kafka(found.error().code()));
        return;
    }
    answer.offset = found->offset;
    answer.timestamp = found->timestamp_ms;
    answer.leader_epoch = found->offset < 0 ? -1 : kLeaderEpoch;
}

}  // namespace

void list_offsets(Broker& broker, Call<ListOffsetsRequest, ListOffsetsResponse> call) {
    ListOffsetsResponse response;
    for (const auto& topic : call.request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.name = topic.name;
        const auto denied = broker.may(*call.raw, topic.name);
        for (const auto& partition : topic.partitions) {
            auto& answer = answers.partitions.emplace_back();
            answer.partition_index = partition.partition_index;
            const auto id = resolve(broker, topic.name, partition.partition_index);
            if (denied != KafkaError::kNone)
                answer.error_code = code(denied);
            else if (!id)
                answer.error_code = code(KafkaError::kUnknownTopicOrPartition);
            else if (partition.current_leader_epoch > kLeaderEpoch)
                answer.error_code = code(KafkaError::kUnknownLeaderEpoch);
            else
                list_one(broker, *id, partition.timestamp, call.version(),
                         call.request.isolation_level, answer);
        }
    }
    call.reply(response);
}

void offset_for_leader_epoch(Broker& broker,
                             Call<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> call) {
    OffsetForLeaderEpochResponse response;
    for (const auto& topic : call.request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.topic = topic.topic;
        const auto denied = broker.may(*call.raw, topic.topic);
        for (const auto& partition : topic.partitions) {
            auto& answer = answers.partitions.emplace_back();
            answer.partition = partition.partition;
            const auto id = resolve(broker, topic.topic, partition.partition);
            const auto offsets = id ? broker.log().offsets(*id) : std::nullopt;
            if (denied != KafkaError::kNone) {
                answer.error_code = code(denied);
            } else if (!offsets) {
                answer.error_code = code(KafkaError::kUnknownTopicOrPartition);
            } else if (partition.current_leader_epoch > kLeaderEpoch) {
                answer.error_code = code(KafkaError::kUnknownLeaderEpoch);
            } else if (partition.leader_epoch == kLeaderEpoch) {
                answer.leader_epoch = kLeaderEpoch;
                answer.end_offset = offsets->high_watermark;
            }
        }
    }
    call.reply(response);
}

void delete_records(Broker& broker, Call<DeleteRecordsRequest, DeleteRecordsResponse> call) {
    DeleteRecordsResponse response;
    for (const auto& topic : call.request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.name = topic.name;
        const auto info = broker.log().find_topic(topic.name);
        const auto denied = broker.may(*call.raw, topic.name);
        for (const auto& partition : topic.partitions) {
            auto& answer = answers.partitions.emplace_back();
            answer.partition_index = partition.partition_index;
            answer.low_watermark = -1;
            if (denied != KafkaError::kNone) {
                answer.error_code = code(denied);
                continue;
            }
            const auto id = resolve(broker, topic.name, partition.partition_index);
            const auto offsets = id ? broker.log().offsets(*id) : std::nullopt;
            if (!offsets) {
                answer.error_code = code(KafkaError::kUnknownTopicOrPartition);
                continue;
            }
            if (info && info->internal) {
                answer.error_code = code(KafkaError::kInvalidTopic);
                continue;
            }
            // -1 stands for the end.
            const auto to = partition.offset == -1 ? offsets->high_watermark : partition.offset;
            if (to < 0 || to > offsets->high_watermark) {
                answer.error_code = code(KafkaError::kOffsetOutOfRange);
                continue;
            }
            const auto low = broker.log().delete_records(*id, to);
            if (low)
                answer.low_watermark = *low;
            else
                answer.error_code = code(to_kafka(low.error().code()));
        }
    }
    call.reply(response);
}

}  // namespace tarn::kafka
