#pragma once

// One consumer group under the classic protocol (Kafka documentation, "Consumer Group Protocol";
// KIP-62, 134, 345, 394, 559, 814), as a state machine without clock, threads or disk: every call
// is told the time, and tick() does what has come due. Not thread-safe; the coordinator's lock
// guards it.
//
//   Empty ──join──▶ PreparingRebalance ──all (re)joined, or time──▶ CompletingRebalance ──leader's
//   sync──▶ Stable
//                        ▲                                             │ join, leave, expiry │
//                        └─────────────────────────────────────────────┴──────────────────────────────────┘

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errors.h"
#include "tarn/base/time.h"

namespace tarn::kafka {

enum class GroupState { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable, kDead };
// As clients know them, e.g. "PreparingRebalance".
std::string_view to_string(GroupState state);

struct GroupProtocol {
    std::string name;
    std::string metadata;
    friend bool operator==(const GroupProtocol&, const GroupProtocol&) = default;
};

struct JoinRequest {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    Duration session_timeout;
    Duration rebalance_timeout;
    std::string protocol_type;
    std::vector<GroupProtocol> protocols;
    bool needs_known_id =
        false;  // version 4 and later: a first join only hands out an id (KIP-394)
    bool can_skip_assignment = false;  // version 9 and later (KIP-814)
    std::string new_member_id;         // for a member that has none yet
};

struct JoinAnswer {
    KafkaError error = KafkaError::kNone;
    int32_t generation = -1;
    std::string protocol_type;
    std::string protocol;
    std::string leader;
    bool skip_assignment = false;
    std::string member_id;
    struct Member {
        std::string id;
        std::optional<std::string> instance_id;
        std::string metadata;
    };
    std::vector<Member> members;  // for the leader only
};
using JoinCallback = std::move_only_function<void(JoinAnswer)>;

struct SyncRequest {
    std::string member_id;
    std::optional<std::string> instance_id;
    int32_t generation = -1;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol;
    std::map<std::string, std::string> assignments;  // by member, from the leader
};
struct SyncAnswer {
    KafkaError error = KafkaError::kNone;
    std::string protocol_type;
    std::string protocol;
    std::string assignment;
};
using SyncCallback = std::move_only_function<void(SyncAnswer)>;

struct GroupOptions {
    Duration initial_delay = Duration::millis(500);
    size_t max_members = 10'000;
};

class Group {
  public:
    struct Member {
        std::string id;
        std::optional<std::string> instance_id;
        std::string client_id;
        std::string client_host;
        Duration session_timeout;
        Duration rebalance_timeout;
        std::vector<GroupProtocol> protocols;
        std::string assignment;
        int64_t deadline_us = 0;  // by when it must be heard of
        JoinCallback joining;     // set while it waits for the generation
        SyncCallback syncing;     // set while it waits for its assignment
    };

    Group(std::string id, GroupOptions options) : id_(std::move(id)), options_(options) {}

    // Each callback is called once: now, or from a later call.
    void join(int64_t now_us, JoinRequest request, JoinCallback done);
    void sync(int64_t now_us, SyncRequest request, SyncCallback done);
    KafkaError heartbeat(int64_t now_us, const std::string& member_id,
                         const std::optional<std::string>& instance_id, int32_t generation);
    KafkaError leave(int64_t now_us, const std::string& member_id,
                     const std::optional<std::string>& instance_id);
    // Whether this member may commit offsets now; counts as a sign of life.
    KafkaError may_commit(int64_t now_us, const std::string& member_id,
                          const std::optional<std::string>& instance_id, int32_t generation);
    // Expires members, and completes a rebalance whose time is up.
    void tick(int64_t now_us);
    // When tick() next has something to do.
    std::optional<int64_t> next_deadline_us() const;
    // Answers everyone who waits with an error; the group is of no more use.
    void kill(KafkaError error);

    const std::string& id() const { return id_; }
    GroupState state() const { return state_; }
    int32_t generation() const { return generation_; }
    const std::string& protocol_type() const { return protocol_type_; }
    const std::string& protocol() const { return protocol_; }
    const std::string& leader() const { return leader_; }
    const std::map<std::string, Member>& members() const { return members_; }
    // The metadata a member gave for the protocol in force.
    std::string_view metadata_of(const Member& member) const;
    // Nothing that would be missed if the group were forgotten (its offsets apart).
    bool idle() const {
        return members_.empty() && pending_.empty() && state_ == GroupState::kEmpty;
    }

  private:
    KafkaError validate(const std::string& member_id, const std::optional<std::string>& instance_id,
                        std::optional<int32_t> generation) const;
    bool supports(const JoinRequest& request) const;
    void join_new(int64_t now_us, JoinRequest request, JoinCallback done);
    void join_static_again(int64_t now_us, JoinRequest request, JoinCallback done);
    void join_known(int64_t now_us, JoinRequest request, JoinCallback done);
    Member& add_member(int64_t now_us, JoinRequest request, JoinCallback done);
    void update_member(int64_t now_us, Member& member, JoinRequest request, JoinCallback done);
    void remove_member(const std::string& member_id);
    void rebalance(int64_t now_us);
    void complete_join_if_ready(int64_t now_us);
    void complete_join(int64_t now_us);
    void elect_leader();
    void choose_protocol();
    JoinAnswer answer_for(const Member& member) const;
    SyncAnswer sync_answer(const Member& member) const;
    void after_departure(int64_t now_us);
    bool all_joined() const;

    std::string id_;
    GroupOptions options_;
    GroupState state_ = GroupState::kEmpty;
    int32_t generation_ = 0;
    std::string protocol_type_;
    std::string protocol_;
    std::string leader_;
    std::map<std::string, Member> members_;
    std::map<std::string, std::string> static_ids_;  // instance id → member id
    std::map<std::string, int64_t> pending_;         // ids handed out, not yet joined → deadline
    int64_t rebalance_deadline_us_ = 0;              // Preparing: join by; Completing: sync by
    int64_t initial_until_us_ =
        0;  // a new group's first rebalance is held open until here (0: none)
    int64_t initial_limit_us_ = 0;
};

}  // namespace tarn::kafka
