#include "errors.h"

namespace tarn::kafka {

std::string_view kafka_error_name(int16_t number) {
    switch (KafkaError(number)) {
        case KafkaError::kUnknownServerError:
            return "UNKNOWN_SERVER_ERROR";
        case KafkaError::kNone:
            return "NONE";
        case KafkaError::kOffsetOutOfRange:
            return "OFFSET_OUT_OF_RANGE";
        case KafkaError::kCorruptMessage:
            return "CORRUPT_MESSAGE";
        case KafkaError::kUnknownTopicOrPartition:
            return "UNKNOWN_TOPIC_OR_PARTITION";
        case KafkaError::kNotLeaderOrFollower:
            return "NOT_LEADER_OR_FOLLOWER";
        case KafkaError::kRequestTimedOut:
            return "REQUEST_TIMED_OUT";
        case KafkaError::kMessageTooLarge:
            return "MESSAGE_TOO_LARGE";
        case KafkaError::kOffsetMetadataTooLarge:
            return "OFFSET_METADATA_TOO_LARGE";
        case KafkaError::kCoordinatorNotAvailable:
            return "COORDINATOR_NOT_AVAILABLE";
        case KafkaError::kInvalidTopic:
            return "INVALID_TOPIC_EXCEPTION";
        case KafkaError::kNotEnoughReplicas:
            return "NOT_ENOUGH_REPLICAS";
        case KafkaError::kInvalidRequiredAcks:
            return "INVALID_REQUIRED_ACKS";
        case KafkaError::kIllegalGeneration:
            return "ILLEGAL_GENERATION";
        case KafkaError::kInconsistentGroupProtocol:
            return "INCONSISTENT_GROUP_PROTOCOL";
        case KafkaError::kInvalidGroupId:
            return "INVALID_GROUP_ID";
        case KafkaError::kUnknownMemberId:
            return "UNKNOWN_MEMBER_ID";
        case KafkaError::kInvalidSessionTimeout:
            return "INVALID_SESSION_TIMEOUT";
        case KafkaError::kRebalanceInProgress:
            return "REBALANCE_IN_PROGRESS";
        case KafkaError::kInvalidTimestamp:
            return "INVALID_TIMESTAMP";
        case KafkaError::kUnsupportedVersion:
            return "UNSUPPORTED_VERSION";
        case KafkaError::kTopicAlreadyExists:
            return "TOPIC_ALREADY_EXISTS";
        case KafkaError::kInvalidPartitions:
            return "INVALID_PARTITIONS";
        case KafkaError::kInvalidReplicationFactor:
            return "INVALID_REPLICATION_FACTOR";
        case KafkaError::kInvalidReplicaAssignment:
            return "INVALID_REPLICA_ASSIGNMENT";
        case KafkaError::kInvalidConfig:
            return "INVALID_CONFIG";
        case KafkaError::kInvalidRequest:
            return "INVALID_REQUEST";
        case KafkaError::kUnsupportedForMessageFormat:
            return "UNSUPPORTED_FOR_MESSAGE_FORMAT";
        case KafkaError::kPolicyViolation:
            return "POLICY_VIOLATION";
        case KafkaError::kOutOfOrderSequenceNumber:
            return "OUT_OF_ORDER_SEQUENCE_NUMBER";
        case KafkaError::kDuplicateSequenceNumber:
            return "DUPLICATE_SEQUENCE_NUMBER";
        case KafkaError::kInvalidProducerEpoch:
            return "INVALID_PRODUCER_EPOCH";
        case KafkaError::kInvalidTxnState:
            return "INVALID_TXN_STATE";
        case KafkaError::kTransactionalIdAuthorizationFailed:
            return "TRANSACTIONAL_ID_AUTHORIZATION_FAILED";
        case KafkaError::kKafkaStorageError:
            return "KAFKA_STORAGE_ERROR";
        case KafkaError::kUnknownProducerId:
            return "UNKNOWN_PRODUCER_ID";
        case KafkaError::kNonEmptyGroup:
            return "NON_EMPTY_GROUP";
        case KafkaError::kGroupIdNotFound:
            return "GROUP_ID_NOT_FOUND";
        case KafkaError::kFetchSessionIdNotFound:
            return "FETCH_SESSION_ID_NOT_FOUND";
        case KafkaError::kUnknownLeaderEpoch:
            return "UNKNOWN_LEADER_EPOCH";
        case KafkaError::kMemberIdRequired:
            return "MEMBER_ID_REQUIRED";
        case KafkaError::kGroupMaxSizeReached:
            return "GROUP_MAX_SIZE_REACHED";
        case KafkaError::kFencedInstanceId:
            return "FENCED_INSTANCE_ID";
        case KafkaError::kGroupSubscribedToTopic:
            return "GROUP_SUBSCRIBED_TO_TOPIC";
        case KafkaError::kInvalidRecord:
            return "INVALID_RECORD";
        case KafkaError::kThrottlingQuotaExceeded:
            return "THROTTLING_QUOTA_EXCEEDED";
        case KafkaError::kUnknownTopicId:
            return "UNKNOWN_TOPIC_ID";
        case KafkaError::kMismatchedEndpointType:
            return "MISMATCHED_ENDPOINT_TYPE";
    }
    return "ERROR_<none>";
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
        case KafkaError::kNotLeaderOrFollower:
        case KafkaError::kRequestTimedOut:
        case KafkaError::kNotEnoughReplicas:
        case KafkaError::kCoordinatorNotAvailable:
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
