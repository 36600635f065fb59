// The group state machine against a clock that only moves when told.

#include "group.h"

#include <gtest/gtest.h>

#include <memory>

namespace tarn::kafka {
namespace {

constexpr int64_t kSecond = 1'000'000;

class GroupTest : public testing::Test {
  protected:
    // A member's side of the protocol: what it was last told.
    struct Member {
        std::string id;
        std::optional<JoinAnswer> joined;
        std::optional<SyncAnswer> synced;
    };
    using MemberPtr = std::shared_ptr<Member>;

    GroupTest() { make({Duration::seconds(3), 100}); }
    void make(GroupOptions options) { group_ = std::make_unique<Group>("g", options); }

    JoinRequest request(const Member& member) {
        JoinRequest r;
        r.member_id = member.id;
        r.client_id = "c";
        r.client_host = "/127.0.0.1";
        r.session_timeout = Duration::seconds(10);
        r.rebalance_timeout = Duration::seconds(30);
        r.protocol_type = "consumer";
        r.protocols = {{"range", "meta"}, {"roundrobin", "meta"}};
        r.new_member_id = "m" + std::to_string(next_id_);
        if (member.id.empty()) ++next_id_;
        return r;
    }
    void join(const MemberPtr& member) { join(member, request(*member)); }
    void join(const MemberPtr& member, JoinRequest r) {
        member->joined.reset();
        group_->join(now_, std::move(r), [member](JoinAnswer answer) {
            member->id = answer.member_id;
            member->joined = std::move(answer);
        });
    }
    void sync(const MemberPtr& member, std::map<std::string, std::string> assignments = {}) {
        member->synced.reset();
        SyncRequest r;
        r.member_id = member->id;
        r.generation = member->joined->generation;
        r.assignments = std::move(assignments);
        group_->sync(now_, std::move(r), [member](SyncAnswer answer) { member->synced = answer; });
    }
    KafkaError beat(const MemberPtr& member) {
        return group_->heartbeat(now_, member->id, std::nullopt, group_->generation());
    }
    // Moves the clock, ticking at every deadline on the way, as the coordinator's timer does.
    void pass(int64_t us) {
        const int64_t end = now_ + us;
        while (const auto next = group_->next_deadline_us()) {
            if (*next > end) break;
            now_ = std::max(now_, *next);
            group_->tick(now_);
        }
        now_ = end;
    }
    MemberPtr member() { return std::make_shared<Member>(); }
    // A stable group of n, the first being its leader.
    std::vector<MemberPtr> stable(int n) {
        std::vector<MemberPtr> members;
        for (int i = 0; i < n; ++i)
            join(members.emplace_back(member()));
        pass(5 * kSecond);
        std::map<std::string, std::string> assignments;
        for (const auto& m : members)
            assignments[m->id] = "for " + m->id;
        for (const auto& m : members)
            sync(m, m->id == group_->leader() ? assignments : decltype(assignments){});
        return members;
    }

