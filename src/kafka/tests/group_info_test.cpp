// Consumer groups as people are shown them.

#include "tarn/kafka/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "listener_fixture.h"

namespace tarn::kafka {
namespace {

std::string assignment_of(const std::vector<std::pair<std::string, std::vector<int32_t>>>& topics) {
    Encoder out(false);
    out.write_int16(1);
    out.write_array(topics, false, [&](const auto& topic) {
        out.write_string(topic.first);
        out.write_array(topic.second, false, [&](int32_t p) { out.write_int32(p); });
    });
    out.write_int32(-1);  // no user data
    return out.take().bytes;
}

std::vector<std::string> places(std::string_view assignment) {
    std::vector<std::string> all;
    for (const auto& p : assigned_partitions(assignment))
        all.push_back(p.topic + "/" + std::to_string(p.partition));
    return all;
}

TEST(GroupInfo, AssignmentsAreReadAndWhatIsNoneGivesNothing) {
    const auto good = assignment_of({{"a", {0, 2}}, {"b", {1}}});
    EXPECT_THAT(places(good), ::testing::ElementsAre("a/0", "a/2", "b/1"));
    const size_t needed = good.size() - 4;  // what follows is the member's own
    for (size_t cut = 0; cut < needed; ++cut)
        EXPECT_TRUE(places(good.substr(0, cut)).empty()) << cut;
    auto huge = good;
    store_be<int32_t>(huge.data() + 2, INT32_MAX);
    EXPECT_TRUE(places(huge).empty());
    store_be<int32_t>(huge.data() + 2, -1);
    EXPECT_TRUE(places(huge).empty());
    EXPECT_TRUE(places("anything at all").empty());
}

TEST(GroupInfo, LagIsOfCommittedPartitionsAndNeverNegative) {
    GroupPartition none{.topic = "a", .log_start = 5, .log_end = 9};
    EXPECT_FALSE(none.lag());
    EXPECT_EQ(none.missed(), 0);
    GroupPartition behind{
        .topic = "a", .partition = 1, .committed = 3, .log_start = 5, .log_end = 9};
    EXPECT_EQ(behind.lag(), 6);
    EXPECT_EQ(behind.missed(), 2);
    GroupPartition ahead{.topic = "b", .committed = 12, .log_end = 9};
    EXPECT_EQ(ahead.lag(), 0);
    GroupInfo group;
    EXPECT_FALSE(group.lag());
    group.partitions = {none, behind, ahead};
    EXPECT_EQ(group.lag(), 6);
    const auto topics = group.topics();
    ASSERT_EQ(topics.size(), 2u);
    EXPECT_EQ(topics[0].name, "a");
    EXPECT_EQ(topics[0].partitions, 2);
    EXPECT_EQ(topics[0].lag, 6);
    EXPECT_EQ(topics[0].missed, 2);
}

class GroupsOfServer : public ::testing::Test {
  protected:
    void SetUp() override {
        listener_.start();
        auto client = listener_.client();
        ASSERT_TRUE(client->create_topic("t", 2));
        ASSERT_TRUE(client->produce("t", 0, batch_of({"a", "b", "c"})));
    }
    void commit(int32_t partition, int64_t offset) {
        OffsetCommitRequest commit;
        commit.group_id = "g";
        commit.topics.push_back({"t", Uuid{}, {{partition, offset, -1, ""}}});
        ASSERT_EQ(ask<OffsetCommitResponse>(*listener_.socket(), commit, 8)
                      ->topics[0]
                      .partitions[0]
                      .error_code,
                  0);
    }
    Listener listener_;
};

TEST_F(GroupsOfServer, OneWithoutMembersHasItsOffsetsAlsoAfterARestart) {
    EXPECT_TRUE(listener_.server_->groups().empty());
    EXPECT_FALSE(listener_.server_->group("g"));
    commit(0, 1);
    listener_.stop();
    listener_.start();
    const auto group = listener_.server_->group("g");
    ASSERT_TRUE(group);
    EXPECT_EQ(group->state, "Empty");
    EXPECT_TRUE(group->members.empty());
    ASSERT_EQ(group->partitions.size(), 1u);
    EXPECT_EQ(group->partitions[0].committed, 1);
    EXPECT_EQ(group->partitions[0].log_end, 3);
    EXPECT_EQ(group->lag(), 2);
    EXPECT_TRUE(group->partitions[0].committed_at);
    ASSERT_TRUE(listener_.client()->delete_topic("t"));
    EXPECT_TRUE(listener_.server_->groups().empty() ||
                listener_.server_->groups()[0].partitions.empty())
        << "a topic that is gone has no lag";
}

TEST_F(GroupsOfServer, AMemberHasThePartitionsThatItWasGiven) {
    commit(0, 2);
    const auto socket = listener_.socket();
    JoinGroupRequest join;
    join.group_id = "g";
    join.session_timeout_ms = join.rebalance_timeout_ms = 10'000;
    join.protocol_type = "consumer";
    join.protocols.push_back({"range", ""});
    const auto joined = ask<JoinGroupResponse>(*socket, join, 3);
    ASSERT_TRUE(joined);
    ASSERT_EQ(joined->error_code, 0);
    EXPECT_EQ(listener_.server_->group("g")->state, "CompletingRebalance");
    SyncGroupRequest sync;
    sync.group_id = "g";
    sync.generation_id = joined->generation_id;
    sync.member_id = joined->member_id;
    sync.assignments.push_back(
        {joined->member_id, assignment_of({{"gone", {0}}, {"t", {0, 1, 99}}})});
    ASSERT_EQ(ask<SyncGroupResponse>(*socket, sync, 3)->error_code, 0);

    const auto groups = listener_.server_->groups();
    ASSERT_EQ(groups.size(), 1u);
    const auto& group = groups[0];
    EXPECT_EQ(group.state, "Stable");
    EXPECT_EQ(group.protocol, "range");
    ASSERT_EQ(group.members.size(), 1u);
    EXPECT_EQ(group.members[0].client_id, "test");
    EXPECT_EQ(group.members[0].host, "127.0.0.1");
    ASSERT_EQ(group.partitions.size(), 2u) << "not what is not there";
    EXPECT_EQ(group.partitions[0].member, joined->member_id);
    EXPECT_EQ(group.partitions[0].lag(), 1);
    EXPECT_EQ(group.partitions[1].member, joined->member_id);
    EXPECT_FALSE(group.partitions[1].committed);
}

}  // namespace
}  // namespace tarn::kafka
