// The listener over its socket: what clients are promised.

#include "tarn/kafka/server.h"

#include <gtest/gtest.h>

#include "broker.h"
#include "listener_fixture.h"
#include "tarn/base/error_ids.h"
#include "topic_config.h"

namespace tarn::kafka {
namespace {

class ServerTest : public testing::Test {
  protected:
    void SetUp() override { listener_.start(); }
    Listener listener_;
};

std::vector<std::string> values_of(const std::string& batches) {
    std::vector<std::string> values;
    std::string scratch;
    for (std::string_view rest = batches; !rest.empty();) {
        const auto size = codec::parse_batch_header(rest)->total_size();
        std::vector<codec::RecordView> records;
        EXPECT_TRUE(codec::read_records(rest.substr(0, size), scratch, 1 << 20, records));
        for (const auto& r : records)
            values.emplace_back(r.value.value_or(""));
        rest.remove_prefix(size);
    }
    return values;
}

FetchRequest::Topic::Partition from_the_start() {
    FetchRequest::Topic::Partition partition;
    partition.partition_max_bytes = 1 << 20;
    return partition;
}

TEST_F(ServerTest, ApiVersionsIsTheTableOfHandlers) {
    const auto client = listener_.client();
    const auto& versions = client->api_versions();
    ASSERT_EQ(versions.size(), api_table().size());
    for (size_t i = 0; i < versions.size(); ++i) {
        EXPECT_EQ(versions[i].api_key, api_table()[i].key);
        EXPECT_EQ(versions[i].max_version, api_table()[i].max_version);
    }
}

TEST_F(ServerTest, AnUnknownVersionOfApiVersionsIsToldTheKnownOnes) {
    const auto socket = listener_.socket();
    Encoder out(false);
    out.write_int32(12);
    out.write_int16(18);
    out.write_int16(99);
    out.write_int32(7);
    out.write_string("ab");
    ASSERT_TRUE(socket->send(out.take(), Duration::seconds(5)));
    const auto answer = socket->receive(Duration::seconds(20));
    ASSERT_TRUE(answer && *answer);
    Decoder in(**answer, false);
    int32_t correlation = 0;
    in.read_int32(correlation);
    ApiVersionsResponse response;
    response.decode(in, 0);
    ASSERT_TRUE(in.ok());
    EXPECT_EQ(response.error_code, code(KafkaError::kUnsupportedVersion));
    ASSERT_EQ(response.api_keys.size(), 1u);
    EXPECT_EQ(response.api_keys[0].max_version, ApiVersionsRequest::kMaxVersion);
}

TEST_F(ServerTest, WhatIsProducedIsFetched) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 2));
    EXPECT_EQ(*client->partition_count("t"), 2);
    ASSERT_TRUE(client->produce("t", 1, batch_of({"a", "b"})));
    ASSERT_TRUE(
        client->produce("t", 1, batch_of({"c"}, {.compression = codec::Compression::kZstd})));
    const auto fetched = client->fetch("t", 1, 0, 1 << 20, Duration::millis(100));
    ASSERT_TRUE(fetched) << fetched.error().message();
    EXPECT_EQ(values_of(*fetched), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(*client->list_offset("t", 1, kLatest), 3);
    EXPECT_EQ(*client->list_offset("t", 1, 1001), 1);
    EXPECT_EQ(*client->list_offset("t", 0, kLatest), 0);
    EXPECT_EQ(client->fetch("t", 1, 99, 100, Duration::millis(1)).error().code(),
              ErrorCode::kInvalidArgument);
    ASSERT_TRUE(client->delete_topic("t"));
    EXPECT_EQ(client->partition_count("t").error().code(), ErrorCode::kNotFound);
}

TEST_F(ServerTest, ManyProducesInFlightAreAnsweredInOrder) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(client->send_produce("t", {{0, batch_of({std::to_string(i)})}}));
    for (int i = 0; i < 100; ++i) {
        const auto answer = client->receive_produce(Duration::seconds(20));
        ASSERT_TRUE(answer && *answer);
        EXPECT_EQ((*answer)->partitions[0].base_offset, i);
    }
}

