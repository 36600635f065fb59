// The mappings onto Kafka's error codes, as a table.

#include "errors.h"

#include <gtest/gtest.h>

#include <utility>

namespace tarn::kafka {
namespace {

TEST(Errors, AppendCodes) {
    using log::AppendCode;
    const std::pair<AppendCode, int16_t> table[] = {
        {AppendCode::kOk, 0},
        {AppendCode::kDuplicate, 0},
        {AppendCode::kUnknownPartition, 3},
        {AppendCode::kCorrupt, 2},
        {AppendCode::kInvalidRecord, 87},
        {AppendCode::kUnsupportedFormat, 43},
        {AppendCode::kTooLarge, 10},
        {AppendCode::kOutOfOrderSequence, 45},
        {AppendCode::kInvalidProducerEpoch, 47},
        {AppendCode::kUnknownProducerId, 59},
        {AppendCode::kInvalidTimestamp, 32},
        {AppendCode::kThrottled, 19},
        {AppendCode::kReadOnly, 56},
        {AppendCode::kShuttingDown, 6},
    };
    for (const auto& [append, kafka] : table)
        EXPECT_EQ(code(to_kafka(append)), kafka);
}

TEST(Errors, FetchCodes) {
    using log::FetchCode;
    const std::pair<FetchCode, int16_t> table[] = {
        {FetchCode::kOk, 0},
        {FetchCode::kUnknownPartition, 3},
        {FetchCode::kOffsetOutOfRange, 1},
        {FetchCode::kDamaged, 2},
        {FetchCode::kIo, 56},
    };
    for (const auto& [fetch, kafka] : table)
        EXPECT_EQ(code(to_kafka(fetch)), kafka);
}

TEST(Errors, ErrorCodes) {
    const std::pair<ErrorCode, int16_t> table[] = {
        {ErrorCode::kInvalidArgument, 42},
        {ErrorCode::kNotFound, 3},
        {ErrorCode::kAlreadyExists, 36},
        {ErrorCode::kFailedPrecondition, 44},
        {ErrorCode::kConflict, 44},
        {ErrorCode::kResourceExhausted, 89},
        {ErrorCode::kUnavailable, 7},
        {ErrorCode::kCancelled, 7},
        {ErrorCode::kUnsupported, 42},
        {ErrorCode::kCorrupted, 2},
        {ErrorCode::kIo, 56},
        {ErrorCode::kInternal, -1},
        {ErrorCode::kPermissionDenied, 31},
    };
    for (const auto& [error, kafka] : table)
        EXPECT_EQ(code(to_kafka(error)), kafka);
}

TEST(Errors, NumbersOfLeaderEpochsAreKafkas) {
    EXPECT_EQ(code(KafkaError::kFencedLeaderEpoch), 74);
    EXPECT_EQ(code(KafkaError::kUnknownLeaderEpoch), 75);
}

TEST(Errors, WhatAClientMayRetryStaysRetryable) {
    // What Apache Kafka answers while it starts or moves things is among them.
    for (const auto error : {KafkaError::kLeaderNotAvailable, KafkaError::kNotLeaderOrFollower,
                             KafkaError::kRequestTimedOut, KafkaError::kCoordinatorLoadInProgress,
                             KafkaError::kNotCoordinator, KafkaError::kNotEnoughReplicas,
                             KafkaError::kNotEnoughReplicasAfterAppend})
        EXPECT_EQ(from_kafka(code(error)), ErrorCode::kUnavailable)
            << kafka_error_name(code(error));
    EXPECT_EQ(from_kafka(code(KafkaError::kOutOfOrderSequenceNumber)), ErrorCode::kConflict);
    for (const auto kind : {"topic", "group", "platform"})
        EXPECT_EQ(from_kafka(code(refused(kind))), ErrorCode::kPermissionDenied) << kind;
    EXPECT_EQ(from_kafka(31'000), ErrorCode::kInternal);
    EXPECT_EQ(kafka_error_name(31'000), "ERROR_<none>");
}

}  // namespace
}  // namespace tarn::kafka