    int64_t now_ = kSecond;
    int next_id_ = 1;
    std::unique_ptr<Group> group_;
};

TEST_F(GroupTest, ANewGroupWaitsForItsFirstMembersAndThenAgrees) {
    const auto a = member(), b = member();
    join(a);
    EXPECT_EQ(group_->state(), GroupState::kPreparingRebalance);
    pass(kSecond);
    join(b);
    EXPECT_FALSE(a->joined);
    pass(4 * kSecond);
    ASSERT_TRUE(a->joined && b->joined);
    EXPECT_EQ(a->joined->generation, 1);
    EXPECT_EQ(b->joined->generation, 1);
    EXPECT_EQ(a->joined->protocol, "range");
    EXPECT_EQ(a->joined->members.size(), 2u);  // the leader is told of all
    EXPECT_TRUE(b->joined->members.empty());
    EXPECT_EQ(b->joined->leader, a->id);
    sync(b);
    EXPECT_FALSE(b->synced);
    sync(a, {{a->id, "left"}, {b->id, "right"}});
    ASSERT_TRUE(a->synced && b->synced);
    EXPECT_EQ(a->synced->assignment, "left");
    EXPECT_EQ(b->synced->assignment, "right");
    EXPECT_EQ(group_->state(), GroupState::kStable);
}

TEST_F(GroupTest, ANewMemberMakesAllJoinAgain) {
    const auto m = stable(2);
    const auto c = member();
    join(c);
    EXPECT_EQ(beat(m[0]), KafkaError::kRebalanceInProgress);
    join(m[0]);
    EXPECT_FALSE(c->joined);
    join(m[1]);
    ASSERT_TRUE(c->joined && m[0]->joined && m[1]->joined);
    EXPECT_EQ(c->joined->generation, 2);
    EXPECT_EQ(m[0]->joined->members.size(), 3u);
}

TEST_F(GroupTest, WhoDoesNotJoinAgainInTimeIsOut) {
    const auto m = stable(2);
    for (int i = 0; i < 3; ++i) {  // m[1] lives, but never joins again
        if (i == 0)
            join(m[0], [&] {
                auto r = request(*m[0]);
                r.protocols = {{"range", "new"}};
                return r;
            }());
        pass(9 * kSecond);
        beat(m[1]);
    }
    EXPECT_FALSE(m[0]->joined);
    pass(4 * kSecond);
    ASSERT_TRUE(m[0]->joined);
    EXPECT_EQ(m[0]->joined->members.size(), 1u);
    EXPECT_EQ(beat(m[1]), KafkaError::kUnknownMemberId);
}

TEST_F(GroupTest, ASilentMemberIsExpiredAndTheOthersRebalance) {
    const auto m = stable(2);
    pass(6 * kSecond);
    EXPECT_EQ(beat(m[0]), KafkaError::kNone);
    pass(6 * kSecond);
    EXPECT_EQ(group_->members().size(), 1u);
    EXPECT_EQ(beat(m[0]), KafkaError::kRebalanceInProgress);
}

TEST_F(GroupTest, ALeaverIsNotWaitedFor) {
    const auto m = stable(2);
    EXPECT_EQ(group_->leave(now_, m[0]->id, std::nullopt), KafkaError::kNone);
    join(m[1]);
    ASSERT_TRUE(m[1]->joined);
    EXPECT_EQ(m[1]->joined->leader, m[1]->id);
    EXPECT_EQ(group_->leave(now_, "nobody", std::nullopt), KafkaError::kUnknownMemberId);
    EXPECT_EQ(group_->leave(now_, m[1]->id, std::nullopt), KafkaError::kNone);
    EXPECT_EQ(group_->state(), GroupState::kEmpty);
    EXPECT_TRUE(group_->idle());
    EXPECT_FALSE(group_->next_deadline_us());
}

TEST_F(GroupTest, ALeaderThatNeverSyncsIsPutOut) {
    const auto a = member(), b = member();
    join(a);
    join(b);
    pass(3 * kSecond);
    sync(b);
    for (int i = 0; i < 10; ++i) {
        pass(4 * kSecond);
        beat(a);
    }
    ASSERT_TRUE(b->synced);
    EXPECT_EQ(b->synced->error, KafkaError::kRebalanceInProgress);
    EXPECT_FALSE(group_->members().contains(a->id));
}

TEST_F(GroupTest, ANewerClientIsGivenAnIdFirst) {
    const auto a = member();
    auto r = request(*a);
    r.needs_known_id = true;
    join(a, std::move(r));
    ASSERT_TRUE(a->joined);
    EXPECT_EQ(a->joined->error, KafkaError::kMemberIdRequired);
    EXPECT_FALSE(a->id.empty());
    EXPECT_TRUE(group_->members().empty());
    join(a);
    pass(3 * kSecond);
    ASSERT_TRUE(a->joined);
    EXPECT_EQ(a->joined->error, KafkaError::kNone);
}

TEST_F(GroupTest, AnIdThatIsNeverUsedIsForgotten) {
    const auto a = member();
    auto r = request(*a);
    r.needs_known_id = true;
    join(a, std::move(r));
    EXPECT_FALSE(group_->idle());
    pass(11 * kSecond);
    EXPECT_TRUE(group_->idle());
    join(a);
    EXPECT_EQ(a->joined->error, KafkaError::kUnknownMemberId);
}

TEST_F(GroupTest, OldGenerationsAreRefused) {
    const auto m = stable(1);
    EXPECT_EQ(group_->heartbeat(now_, m[0]->id, std::nullopt, 0), KafkaError::kIllegalGeneration);
    EXPECT_EQ(group_->may_commit(now_, m[0]->id, std::nullopt, 0), KafkaError::kIllegalGeneration);
    EXPECT_EQ(group_->may_commit(now_, "x", std::nullopt, 1), KafkaError::kUnknownMemberId);
    EXPECT_EQ(group_->may_commit(now_, "", std::nullopt, -1), KafkaError::kUnknownMemberId);
    EXPECT_EQ(group_->may_commit(now_, m[0]->id, std::nullopt, 1), KafkaError::kNone);
}

TEST_F(GroupTest, AnEmptyGroupTakesCommitsOfAnyone) {
    EXPECT_EQ(group_->may_commit(now_, "", std::nullopt, -1), KafkaError::kNone);
}

TEST_F(GroupTest, MembersMustShareAProtocol) {
    const auto m = stable(1);
    const auto b = member();
    auto r = request(*b);
    r.protocols = {{"sticky", ""}};
    join(b, r);
    EXPECT_EQ(b->joined->error, KafkaError::kInconsistentGroupProtocol);
    r.protocol_type = "connect";
    r.protocols = {{"range", ""}};
    join(b, r);
    EXPECT_EQ(b->joined->error, KafkaError::kInconsistentGroupProtocol);
}

TEST_F(GroupTest, TheProtocolMostLikedWinsAmongThoseThatAllKnow) {
    const auto a = member(), b = member(), c = member();
    const auto with = [&](const MemberPtr& m, std::vector<GroupProtocol> protocols) {
        auto r = request(*m);
        r.protocols = std::move(protocols);
        join(m, std::move(r));
    };
    with(a, {{"mine", ""}, {"range", ""}, {"sticky", ""}});
    with(b, {{"sticky", ""}, {"range", ""}});
    with(c, {{"sticky", ""}, {"range", ""}});
    pass(4 * kSecond);
    EXPECT_EQ(a->joined->protocol, "sticky");
}

TEST_F(GroupTest, AStaticMemberReturnsToItsPlaceWithoutARebalance) {
    const auto a = member(), b = member();
    const auto as = [&](const MemberPtr& m, const std::string& instance) {
        auto r = request(*m);
        r.instance_id = instance;
        r.can_skip_assignment = true;
        return r;
    };
    join(a, as(a, "one"));
    join(b, as(b, "two"));
    pass(4 * kSecond);
    sync(b);
    sync(a, {{a->id, "left"}, {b->id, "right"}});
    const auto again = member();
    join(again, as(again, "two"));
    ASSERT_TRUE(again->joined);
    EXPECT_EQ(again->joined->error, KafkaError::kNone);
    EXPECT_EQ(again->joined->generation, 1);
    EXPECT_NE(again->id, b->id);
    sync(again);
    EXPECT_EQ(again->synced->assignment, "right");
    // The one that held the name before is fenced.
    EXPECT_EQ(group_->heartbeat(now_, b->id, "two", 1), KafkaError::kFencedInstanceId);
    EXPECT_EQ(group_->heartbeat(now_, again->id, "two", 1), KafkaError::kNone);
    // The leader too: it is told to skip the assignment.
    const auto leader = member();
    join(leader, as(leader, "one"));
    EXPECT_TRUE(leader->joined->skip_assignment);
    EXPECT_EQ(leader->joined->leader, leader->id);
    EXPECT_EQ(group_->leave(now_, "", "one"), KafkaError::kNone);
    EXPECT_EQ(group_->members().size(), 1u);
}

TEST_F(GroupTest, AFullGroupTakesNoMore) {
    make({Duration{0}, 1});
    const auto a = member(), b = member();
    join(a);
    ASSERT_TRUE(a->joined);  // no initial delay: at once
    join(b);
    EXPECT_EQ(b->joined->error, KafkaError::kGroupMaxSizeReached);
}

// Whatever members do, every join and sync is answered in the end, and nobody is in two places.
TEST_F(GroupTest, RandomMembersAreAlwaysAnswered) {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        Random random(seed);
        make({Duration::seconds(int64_t(random.below(3))), 5});
        std::vector<MemberPtr> members;
        for (int i = 0; i < 6; ++i)
            members.push_back(member());
        std::vector<bool> waiting(members.size(), false);
        for (int step = 0; step < 300; ++step) {
            const auto i = random.below(members.size());
            const auto& m = members[i];
            const bool in = m->joined && m->joined->error == KafkaError::kNone;
            switch (random.below(6)) {
                case 0:
                case 1: {
                    if (waiting[i] && !m->joined) break;
                    auto r = request(*m);
                    r.needs_known_id = random.chance(0.5);
                    join(m, std::move(r));
                    waiting[i] = true;
                    break;
                }
                case 2:
                    if (in) sync(m, {{m->id, "x"}});
                    break;
                case 3:
                    beat(m);
                    break;
                case 4:
                    if (random.chance(0.3)) group_->leave(now_, m->id, std::nullopt);
                    break;
                case 5:
                    pass(int64_t(random.below(uint64_t(5 * kSecond))));
                    break;
            }
            if (m->joined && m->joined->error == KafkaError::kUnknownMemberId) m->id.clear();
            ASSERT_LE(group_->members().size(), 5u);
        }
        pass(200 * kSecond);  // nobody speaks any more: all are answered and out
        for (size_t i = 0; i < members.size(); ++i)
            ASSERT_TRUE(!waiting[i] || members[i]->joined) << "seed " << seed;
        ASSERT_TRUE(group_->members().empty()) << "seed " << seed;
        ASSERT_EQ(group_->state(), GroupState::kEmpty);
    }
}

}  // namespace
}  // namespace tarn::kafka