TEST_F(ServerTest, AnIdempotentRepeatIsAnsweredWithItsFirstOffset) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    const auto id = client->init_producer_id();
    ASSERT_TRUE(id);
    const auto send = [&](int32_t sequence) {
        codec::BatchOptions options;
        options.producer_id = id->id;
        options.producer_epoch = id->epoch;
        options.base_sequence = sequence;
        EXPECT_TRUE(client->send_produce("t", {{0, batch_of({"x"}, options)}}));
        return (**client->receive_produce(Duration::seconds(20))).partitions[0];
    };
    EXPECT_EQ(send(0).base_offset, 0);
    EXPECT_EQ(send(1).base_offset, 1);
    EXPECT_EQ(send(1).base_offset, 1);
    EXPECT_EQ(send(5).error_code, code(KafkaError::kOutOfOrderSequenceNumber));
    EXPECT_EQ(*client->list_offset("t", 0, kLatest), 2);
}

TEST_F(ServerTest, AFetchWaitsForDataAndIsWokenByIt) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    const auto socket = listener_.socket();
    FetchRequest request;
    request.max_wait_ms = 60'000;
    request.min_bytes = 1;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    topic.partitions.push_back(from_the_start());
    // Sent now, answered only after the produce: a fetch that did not wait would come back empty.
    ASSERT_TRUE(ask<FetchResponse>(*socket, request, 11, false));
    EXPECT_FALSE(*socket->receive(Duration::millis(50)));
    ASSERT_TRUE(client->produce("t", 0, batch_of({"a"})));
    const auto bytes = socket->receive(Duration::seconds(20));
    ASSERT_TRUE(bytes && *bytes);
    Decoder in(std::string_view(**bytes).substr(4), false);
    FetchResponse response;
    response.decode(in, 11);
    ASSERT_TRUE(in.ok());
    EXPECT_EQ(response.session_id, 0);
    EXPECT_GT(response.topics[0].partitions[0].records.size(), 0u);
}

TEST_F(ServerTest, AFetchOfASessionIsToldThereIsNone) {
    const auto socket = listener_.socket();
    FetchRequest request;
    request.session_id = 5;
    request.session_epoch = 1;
    const auto answer = ask<FetchResponse>(*socket, request, 12);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error_code, code(KafkaError::kFetchSessionIdNotFound));
}

TEST_F(ServerTest, FetchByTopicIdOfAnotherTopicIsRefused) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    ASSERT_TRUE(client->produce("t", 0, batch_of({"a"})));
    const auto socket = listener_.socket();
    FetchRequest request;
    auto& topic = request.topics.emplace_back();
    topic.topic_id = listener_.log_->find_topic("t")->id;
    topic.partitions.push_back(from_the_start());
    auto answer = ask<FetchResponse>(*socket, request, 17);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->topics[0].partitions[0].error_code, 0);
    EXPECT_EQ(answer->topics[0].topic_id, topic.topic_id);
    topic.topic_id.bytes[0] ^= 1;
    answer = ask<FetchResponse>(*socket, request, 17);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->topics[0].partitions[0].error_code, code(KafkaError::kUnknownTopicId));
}

