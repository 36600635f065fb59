// Every request asks whether it may, for each thing it names: what a refusal looks like by kind.

#include "broker.h"
#include "listener_fixture.h"

namespace tarn::kafka {
namespace {

constexpr int64_t kLatest = -1;

// What is secret nobody may see or touch, nor write to the platform as a whole.
class NoSecrets final : public net::Authorizer {
  public:
    bool may(const net::Principal& who, net::Operation operation,
             const net::Resource& resource) const override {
        EXPECT_EQ(who.name, "anonymous");
        if (resource.kind == "platform") return operation == net::Operation::kDescribe;
        return !resource.name.starts_with("secret");
    }
};

class PermissionTest : public ::testing::Test {
  protected:
    PermissionTest() {
        listener_.authorizer_ = &rules_;
        listener_.start();
        for (const auto name : {"secret", "open"})
            EXPECT_TRUE(listener_.log_->create_topic(name, {}));
        socket_ = listener_.socket();
    }
    template <class A, class Q>
    A answer(const Q& request, int16_t version) {
        auto got = ask<A>(*socket_, request, version);
        EXPECT_TRUE(got) << got.error().message();
        return got ? std::move(*got) : A();
    }
    NoSecrets rules_;
    Listener listener_;
    std::unique_ptr<ClientSocket> socket_;
};

constexpr int16_t kTopicRefused = 29, kGroupRefused = 30, kClusterRefused = 31;

TEST_F(PermissionTest, RecordsOfTopics) {
    const auto client = listener_.client();
    ASSERT_TRUE(client->send_produce("secret", {{0, batch_of({"a"})}}));
    EXPECT_EQ((**client->receive_produce(Duration::seconds(20))).partitions[0].error_code,
              kTopicRefused);
    EXPECT_TRUE(client->produce("open", 0, batch_of({"a"})));
    const auto id = listener_.log_->find_topic("secret")->id;
    EXPECT_EQ(listener_.log_->offsets({id, 0})->high_watermark, 0);
    for (const auto name : {"secret", "secret and not there"}) {
        EXPECT_EQ(client->fetch(name, 0, 0, 100, Duration::millis(1)).error().code(),
                  ErrorCode::kPermissionDenied);
        EXPECT_EQ(client->list_offset(name, 0, kLatest).error().code(),
                  ErrorCode::kPermissionDenied);
    }
    EXPECT_TRUE(client->fetch("open", 0, 0, 100, Duration::millis(1)));
    DeleteRecordsRequest remove;
    remove.topics.push_back({"secret", {{0, -1}}});
    EXPECT_EQ(answer<DeleteRecordsResponse>(remove, 2).topics[0].partitions[0].error_code,
              kTopicRefused);
    OffsetForLeaderEpochRequest epoch;
    epoch.topics.emplace_back().topic = "secret";
    epoch.topics[0].partitions.emplace_back();
    EXPECT_EQ(answer<OffsetForLeaderEpochResponse>(epoch, 4).topics[0].partitions[0].error_code,
              kTopicRefused);
}

TEST_F(PermissionTest, Topics) {
    const auto client = listener_.client();
    const auto listed = client->metadata();
    ASSERT_TRUE(listed);
    for (const auto& topic : *listed)
        EXPECT_NE(topic.name, "secret");
    EXPECT_FALSE(listed->empty());
    EXPECT_EQ(client->partition_count("secret").error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(client->create_topic("secret2", 1).error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(client->delete_topic("secret").error().code(), ErrorCode::kPermissionDenied);
    EXPECT_FALSE(listener_.log_->find_topic("secret2"));
    EXPECT_TRUE(listener_.log_->find_topic("secret"));
    CreatePartitionsRequest grow;
    grow.topics.push_back({"secret", 3, std::nullopt});
    EXPECT_EQ(answer<CreatePartitionsResponse>(grow, 3).results[0].error_code, kTopicRefused);
    DescribeConfigsRequest describe;
    describe.resources.push_back({2, "secret", std::nullopt});
    EXPECT_EQ(answer<DescribeConfigsResponse>(describe, 4).results[0].error_code, kTopicRefused);
    IncrementalAlterConfigsRequest alter;
    alter.resources.push_back({2, "secret", {{"retention.bytes", 0, "777"}}});
    EXPECT_EQ(answer<IncrementalAlterConfigsResponse>(alter, 1).responses[0].error_code,
              kTopicRefused);
    EXPECT_EQ(listener_.log_->find_topic("secret")->config.partitions, 1);
}

TEST_F(PermissionTest, ThePlatform) {
    EXPECT_EQ(answer<InitProducerIdResponse>(InitProducerIdRequest(), 4).error_code,
              kClusterRefused);
    EXPECT_EQ(answer<DescribeClusterResponse>(DescribeClusterRequest(), 1).error_code, 0);
}

TEST_F(PermissionTest, Members) {
    JoinGroupRequest join;
    join.group_id = "secret group";
    join.session_timeout_ms = 10'000;
    EXPECT_EQ(answer<JoinGroupResponse>(join, 7).error_code, kGroupRefused);
    SyncGroupRequest sync;
    sync.group_id = join.group_id;
    EXPECT_EQ(answer<SyncGroupResponse>(sync, 5).error_code, kGroupRefused);
    HeartbeatRequest beat;
    beat.group_id = join.group_id;
    EXPECT_EQ(answer<HeartbeatResponse>(beat, 4).error_code, kGroupRefused);
    LeaveGroupRequest leave;
    leave.group_id = join.group_id;
    EXPECT_EQ(answer<LeaveGroupResponse>(leave, 4).error_code, kGroupRefused);
    FindCoordinatorRequest find;
    find.coordinator_keys = {join.group_id, "open group"};
    const auto found = answer<FindCoordinatorResponse>(find, 4);
    EXPECT_EQ(found.coordinators[0].error_code, kGroupRefused);
    EXPECT_EQ(found.coordinators[1].error_code, 0);
}

TEST_F(PermissionTest, GroupsAndTheirOffsets) {
    OffsetCommitRequest commit;
    commit.group_id = "secret group";
    commit.topics.push_back({"open", Uuid{}, {{0, 42, -1, "note"}}});
    EXPECT_EQ(answer<OffsetCommitResponse>(commit, 8).topics[0].partitions[0].error_code,
              kGroupRefused);
    EXPECT_FALSE(answer<ListGroupsResponse>(ListGroupsRequest(), 4).error_code);
    OffsetFetchRequest fetch;
    fetch.groups.push_back({commit.group_id, std::nullopt, -1, std::nullopt});
    EXPECT_EQ(answer<OffsetFetchResponse>(fetch, 8).groups[0].error_code, kGroupRefused);
    OffsetFetchRequest old;
    old.group_id = commit.group_id;
    EXPECT_EQ(answer<OffsetFetchResponse>(old, 5).error_code, kGroupRefused);
    DescribeGroupsRequest describe;
    describe.groups = {commit.group_id};
    EXPECT_EQ(answer<DescribeGroupsResponse>(describe, 5).groups[0].error_code, kGroupRefused);
    DeleteGroupsRequest remove;
    remove.groups_names = {commit.group_id, "not there"};
    const auto removed = answer<DeleteGroupsResponse>(remove, 2);
    EXPECT_EQ(removed.results[0].error_code, kGroupRefused);
    EXPECT_EQ(removed.results[1].error_code, code(KafkaError::kGroupIdNotFound));
    OffsetDeleteRequest forget;
    forget.group_id = commit.group_id;
    EXPECT_EQ(answer<OffsetDeleteResponse>(forget, 0).error_code, kGroupRefused);
}

TEST(Permission, EachRowSaysWhoMay) {
    for (const auto& api : api_table())
        EXPECT_TRUE(api.resource == "topic" || api.resource == "group" ||
                    api.resource == "platform")
            << api.name;
}

}  // namespace
}  // namespace tarn::kafka
