#pragma once

// Kafka's error codes (Kafka protocol guide, "Error Codes"), and the total mappings from Tarn's
// onto them.

#include <cstdint>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/log/log.h"

namespace tarn::kafka {

enum class KafkaError : int16_t {
    kUnknownServerError = -1,
    kNone = 0,
    kOffsetOutOfRange = 1,
    kCorruptMessage = 2,
    kUnknownTopicOrPartition = 3,
    kLeaderNotAvailable = 5,
    kNotLeaderOrFollower = 6,
    kRequestTimedOut = 7,
    kMessageTooLarge = 10,
    kOffsetMetadataTooLarge = 12,
    kCoordinatorLoadInProgress = 14,
    kCoordinatorNotAvailable = 15,
    kNotCoordinator = 16,
    kInvalidTopic = 17,
    kNotEnoughReplicas = 19,
    kNotEnoughReplicasAfterAppend = 20,
    kInvalidRequiredAcks = 21,
    kIllegalGeneration = 22,
    kInconsistentGroupProtocol = 23,
    kInvalidGroupId = 24,
    kUnknownMemberId = 25,
    kInvalidSessionTimeout = 26,
    kRebalanceInProgress = 27,
    kTopicAuthorizationFailed = 29,
    kGroupAuthorizationFailed = 30,
    kClusterAuthorizationFailed = 31,
    kInvalidTimestamp = 32,
    kUnsupportedVersion = 35,
    kTopicAlreadyExists = 36,
    kInvalidPartitions = 37,
    kInvalidReplicationFactor = 38,
    kInvalidReplicaAssignment = 39,
    kInvalidConfig = 40,
    kInvalidRequest = 42,
    kUnsupportedForMessageFormat = 43,
    kPolicyViolation = 44,
    kOutOfOrderSequenceNumber = 45,
    kDuplicateSequenceNumber = 46,
    kInvalidProducerEpoch = 47,
    kInvalidTxnState = 48,
    kTransactionalIdAuthorizationFailed = 53,
    kKafkaStorageError = 56,
    kUnknownProducerId = 59,
    kNonEmptyGroup = 68,
    kGroupIdNotFound = 69,
    kFetchSessionIdNotFound = 70,
    kFencedLeaderEpoch = 74,
    kUnknownLeaderEpoch = 75,
    kMemberIdRequired = 79,
    kGroupMaxSizeReached = 81,
    kFencedInstanceId = 82,
    kNoReassignmentInProgress = 85,
    kGroupSubscribedToTopic = 86,
    kInvalidRecord = 87,
    kThrottlingQuotaExceeded = 89,
    kUnknownTopicId = 100,
    kMismatchedEndpointType = 114,
};

constexpr int16_t code(KafkaError e) { return int16_t(e); }

// Kafka's own name of the code, e.g. "UNKNOWN_TOPIC_OR_PARTITION"; of another number
// "ERROR_<none>".
std::string_view kafka_error_name(int16_t code);

KafkaError to_kafka(log::AppendCode code);
KafkaError to_kafka(log::FetchCode code);
// For administrative requests: what a Status of the log means there.
KafkaError to_kafka(ErrorCode code);

// What is answered to someone who may not do this to something of the kind, such as "topic".
KafkaError refused(std::string_view resource_kind);

// What a code that a server sent means for a caller of our own client.
ErrorCode from_kafka(int16_t code);

}  // namespace tarn::kafka