TEST_F(ServerTest, BadBatchesAreRefusedEachByItself) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1, {{"max.message.bytes", "1000"}}));
    auto damaged = batch_of({"a"});
    damaged.back() ^= 1;
    const auto good = batch_of({"b"});
    const auto refused = [&](std::string batch) {
        EXPECT_TRUE(client->send_produce("t", {{0, std::move(batch)}}));
        return (**client->receive_produce(Duration::seconds(20))).partitions[0].error_code;
    };
    EXPECT_EQ(refused(damaged), code(KafkaError::kCorruptMessage));
    EXPECT_EQ(refused(good + good), code(KafkaError::kInvalidRecord));
    EXPECT_EQ(refused(good.substr(0, 40)), code(KafkaError::kInvalidRecord));
    EXPECT_EQ(refused(""), code(KafkaError::kInvalidRecord));
    auto old = good;
    old[16] = 1;
    EXPECT_EQ(refused(old), code(KafkaError::kInvalidRecord));
    old[16] = 3;
    EXPECT_EQ(refused(old), code(KafkaError::kCorruptMessage));
    auto too_short = good;
    store_be<int32_t>(too_short.data() + 8, 5);
    EXPECT_EQ(refused(too_short), code(KafkaError::kCorruptMessage));
    auto placed = good;
    codec::assign_offset(placed.data(), 7, 0);
    EXPECT_EQ(refused(placed), code(KafkaError::kInvalidRecord));
    auto no_record = good;
    no_record[61] = 2;  // a length of one
    store_be<uint32_t>(no_record.data() + 17, crc32c(std::string_view(no_record).substr(21)));
    EXPECT_EQ(refused(no_record), code(KafkaError::kInvalidRecord));
    EXPECT_EQ(refused(batch_of({std::string(2000, 'x')})), code(KafkaError::kMessageTooLarge));
    EXPECT_EQ(
        refused(batch_of(
            {"t"},
            {.producer_id = 1, .producer_epoch = 0, .base_sequence = 0, .transactional = true})),
        code(KafkaError::kTransactionalIdAuthorizationFailed));
    EXPECT_EQ(refused(good), 0);
    EXPECT_TRUE(client->send_produce("nowhere", {{0, good}}));
    EXPECT_EQ((**client->receive_produce(Duration::seconds(20))).partitions[0].error_code,
              code(KafkaError::kUnknownTopicOrPartition));
    EXPECT_TRUE(client->send_produce("__consumer_offsets", {{0, good}}));
    EXPECT_EQ((**client->receive_produce(Duration::seconds(20))).partitions[0].error_code,
              code(KafkaError::kInvalidTopic));
}

TEST_F(ServerTest, AcksZeroIsNotAnsweredButStored) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    const auto socket = listener_.socket();
    ProduceRequest request;
    request.acks = 0;
    const auto batch = batch_of({"a"});
    request.topics.push_back({"t", Uuid{}, {{0, Records::of(batch)}}});
    ASSERT_TRUE(ask<ProduceResponse>(*socket, request, 9, false));
    // The next request's answer is the first thing to come back.
    const auto answer = ask<MetadataResponse>(*socket, MetadataRequest(), 9);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(*client->list_offset("t", 0, kLatest), 1);
}

TEST_F(ServerTest, TransactionsAreRefusedWithAFinalError) {
    const auto socket = listener_.socket();
    InitProducerIdRequest init;
    init.transactional_id = "tx";
    EXPECT_EQ(ask<InitProducerIdResponse>(*socket, init, 4)->error_code,
              code(KafkaError::kTransactionalIdAuthorizationFailed));
    FindCoordinatorRequest find;
    find.key_type = 1;
    find.coordinator_keys = {"tx"};
    EXPECT_EQ(ask<FindCoordinatorResponse>(*socket, find, 4)->coordinators[0].error_code,
              code(KafkaError::kTransactionalIdAuthorizationFailed));
}

TEST_F(ServerTest, MalformedFramesEndTheirConnectionAlone) {
    const auto good = listener_.client();
    const std::string frames[] = {
        std::string("\xff\xff\xff\xff", 4),                       // sizes of -1
        std::string("\0\0\0\0", 4),                               // 0
        std::string("\x80\0\0\0", 4),                             // and the lowest there is
        std::string("GET / HTTP/1.1\r\n\r\n"),                    // another protocol
        std::string("\0\0\0\2\0\0", 6),                           // too small for a header
        std::string("\0\0\0\x0a\0\x63\0\0\0\0\0\1\xff\xff", 14),  // api key 99
        std::string("\0\0\0\x0a\0\0\0\2\0\0\0\1\xff\xff", 14),    // Produce 2, announced but gone
        std::string("\0\0\0\x0a\0\3\0\1\0\0\0\1\xff\xff", 14),    // Metadata without a body
        std::string("\0\0\0\x0a\0\3\0\1\0\0\0\1\x7f\xff", 14),    // a client id past the end
    };
    for (const auto& frame : frames) {
        const auto socket = listener_.socket();
        ASSERT_TRUE(socket->send({frame, {}}, Duration::seconds(5)));
        EXPECT_TRUE(is_closed(*socket));
    }
    EXPECT_TRUE(good->metadata());
    EXPECT_EQ(listener_.metrics_.counter("tarn_kafka_malformed_frames_total", "").value(),
              double(std::size(frames)));
}

