#include "errors.h"

#include <algorithm>
#include <iterator>

namespace tarn::kafka {

namespace {

struct ErrorName {
    KafkaError error;
    std::string_view name;
};
constexpr ErrorName kNames[] = {
    {KafkaError::kUnknownServerError, "UNKNOWN_SERVER_ERROR"},
    {KafkaError::kNone, "NONE"},
    {KafkaError::kOffsetOutOfRange, "OFFSET_OUT_OF_RANGE"},
    {KafkaError::kCorruptMessage, "CORRUPT_MESSAGE"},
    {KafkaError::kUnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION"},
    {KafkaError::kLeaderNotAvailable, "LEADER_NOT_AVAILABLE"},
    {KafkaError::kNotLeaderOrFollower, "NOT_LEADER_OR_FOLLOWER"},
    {KafkaError::kRequestTimedOut, "REQUEST_TIMED_OUT"},
    {KafkaError::kMessageTooLarge, "MESSAGE_TOO_LARGE"},
    {KafkaError::kOffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE"},
    {KafkaError::kCoordinatorLoadInProgress, "COORDINATOR_LOAD_IN_PROGRESS"},
    {KafkaError::kCoordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE"},
    {KafkaError::kNotCoordinator, "NOT_COORDINATOR"},
    {KafkaError::kInvalidTopic, "INVALID_TOPIC_EXCEPTION"},
    {KafkaError::kNotEnoughReplicas, "NOT_ENOUGH_REPLICAS"},
    {KafkaError::kNotEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND"},
    {KafkaError::kInvalidRequiredAcks, "INVALID_REQUIRED_ACKS"},
    {KafkaError::kIllegalGeneration, "ILLEGAL_GENERATION"},
    {KafkaError::kInconsistentGroupProtocol, "INCONSISTENT_GROUP_PROTOCOL"},
    {KafkaError::kInvalidGroupId, "INVALID_GROUP_ID"},
    {KafkaError::kUnknownMemberId, "UNKNOWN_MEMBER_ID"},
    {KafkaError::kInvalidSessionTimeout, "INVALID_SESSION_TIMEOUT"},
    {KafkaError::kRebalanceInProgress, "REBALANCE_IN_PROGRESS"},
    {KafkaError::kInvalidTimestamp, "INVALID_TIMESTAMP"},
    {KafkaError::kUnsupportedVersion, "UNSUPPORTED_VERSION"},
    {KafkaError::kTopicAlreadyExists, "TOPIC_ALREADY_EXISTS"},
    {KafkaError::kInvalidPartitions, "INVALID_PARTITIONS"},
    {KafkaError::kInvalidReplicationFactor, "INVALID_REPLICATION_FACTOR"},
    {KafkaError::kInvalidReplicaAssignment, "INVALID_REPLICA_ASSIGNMENT"},
    {KafkaError::kInvalidConfig, "INVALID_CONFIG"},
    {KafkaError::kInvalidRequest, "INVALID_REQUEST"},
    {KafkaError::kUnsupportedForMessageFormat, "UNSUPPORTED_FOR_MESSAGE_FORMAT"},
    {KafkaError::kPolicyViolation, "POLICY_VIOLATION"},
    {KafkaError::kOutOfOrderSequenceNumber, "OUT_OF_ORDER_SEQUENCE_NUMBER"},
    {KafkaError::kDuplicateSequenceNumber, "DUPLICATE_SEQUENCE_NUMBER"},
    {KafkaError::kInvalidProducerEpoch, "INVALID_PRODUCER_EPOCH"},
    {KafkaError::kInvalidTxnState, "INVALID_TXN_STATE"},
    {KafkaError::kTransactionalIdAuthorizationFailed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"},
    {KafkaError::kKafkaStorageError, "KAFKA_STORAGE_ERROR"},
    {KafkaError::kUnknownProducerId, "UNKNOWN_PRODUCER_ID"},
    {KafkaError::kNonEmptyGroup, "NON_EMPTY_GROUP"},
    {KafkaError::kGroupIdNotFound, "GROUP_ID_NOT_FOUND"},
    {KafkaError::kFetchSessionIdNotFound, "FETCH_SESSION_ID_NOT_FOUND"},
    {KafkaError::kUnknownLeaderEpoch, "UNKNOWN_LEADER_EPOCH"},
    {KafkaError::kMemberIdRequired, "MEMBER_ID_REQUIRED"},
    {KafkaError::kGroupMaxSizeReached, "GROUP_MAX_SIZE_REACHED"},
    {KafkaError::kFencedInstanceId, "FENCED_INSTANCE_ID"},
    {KafkaError::kGroupSubscribedToTopic, "GROUP_SUBSCRIBED_TO_TOPIC"},
    {KafkaError::kInvalidRecord, "INVALID_RECORD"},
    {KafkaError::kThrottlingQuotaExceeded, "THROTTLING_QUOTA_EXCEEDED"},
    {KafkaError::kUnknownTopicId, "UNKNOWN_TOPIC_ID"},
    {KafkaError::kMismatchedEndpointType, "MISMATCHED_ENDPOINT_TYPE"},
};

}  // namespace

std::string_view kafka_error_name(int16_t number) {
    const auto* found = std::ranges::find(kNames, KafkaError(number), &ErrorName::error);
    return found == std::end(kNames) ? "ERROR_<none>" : found->name;
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
    }
    return KafkaError::kUnknownServerError;
}

ErrorCode from_kafka(int16_t number) {
    switch (KafkaError(number)) {
        case KafkaError::kUnknownTopicOrPartition:
        case KafkaError::kUnknownTopicId:
        case KafkaError::kGroupIdNotFound:
            return ErrorCode::kNotFound;
        case KafkaError::kTopicAlreadyExists:
            return ErrorCode::kAlreadyExists;
        case KafkaError::kCorruptMessage:
            return ErrorCode::kCorrupted;
        case KafkaError::kLeaderNotAvailable:
        case KafkaError::kNotLeaderOrFollower:
        case KafkaError::kRequestTimedOut:
        case KafkaError::kNotEnoughReplicas:
        case KafkaError::kNotEnoughReplicasAfterAppend:
        case KafkaError::kCoordinatorLoadInProgress:
        case KafkaError::kCoordinatorNotAvailable:
        case KafkaError::kNotCoordinator:
        case KafkaError::kRebalanceInProgress:
            return ErrorCode::kUnavailable;
        case KafkaError::kThrottlingQuotaExceeded:
        case KafkaError::kGroupMaxSizeReached:
            return ErrorCode::kResourceExhausted;
        case KafkaError::kKafkaStorageError:
            return ErrorCode::kIo;
        case KafkaError::kUnsupportedVersion:
        case KafkaError::kUnsupportedForMessageFormat:
            return ErrorCode::kUnsupported;
        case KafkaError::kIllegalGeneration:
        case KafkaError::kUnknownMemberId:
        case KafkaError::kInvalidProducerEpoch:
        case KafkaError::kOutOfOrderSequenceNumber:
        case KafkaError::kDuplicateSequenceNumber:
        case KafkaError::kUnknownProducerId:
        case KafkaError::kFencedInstanceId:
            return ErrorCode::kConflict;
        case KafkaError::kPolicyViolation:
        case KafkaError::kNonEmptyGroup:
        case KafkaError::kGroupSubscribedToTopic:
        case KafkaError::kInvalidTxnState:
            return ErrorCode::kFailedPrecondition;
        case KafkaError::kNone:
        case KafkaError::kUnknownServerError:
            return ErrorCode::kInternal;
        case KafkaError::kOffsetOutOfRange:
        case KafkaError::kMessageTooLarge:
        case KafkaError::kOffsetMetadataTooLarge:
        case KafkaError::kInvalidTopic:
        case KafkaError::kInvalidRequiredAcks:
        case KafkaError::kInconsistentGroupProtocol:
        case KafkaError::kInvalidGroupId:
        case KafkaError::kInvalidSessionTimeout:
        case KafkaError::kInvalidTimestamp:
        case KafkaError::kInvalidPartitions:
        case KafkaError::kInvalidReplicationFactor:
        case KafkaError::kInvalidReplicaAssignment:
        case KafkaError::kInvalidConfig:
        case KafkaError::kInvalidRequest:
        case KafkaError::kTransactionalIdAuthorizationFailed:
        case KafkaError::kFetchSessionIdNotFound:
        case KafkaError::kUnknownLeaderEpoch:
        case KafkaError::kMemberIdRequired:
        case KafkaError::kInvalidRecord:
        case KafkaError::kMismatchedEndpointType:
            return ErrorCode::kInvalidArgument;
    }
    return ErrorCode::kInternal;
}

}  // namespace tarn::kafka
