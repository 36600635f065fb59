#include "errors.h"

#include <algorithm>
#include <iterator>

namespace tarn::kafka {

namespace {

// Kafka's name, and what it means for a caller of our own client.
struct ErrorKind {
    KafkaError error;
    std::string_view name;
    ErrorCode meaning;
};
constexpr ErrorKind kKinds[] = {
    {KafkaError::kUnknownServerError, "UNKNOWN_SERVER_ERROR", ErrorCode::kInternal},
    {KafkaError::kNone, "NONE", ErrorCode::kInternal},
    {KafkaError::kOffsetOutOfRange, "OFFSET_OUT_OF_RANGE", ErrorCode::kInvalidArgument},
    {KafkaError::kCorruptMessage, "CORRUPT_MESSAGE", ErrorCode::kCorrupted},
    {KafkaError::kUnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION", ErrorCode::kNotFound},
    {KafkaError::kLeaderNotAvailable, "LEADER_NOT_AVAILABLE", ErrorCode::kUnavailable},
    {KafkaError::kNotLeaderOrFollower, "NOT_LEADER_OR_FOLLOWER", ErrorCode::kUnavailable},
    {KafkaError::kRequestTimedOut, "REQUEST_TIMED_OUT", ErrorCode::kUnavailable},
    {KafkaError::kMessageTooLarge, "MESSAGE_TOO_LARGE", ErrorCode::kInvalidArgument},
    {KafkaError::kOffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE", ErrorCode::kInvalidArgument},
    {KafkaError::kCoordinatorLoadInProgress, "COORDINATOR_LOAD_IN_PROGRESS",
     ErrorCode::kUnavailable},
    {KafkaError::kCoordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE", ErrorCode::kUnavailable},
    {KafkaError::kNotCoordinator, "NOT_COORDINATOR", ErrorCode::kUnavailable},
    {KafkaError::kInvalidTopic, "INVALID_TOPIC_EXCEPTION", ErrorCode::kInvalidArgument},
    {KafkaError::kNotEnoughReplicas, "NOT_ENOUGH_REPLICAS", ErrorCode::kUnavailable},
    {KafkaError::kNotEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
     ErrorCode::kUnavailable},
    {KafkaError::kInvalidRequiredAcks, "INVALID_REQUIRED_ACKS", ErrorCode::kInvalidArgument},
    {KafkaError::kIllegalGeneration, "ILLEGAL_GENERATION", ErrorCode::kConflict},
    {KafkaError::kInconsistentGroupProtocol, "INCONSISTENT_GROUP_PROTOCOL",
     ErrorCode::kInvalidArgument},
    {KafkaError::kInvalidGroupId, "INVALID_GROUP_ID", ErrorCode::kInvalidArgument},
    {KafkaError::kUnknownMemberId, "UNKNOWN_MEMBER_ID", ErrorCode::kConflict},
    {KafkaError::kInvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", ErrorCode::kInvalidArgument},
    {KafkaError::kRebalanceInProgress, "REBALANCE_IN_PROGRESS", ErrorCode::kUnavailable},
    {KafkaError::kTopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED",
     ErrorCode::kPermissionDenied},
    {KafkaError::kGroupAuthorizationFailed, "GROUP_AUTHORIZATION_FAILED",
     ErrorCode::kPermissionDenied},
    {KafkaError::kClusterAuthorizationFailed, "CLUSTER_AUTHORIZATION_FAILED",
     ErrorCode::kPermissionDenied},
    {KafkaError::kInvalidTimestamp, "INVALID_TIMESTAMP", ErrorCode::kInvalidArgument},
    {KafkaError::kUnsupportedVersion, "UNSUPPORTED_VERSION", ErrorCode::kUnsupported},
    {KafkaError::kTopicAlreadyExists, "TOPIC_ALREADY_EXISTS", ErrorCode::kAlreadyExists},
    {KafkaError::kInvalidPartitions, "INVALID_PARTITIONS", ErrorCode::kInvalidArgument},
    {KafkaError::kInvalidReplicationFactor, "INVALID_REPLICATION_FACTOR",
     ErrorCode::kInvalidArgument},
    {KafkaError::kInvalidReplicaAssignment, "INVALID_REPLICA_ASSIGNMENT",
     ErrorCode::kInvalidArgument},
    {KafkaError::kInvalidConfig, "INVALID_CONFIG", ErrorCode::kInvalidArgument},
    {KafkaError::kInvalidRequest, "INVALID_REQUEST", ErrorCode::kInvalidArgument},
    {KafkaError::kUnsupportedForMessageFormat, "UNSUPPORTED_FOR_MESSAGE_FORMAT",
     ErrorCode::kUnsupported},
    {KafkaError::kPolicyViolation, "POLICY_VIOLATION", ErrorCode::kFailedPrecondition},
    {KafkaError::kOutOfOrderSequenceNumber, "OUT_OF_ORDER_SEQUENCE_NUMBER", ErrorCode::kConflict},
    {KafkaError::kDuplicateSequenceNumber, "DUPLICATE_SEQUENCE_NUMBER", ErrorCode::kConflict},
    {KafkaError::kInvalidProducerEpoch, "INVALID_PRODUCER_EPOCH", ErrorCode::kConflict},
    {KafkaError::kInvalidTxnState, "INVALID_TXN_STATE", ErrorCode::kFailedPrecondition},
    {KafkaError::kTransactionalIdAuthorizationFailed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
     ErrorCode::kInvalidArgument},
    {KafkaError::kKafkaStorageError, "KAFKA_STORAGE_ERROR", ErrorCode::kIo},
    {KafkaError::kUnknownProducerId, "UNKNOWN_PRODUCER_ID", ErrorCode::kConflict},
    {KafkaError::kNonEmptyGroup, "NON_EMPTY_GROUP", ErrorCode::kFailedPrecondition},
    {KafkaError::kGroupIdNotFound, "GROUP_ID_NOT_FOUND", ErrorCode::kNotFound},
    {KafkaError::kFetchSessionIdNotFound, "FETCH_SESSION_ID_NOT_FOUND",
     ErrorCode::kInvalidArgument},
    {KafkaError::kFencedLeaderEpoch, "FENCED_LEADER_EPOCH", ErrorCode::kConflict},
    {KafkaError::kUnknownLeaderEpoch, "UNKNOWN_LEADER_EPOCH", ErrorCode::kInvalidArgument},
    {KafkaError::kMemberIdRequired, "MEMBER_ID_REQUIRED", ErrorCode::kInvalidArgument},
    {KafkaError::kGroupMaxSizeReached, "GROUP_MAX_SIZE_REACHED", ErrorCode::kResourceExhausted},
    {KafkaError::kFencedInstanceId, "FENCED_INSTANCE_ID", ErrorCode::kConflict},
    {KafkaError::kNoReassignmentInProgress, "NO_REASSIGNMENT_IN_PROGRESS",
     ErrorCode::kFailedPrecondition},
    {KafkaError::kGroupSubscribedToTopic, "GROUP_SUBSCRIBED_TO_TOPIC",
     ErrorCode::kFailedPrecondition},
    {KafkaError::kInvalidRecord, "INVALID_RECORD", ErrorCode::kInvalidArgument},
    {KafkaError::kThrottlingQuotaExceeded, "THROTTLING_QUOTA_EXCEEDED",
     ErrorCode::kResourceExhausted},
    {KafkaError::kUnknownTopicId, "UNKNOWN_TOPIC_ID", ErrorCode::kNotFound},
    {KafkaError::kMismatchedEndpointType, "MISMATCHED_ENDPOINT_TYPE", ErrorCode::kInvalidArgument},
};

}  // namespace

std::string_view kafka_error_name(int16_t number) {
    const auto* found = std::ranges::find(kKinds, KafkaError(number), &ErrorKind::error);
    return found == std::end(kKinds) ? "ERROR_<none>" : found->name;
}

KafkaError to_kafka(log::AppendCode code) {
    switch (code) {
        case log::AppendCode::kOk:
            return KafkaError::kNone;
        // A repeat is acknowledged with the offset of the first time. Where that is no longer
        // known, clients take DUPLICATE_SEQUENCE_NUMBER as success without one; the handler
        // decides, the code is a success.
        case log::AppendCode::kDuplicate:
            return KafkaError::kNone;
        case log::AppendCode::kUnknownPartition:
            return KafkaError::kUnknownTopicOrPartition;
        case log::AppendCode::kCorrupt:
            return KafkaError::kCorruptMessage;
        case log::AppendCode::kInvalidRecord:
            return KafkaError::kInvalidRecord;
        case log::AppendCode::kUnsupportedFormat:
            return KafkaError::kUnsupportedForMessageFormat;
        case log::AppendCode::kTooLarge:
            return KafkaError::kMessageTooLarge;
        case log::AppendCode::kOutOfOrderSequence:
            return KafkaError::kOutOfOrderSequenceNumber;
        case log::AppendCode::kInvalidProducerEpoch:
            return KafkaError::kInvalidProducerEpoch;
        case log::AppendCode::kUnknownProducerId:
            return KafkaError::kUnknownProducerId;
        case log::AppendCode::kInvalidTimestamp:
            return KafkaError::kInvalidTimestamp;
        // "Refused before it was written, try again": every client retries it, and none takes it as
        // possibly stored.
        case log::AppendCode::kThrottled:
            return KafkaError::kNotEnoughReplicas;
        case log::AppendCode::kReadOnly:
            return KafkaError::kKafkaStorageError;
        case log::AppendCode::kShuttingDown:
            return KafkaError::kNotLeaderOrFollower;
    }
    return KafkaError::kUnknownServerError;
}

KafkaError to_kafka(log::FetchCode code) {
    switch (code) {
        case log::FetchCode::kOk:
            return KafkaError::kNone;
        case log::FetchCode::kUnknownPartition:
            return KafkaError::kUnknownTopicOrPartition;
        case log::FetchCode::kOffsetOutOfRange:
            return KafkaError::kOffsetOutOfRange;
        case log::FetchCode::kDamaged:
            return KafkaError::kCorruptMessage;
        case log::FetchCode::kIo:
            return KafkaError::kKafkaStorageError;
    }
    return KafkaError::kUnknownServerError;
}

KafkaError to_kafka(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return KafkaError::kInvalidRequest;
        case ErrorCode::kNotFound:
            return KafkaError::kUnknownTopicOrPartition;
        case ErrorCode::kAlreadyExists:
            return KafkaError::kTopicAlreadyExists;
        case ErrorCode::kFailedPrecondition:
            return KafkaError::kPolicyViolation;
        case ErrorCode::kConflict:
            return KafkaError::kPolicyViolation;
        case ErrorCode::kResourceExhausted:
            return KafkaError::kThrottlingQuotaExceeded;
        case ErrorCode::kUnavailable:
            return KafkaError::kRequestTimedOut;
        case ErrorCode::kCancelled:
            return KafkaError::kRequestTimedOut;
        case ErrorCode::kUnsupported:
            return KafkaError::kInvalidRequest;
        case ErrorCode::kCorrupted:
            return KafkaError::kCorruptMessage;
        case ErrorCode::kIo:
            return KafkaError::kKafkaStorageError;
        case ErrorCode::kInternal:
            return KafkaError::kUnknownServerError;
        case ErrorCode::kPermissionDenied:
            return KafkaError::kClusterAuthorizationFailed;
    }
    return KafkaError::kUnknownServerError;
}

KafkaError refused(std::string_view resource_kind) {
    if (resource_kind == "topic") return KafkaError::kTopicAuthorizationFailed;
    if (resource_kind == "group") return KafkaError::kGroupAuthorizationFailed;
    return KafkaError::kClusterAuthorizationFailed;
}

ErrorCode from_kafka(int16_t number) {
    const auto* found = std::ranges::find(kKinds, KafkaError(number), &ErrorKind::error);
    return found == std::end(kKinds) ? ErrorCode::kInternal : found->meaning;
}

}  // namespace tarn::kafka