TEST_F(ServerTest, RandomFramesNeverEndTheProcess) {
    Random random(3);
    for (int i = 0; i < 300; ++i) {
        const auto& api = api_table()[random.below(api_table().size())];
        Encoder out(false);
        out.write_int32(0);
        out.write_int16(api.key);
        out.write_int16(int16_t(api.min_version + int16_t(random.below(uint64_t(
                                                      api.max_version - api.min_version + 1)))));
        out.write_int32(7);
        out.write_string("x");
        std::string body(random.below(60), '\0');
        for (auto& c : body)
            c = char(random.below(random.chance(0.5) ? 256 : 4));
        out.write_raw(body);
        auto frame = out.take();
        store_be<int32_t>(frame.bytes.data(), int32_t(frame.bytes.size() - 4));
        const auto socket = listener_.socket();
        ASSERT_TRUE(socket->send(frame, Duration::seconds(5)));
    }
    EXPECT_TRUE(listener_.client()->metadata());
}

TEST_F(ServerTest, StopEndsWaitingFetches) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    const auto socket = listener_.socket();
    FetchRequest request;
    request.max_wait_ms = 60'000;
    request.min_bytes = 1;
    request.topics.push_back({"t", Uuid{}, {from_the_start()}});
    ASSERT_TRUE(ask<FetchResponse>(*socket, request, 11, false));
    EXPECT_FALSE(*socket->receive(Duration::millis(20)));
    listener_.stop();
    EXPECT_TRUE(is_closed(*socket));
}

TEST(IdleTest, WhoIsSilentIsEndedUnlessAnAnswerIsOwed) {
    Listener listener;
    listener.options_.idle_timeout = Duration::millis(200);
    listener.start();
    ASSERT_TRUE(listener.log_->create_topic("t", {}));
    const auto silent = listener.socket(), waiting = listener.socket();
    FetchRequest request;
    request.max_wait_ms = 1000;
    request.min_bytes = 1;
    request.topics.push_back({"t", Uuid{}, {from_the_start()}});
    ASSERT_TRUE(ask<FetchResponse>(*waiting, request, 11, false));
    EXPECT_TRUE(is_closed(*silent));
    const auto answer = waiting->receive(Duration::seconds(20));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_TRUE(*answer);
    EXPECT_TRUE(is_closed(*waiting)) << "silent now, too";
}

TEST_F(ServerTest, APortInUseIsNamed) {
    auto options = listener_.options_;
    options.port = listener_.server_->port();
    const auto second = Server::open(options, {*listener_.log_, listener_.clock_, listener_.random_,
                                               listener_.metrics_, Logger(), nullptr});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().id(), errors::kPortInUse);
    EXPECT_NE(second.error().message().find(std::to_string(options.port)), std::string::npos);
}

TEST_F(ServerTest, TopicConfigurationsAreKeptShownAndRefused) {
    const auto client = listener_.client();
    const auto refused = client->create_topic("t", 1, {{"cleanup.policy", "compact"}});
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(refused.error().message().find("cleanup.policy"), std::string::npos);
    EXPECT_FALSE(client->create_topic("t", 1, {{"no.such.thing", "1"}}));
    EXPECT_FALSE(client->create_topic("bad/name", 1));
    ASSERT_TRUE(client->create_topic("t", 1, {{"retention.ms", "5000"}}));
    EXPECT_EQ(client->create_topic("t", 1).error().code(), ErrorCode::kAlreadyExists);
    const auto socket = listener_.socket();
    IncrementalAlterConfigsRequest alter;
    alter.resources.push_back({2, "t", {{"retention.bytes", 0, "777"}, {"retention.ms", 1, {}}}});
    EXPECT_EQ(ask<IncrementalAlterConfigsResponse>(*socket, alter, 1)->responses[0].error_code, 0);
    DescribeConfigsRequest describe;
    describe.resources.push_back(
        {2, "t", std::vector<std::string>{"retention.bytes", "retention.ms"}});
    const auto shown = ask<DescribeConfigsResponse>(*socket, describe, 4);
    ASSERT_TRUE(shown);
    ASSERT_EQ(shown->results[0].configs.size(), 2u);
    EXPECT_EQ(shown->results[0].configs[0].value, "777");
    EXPECT_EQ(shown->results[0].configs[1].value, "604800000");
    EXPECT_EQ(listener_.log_->find_topic("t")->config.retention_bytes, 777);
}

TEST_F(ServerTest, EveryTopicConfigurationOfKafkaIsTakenAtItsDefaultAndDescribed) {
    const auto client = listener_.client();
    std::map<std::string, std::string> defaults;
    for (const auto& key : topic_config_keys())
        defaults[std::string(key.name)] = key.value;
    EXPECT_EQ(defaults.size(), 37u);
    EXPECT_EQ(defaults["message.timestamp.after.max.ms"], "3600000");
    ASSERT_TRUE(client->create_topic("t", 1, defaults));
    const auto socket = listener_.socket();
    DescribeConfigsRequest describe;
    describe.resources.push_back({2, "t", std::nullopt});
    const auto shown = ask<DescribeConfigsResponse>(*socket, describe, 4);
    ASSERT_TRUE(shown);
    std::map<std::string, std::string> described;
    for (const auto& config : shown->results[0].configs)
        described[config.name] = *config.value;
    EXPECT_EQ(described, defaults);
    const std::pair<std::string, std::string> refused[] = {
        {"cleanup.policy", "compact"},   {"compression.type", "zstd"},
        {"min.insync.replicas", "2"},    {"remote.storage.enable", "true"},
        {"segment.bytes", "1048576"},    {"max.message.bytes", "9000000"},
        {"flush.messages", "0"},         {"min.cleanable.dirty.ratio", "1.5"},
        {"preallocate", "yes"},          {"local.retention.ms", "1"},
        {"compression.gzip.level", "x"}, {"no.such.thing", "1"}};
    for (const auto& [name, value] : refused) {
        const auto status = client->create_topic("refused", 1, {{name, value}});
        ASSERT_FALSE(status) << name;
        EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument) << name;
        EXPECT_NE(status.error().message().find(name), std::string::npos)
            << status.error().message();
    }
    EXPECT_TRUE(client->create_topic(
        "kept", 1,
        {{"max.message.bytes", "8000000"}, {"flush.messages", "1"}, {"preallocate", "true"}}));
    EXPECT_TRUE(client->produce("kept", 0, batch_of({std::string(7'000'000, 'x')})));
}

TEST_F(ServerTest, ABrokerDescribesItsSettings) {
    const auto socket = listener_.socket();
    DescribeConfigsRequest describe;
    describe.resources.push_back({4, "1", std::nullopt});
    describe.resources.push_back({4, "2", std::nullopt});
    describe.resources.push_back({4, "1", std::vector<std::string>{"num.partitions"}});
    const auto shown = ask<DescribeConfigsResponse>(*socket, describe, 4);
    ASSERT_TRUE(shown);
    EXPECT_GT(shown->results[0].configs.size(), 20u);
    EXPECT_TRUE(shown->results[0].configs[0].read_only);
    EXPECT_EQ(shown->results[1].error_code, code(KafkaError::kInvalidRequest));
    ASSERT_EQ(shown->results[2].configs.size(), 1u);
    EXPECT_EQ(shown->results[2].configs[0].value, "1");
}

TEST_F(ServerTest, NothingIsAssignedToABrokerThatIsNotThere) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    const auto socket = listener_.socket();
    CreateTopicsRequest create;
    create.topics.push_back({"assigned", -1, -1, {{0, {99}}}, {}});
    EXPECT_EQ(ask<CreateTopicsResponse>(*socket, create, 7)->topics[0].error_code,
              code(KafkaError::kInvalidReplicaAssignment));
    const auto grown = [&](std::vector<CreatePartitionsRequest::Topic::Assignment> to) {
        CreatePartitionsRequest grow;
        grow.topics.push_back({"t", 2, std::move(to)});
        return ask<CreatePartitionsResponse>(*socket, grow, 3)->results[0].error_code;
    };
    EXPECT_EQ(grown({{{99}}}), code(KafkaError::kInvalidReplicaAssignment));
    EXPECT_EQ(grown({{{1}}, {{1}}}), code(KafkaError::kInvalidReplicaAssignment));
    EXPECT_EQ(*client->partition_count("t"), 1);
    EXPECT_EQ(grown({{{1}}}), 0);
    const auto moved = [&](int32_t partition, std::optional<std::vector<int32_t>> to) {
        AlterPartitionReassignmentsRequest move;
        move.topics.push_back({"t", {{partition, std::move(to)}}});
        return ask<AlterPartitionReassignmentsResponse>(*socket, move, 1)
            ->responses[0]
            .partitions[0]
            .error_code;
    };
    EXPECT_EQ(moved(0, std::vector<int32_t>{99}), code(KafkaError::kInvalidReplicaAssignment));
    EXPECT_EQ(moved(0, std::vector<int32_t>{1}), 0);
    EXPECT_EQ(moved(0, std::nullopt), code(KafkaError::kNoReassignmentInProgress));
    EXPECT_EQ(moved(7, std::vector<int32_t>{1}), code(KafkaError::kUnknownTopicOrPartition));
    const auto under_way =
        ask<ListPartitionReassignmentsResponse>(*socket, ListPartitionReassignmentsRequest(), 0);
    ASSERT_TRUE(under_way);
    EXPECT_TRUE(under_way->topics.empty());
}

TEST_F(ServerTest, NamesThatKafkaDoesNotTellApartAreRefused) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("a.b_c", 1));
    const auto refused = client->create_topic("a_b.c", 1);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("a.b_c"), std::string::npos);
    EXPECT_TRUE(client->create_topic("a-b_c", 1));
}

TEST_F(ServerTest, TimesFarAheadAreRefused) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    ASSERT_TRUE(client->create_topic("wide", 1,
                                     {{"message.timestamp.after.max.ms", "9223372036854775807"}}));
    ASSERT_TRUE(client->create_topic("near", 1, {{"message.timestamp.before.max.ms", "60000"}}));
    const auto now = listener_.clock_.now().ms();
    const auto sent = [&](const std::string& topic, int64_t time) {
        EXPECT_TRUE(client->send_produce(topic, {{0, batch_of({"a"}, {}, time)}}));
        return (**client->receive_produce(Duration::seconds(20))).partitions[0].error_code;
    };
    constexpr int64_t kMinute = 60'000;
    EXPECT_EQ(sent("t", now + 90 * kMinute), code(KafkaError::kInvalidTimestamp));
    EXPECT_EQ(sent("t", now + 30 * kMinute), 0);
    EXPECT_EQ(sent("t", 0), 0);
    EXPECT_EQ(sent("wide", INT64_MAX), 0);
    EXPECT_EQ(sent("near", now - 30 * kMinute), code(KafkaError::kInvalidTimestamp));
    EXPECT_EQ(sent("near", -1), 0) << "no time at all";
    // A producer that sets LogAppendTime is not believed.
    auto batch = batch_of({"a"}, {}, now);
    codec::assign_log_append_time(batch, now + 90 * kMinute);
    ASSERT_TRUE(client->produce("near", 0, batch));
    EXPECT_EQ(*client->list_offset("near", 0, now), 1);
    EXPECT_EQ(*client->list_offset("near", 0, now + 1), -1);
}

// KafkaJS writes the first record's time as the greatest, other clients -1.
TEST_F(ServerTest, TheGreatestTimeOfABatchIsThatOfItsRecords) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    for (const auto codec : {codec::Compression::kNone, codec::Compression::kGzip}) {
        for (const int64_t wrong : {int64_t(-1), int64_t(1000), int64_t(99'000)}) {
            codec::BatchBuilder builder({.compression = codec});
            for (const int64_t time : {1000, 5000, 3000})
                builder.add(time, std::nullopt, "v");
            auto batch = *builder.finish();
            codec::assign_create_time(batch, wrong);
            ASSERT_TRUE(client->produce("t", 0, batch));
        }
    }
    EXPECT_EQ(*client->list_offset("t", 0, 4000), 1);
    EXPECT_EQ(*client->list_offset("t", 0, 5001), -1);
    const auto fetched = client->fetch("t", 0, 0, 1 << 20, Duration::seconds(1));
    ASSERT_TRUE(fetched);
    for (std::string_view rest = *fetched; !rest.empty();) {
        const auto header = codec::parse_batch_header(rest);
        ASSERT_TRUE(header);
        EXPECT_EQ(header->max_timestamp_ms, 5000);
        EXPECT_TRUE(codec::batch_crc_holds(rest.substr(0, header->total_size())));
        rest.remove_prefix(header->total_size());
    }
}

TEST_F(ServerTest, SpecialTimesHaveTheirVersions) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    ASSERT_TRUE(client->produce("t", 0, batch_of({"a", "b"})));
    const auto socket = listener_.socket();
    const auto listed = [&](int64_t time, int16_t version) {
        ListOffsetsRequest request;
        request.topics.push_back({"t", {{0, -1, time}}});
        return ask<ListOffsetsResponse>(*socket, request, version)->topics[0].partitions[0];
    };
    EXPECT_EQ(listed(-4, 8).offset, 0);
    EXPECT_EQ(listed(-4, 7).error_code, code(KafkaError::kUnsupportedVersion));
    EXPECT_EQ(listed(-5, 9).error_code, 0);
    EXPECT_EQ(listed(-5, 9).offset, -1) << "there are no tiers";
    EXPECT_EQ(listed(-6, 11).offset, -1);
    EXPECT_EQ(listed(-6, 10).error_code, code(KafkaError::kUnsupportedVersion));
    EXPECT_EQ(listed(-7, 11).error_code, code(KafkaError::kUnsupportedVersion));
    EXPECT_EQ(listed(-1, 11).offset, 2);
    FindCoordinatorRequest find;
    find.coordinator_keys = {"g"};
    EXPECT_EQ(ask<FindCoordinatorResponse>(*socket, find, 6)->coordinators[0].error_code, 0);
}

TEST_F(ServerTest, CommittedOffsetsOutliveTheServer) {
    ASSERT_TRUE(listener_.client()->create_topic("t", 1));
    OffsetCommitRequest commit;
    commit.group_id = "g";
    commit.topics.push_back({"t", Uuid{}, {{0, 42, -1, "note"}}});
    EXPECT_EQ(ask<OffsetCommitResponse>(*listener_.socket(), commit, 8)
                  ->topics[0]
                  .partitions[0]
                  .error_code,
              0);
    listener_.stop();
    listener_.disk_.crash();
    listener_.disk_.restart();
    listener_.start();
    OffsetFetchRequest fetch;
    fetch.groups.push_back({"g", std::nullopt, -1, std::nullopt});
    const auto socket = listener_.socket();
    auto answer = ask<OffsetFetchResponse>(*socket, fetch, 8);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->groups[0].topics.size(), 1u);
    EXPECT_EQ(answer->groups[0].topics[0].partitions[0].committed_offset, 42);
    EXPECT_EQ(answer->groups[0].topics[0].partitions[0].metadata, "note");
    // A topic made anew under the same name begins without committed offsets.
    ASSERT_TRUE(listener_.client()->delete_topic("t"));
    ASSERT_TRUE(listener_.client()->create_topic("t", 1));
    answer = ask<OffsetFetchResponse>(*socket, fetch, 8);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->groups[0].topics.empty());
}

}  // namespace
}  // namespace tarn::kafka
