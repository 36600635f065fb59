#include "group.h"

#include <algorithm>
#include <set>

namespace tarn::kafka {

std::string_view to_string(GroupState state) {
    switch (state) {
        case GroupState::kEmpty:
            return "Empty";
        case GroupState::kPreparingRebalance:
            return "PreparingRebalance";
        case GroupState::kCompletingRebalance:
            return "CompletingRebalance";
        case GroupState::kStable:
            return "Stable";
        case GroupState::kDead:
            return "Dead";
    }
    return "Dead";
}

std::string_view Group::metadata_of(const Member& member) const {
    for (const auto& protocol : member.protocols)
        if (protocol.name == protocol_) return protocol.metadata;
    return {};
}

KafkaError Group::validate(const std::string& member_id,
                           const std::optional<std::string>& instance_id,
                           std::optional<int32_t> generation) const {
    if (state_ == GroupState::kDead) return KafkaError::kCoordinatorNotAvailable;
    if (instance_id) {
        const auto found = static_ids_.find(*instance_id);
        if (found == static_ids_.end()) return KafkaError::kUnknownMemberId;
        if (found->second != member_id) return KafkaError::kFencedInstanceId;
    }
    if (!members_.contains(member_id)) return KafkaError::kUnknownMemberId;
    if (generation && *generation != generation_) return KafkaError::kIllegalGeneration;
    return KafkaError::kNone;
}

// Whether the group can still agree on a protocol with this member in it.
bool Group::supports(const JoinRequest& request) const {
    if (request.protocol_type.empty() || request.protocols.empty()) return false;
    if (members_.empty()) return true;
    if (request.protocol_type != protocol_type_) return false;
    return std::ranges::any_of(request.protocols, [&](const GroupProtocol& p) {
        return std::ranges::all_of(members_, [&](const auto& entry) {
            return entry.first == request.member_id ||
                   std::ranges::any_of(entry.second.protocols,
                                       [&](const auto& q) { return q.name == p.name; });
        });
    });
}

void Group::join(int64_t now_us, JoinRequest request, JoinCallback done) {
    const auto refuse = [&](KafkaError error) {
        JoinAnswer answer;
        answer.error = error;
        answer.member_id = request.member_id;
        done(std::move(answer));
    };
    if (state_ == GroupState::kDead) return refuse(KafkaError::kCoordinatorNotAvailable);
    if (!supports(request)) return refuse(KafkaError::kInconsistentGroupProtocol);
    if (request.member_id.empty()) {
        const bool returns = request.instance_id && static_ids_.contains(*request.instance_id);
        if (!returns && members_.size() + pending_.size() >= options_.max_members)
            return refuse(KafkaError::kGroupMaxSizeReached);
        return returns ? join_static_again(now_us, std::move(request), std::move(done))
                       : join_new(now_us, std::move(request), std::move(done));
    }
    if (pending_.erase(request.member_id) > 0) {
        add_member(now_us, std::move(request), std::move(done));
        return rebalance(now_us);
    }
    if (const auto error = validate(request.member_id, request.instance_id, std::nullopt);
        error != KafkaError::kNone)
        return refuse(error);
    join_known(now_us, std::move(request), std::move(done));
}

void Group::join_new(int64_t now_us, JoinRequest request, JoinCallback done) {
    request.member_id = request.new_member_id;
    if (request.needs_known_id && !request.instance_id) {
        pending_[request.member_id] = now_us + request.session_timeout.us;
        JoinAnswer answer;
        answer.error = KafkaError::kMemberIdRequired;
        answer.member_id = request.member_id;
        return done(std::move(answer));
    }
    add_member(now_us, std::move(request), std::move(done));
    rebalance(now_us);
}

// A static member came back without its id, as after a restart: it takes its old place under a new
// id.
void Group::join_static_again(int64_t now_us, JoinRequest request, JoinCallback done) {
    const auto old_id = static_ids_[*request.instance_id];
    const bool was_leader = leader_ == old_id;
    auto node = members_.extract(old_id);
    auto& old = node.mapped();
    if (old.joining) {
        JoinAnswer fenced;
        fenced.error = KafkaError::kFencedInstanceId;
        fenced.member_id = old_id;
        std::exchange(old.joining, nullptr)(std::move(fenced));
    }
    if (old.syncing)
        std::exchange(old.syncing, nullptr)({KafkaError::kFencedInstanceId, {}, {}, {}});
    const bool unchanged = old.protocols == request.protocols;
    const bool can_skip = request.can_skip_assignment;
    node.key() = old.id = request.member_id = request.new_member_id;
    static_ids_[*request.instance_id] = request.member_id;
    if (was_leader) leader_ = request.member_id;
    auto& member = members_.insert(std::move(node)).position->second;
    if (state_ == GroupState::kStable && unchanged) {
        member.deadline_us = now_us + member.session_timeout.us;
        auto answer = answer_for(member);
        answer.skip_assignment = was_leader && can_skip;
        // A client too old to skip must not think itself the leader, or it would assign anew.
        if (was_leader && !can_skip) {
            answer.leader = old_id;
            answer.members.clear();
        }
        return done(std::move(answer));
    }
    update_member(now_us, member, std::move(request), std::move(done));
    if (state_ == GroupState::kPreparingRebalance) return complete_join_if_ready(now_us);
    rebalance(now_us);
}

void Group::join_known(int64_t now_us, JoinRequest request, JoinCallback done) {
    auto& member = members_.at(request.member_id);
    const bool unchanged = member.protocols == request.protocols;
    switch (state_) {
        case GroupState::kPreparingRebalance:
            update_member(now_us, member, std::move(request), std::move(done));
            return complete_join_if_ready(now_us);
        case GroupState::kCompletingRebalance:
            // It did not see the answer to its join: the same once more.
            if (unchanged) {
                member.deadline_us = now_us + member.session_timeout.us;
                return done(answer_for(member));
            }
            break;
        case GroupState::kStable:
            if (unchanged && leader_ != member.id) {
                member.deadline_us = now_us + member.session_timeout.us;
                return done(answer_for(member));
            }
            break;
        case GroupState::kEmpty:
        case GroupState::kDead: {
            JoinAnswer answer;
            answer.error = KafkaError::kUnknownMemberId;
            answer.member_id = request.member_id;
            return done(std::move(answer));
        }
    }
    update_member(now_us, member, std::move(request), std::move(done));
    rebalance(now_us);
}

Group::Member& Group::add_member(int64_t now_us, JoinRequest request, JoinCallback done) {
    if (members_.empty()) protocol_type_ = request.protocol_type;
    if (request.instance_id) static_ids_[*request.instance_id] = request.member_id;
    auto& member = members_[request.member_id];
    member.id = request.member_id;
    member.instance_id = request.instance_id;
    if (leader_.empty()) leader_ = member.id;
    if (initial_until_us_ >
        0)  // another member of a new group: hold the listener open a little longer
        initial_until_us_ = std::min(now_us + options_.initial_delay.us, initial_limit_us_);
    update_member(now_us, member, std::move(request), std::move(done));
    return member;
}

void Group::update_member(int64_t now_us, Member& member, JoinRequest request, JoinCallback done) {
    member.client_id = std::move(request.client_id);
    member.client_host = std::move(request.client_host);
    member.session_timeout = request.session_timeout;
    member.rebalance_timeout = request.rebalance_timeout;
    member.protocols = std::move(request.protocols);
    member.deadline_us = now_us + member.session_timeout.us;
    if (member.joining) {  // a second join from the same member: only the newest is answered with
                           // the generation
        JoinAnswer answer;
        answer.error = KafkaError::kRebalanceInProgress;
        answer.member_id = member.id;
        std::exchange(member.joining, nullptr)(std::move(answer));
    }
    member.joining = std::move(done);
}

void Group::remove_member(const std::string& member_id) {
    const auto found = members_.find(member_id);
    if (found == members_.end()) return;
    auto member = std::move(found->second);
    members_.erase(found);
    if (member.instance_id) static_ids_.erase(*member.instance_id);
    if (member.joining) {
        JoinAnswer answer;
        answer.error = KafkaError::kUnknownMemberId;
        answer.member_id = member_id;
        member.joining(std::move(answer));
    }
    if (member.syncing) member.syncing({KafkaError::kUnknownMemberId, {}, {}, {}});
    if (leader_ == member_id) leader_.clear();
}

void Group::rebalance(int64_t now_us) {
    if (state_ != GroupState::kPreparingRebalance) {
        for (auto& [id, member] : members_) {
            member.assignment.clear();
            if (member.syncing)
                std::exchange(member.syncing,
                              nullptr)({KafkaError::kRebalanceInProgress, {}, {}, {}});
        }
        Duration longest{0};
        for (const auto& [id, member] : members_)
            longest = std::max(longest, member.rebalance_timeout);
        rebalance_deadline_us_ = now_us + longest.us;
        if (state_ == GroupState::kEmpty && options_.initial_delay.us > 0) {
            initial_limit_us_ = rebalance_deadline_us_;
            initial_until_us_ = std::min(now_us + options_.initial_delay.us, initial_limit_us_);
        }
        state_ = GroupState::kPreparingRebalance;
    }
    complete_join_if_ready(now_us);
}

bool Group::all_joined() const {
    return pending_.empty() &&
           std::ranges::all_of(members_, [](const auto& m) { return bool(m.second.joining); });
}

void Group::complete_join_if_ready(int64_t now_us) {
    if (state_ != GroupState::kPreparingRebalance) return;
    if (initial_until_us_ > 0 ? now_us >= initial_until_us_
                              : all_joined() || now_us >= rebalance_deadline_us_)
        complete_join(now_us);
}

void Group::complete_join(int64_t now_us) {
    initial_until_us_ = 0;
    // Who did not come back is out; static members keep their place until their session ends.
    std::vector<std::string> absent;
    for (const auto& [id, member] : members_)
        if (!member.joining && !member.instance_id) absent.push_back(id);
    for (const auto& id : absent)
        remove_member(id);
    ++generation_;
    if (members_.empty()) {
        state_ = GroupState::kEmpty;
        protocol_.clear();
        leader_.clear();
        return;
    }
    elect_leader();
    if (leader_.empty()) {  // only absent static members: wait on until one returns or all expire
        --generation_;
        rebalance_deadline_us_ = now_us + members_.begin()->second.rebalance_timeout.us;
        return;
    }
    choose_protocol();
    state_ = GroupState::kCompletingRebalance;
    Duration longest{0};
    for (const auto& [id, member] : members_)
        longest = std::max(longest, member.rebalance_timeout);
    rebalance_deadline_us_ = now_us + longest.us;
    for (auto& [id, member] : members_) {
        if (!member.joining) continue;
        member.deadline_us = now_us + member.session_timeout.us;
        std::exchange(member.joining, nullptr)(answer_for(member));
    }
}

void Group::elect_leader() {
    const auto found = members_.find(leader_);
    if (found != members_.end() && found->second.joining) return;
    leader_.clear();
    for (const auto& [id, member] : members_) {
        if (!member.joining) continue;
        leader_ = id;
        return;
    }
}

// The protocol that all support and most like best; ties by name.
void Group::choose_protocol() {
    const auto all_support = [&](const std::string& name) {
        return std::ranges::all_of(members_, [&](const auto& entry) {
            return std::ranges::any_of(entry.second.protocols,
                                       [&](const auto& p) { return p.name == name; });
        });
    };
    std::map<std::string, int> votes;
    for (const auto& [id, member] : members_) {
        for (const auto& protocol : member.protocols) {
            if (!all_support(protocol.name)) continue;
            ++votes[protocol.name];
            break;
        }
    }
    protocol_.clear();
    int most = 0;
    for (const auto& [name, count] : votes) {
        if (count <= most) continue;
        most = count;
        protocol_ = name;
    }
}

JoinAnswer Group::answer_for(const Member& member) const {
    JoinAnswer answer;
    answer.generation = generation_;
    answer.protocol_type = protocol_type_;
    answer.protocol = protocol_;
    answer.leader = leader_;
    answer.member_id = member.id;
    if (member.id == leader_)
        for (const auto& [id, m] : members_)
            answer.members.push_back({id, m.instance_id, std::string(metadata_of(m))});
    return answer;
}

SyncAnswer Group::sync_answer(const Member& member) const {
    return {KafkaError::kNone, protocol_type_, protocol_, member.assignment};
}

void Group::sync(int64_t now_us, SyncRequest request, SyncCallback done) {
    auto error = validate(request.member_id, request.instance_id, request.generation);
    if (error == KafkaError::kNone &&
        ((request.protocol_type && *request.protocol_type != protocol_type_) ||
         (request.protocol && *request.protocol != protocol_)))
        error = KafkaError::kInconsistentGroupProtocol;
    if (error == KafkaError::kNone && state_ == GroupState::kPreparingRebalance)
        error = KafkaError::kRebalanceInProgress;
    if (error == KafkaError::kNone && state_ == GroupState::kEmpty)
        error = KafkaError::kUnknownMemberId;
    if (error != KafkaError::kNone) return done({error, {}, {}, {}});
    auto& member = members_.at(request.member_id);
    member.deadline_us = now_us + member.session_timeout.us;
    if (state_ == GroupState::kStable) return done(sync_answer(member));
    if (member.syncing)
        std::exchange(member.syncing, nullptr)({KafkaError::kRebalanceInProgress, {}, {}, {}});
    member.syncing = std::move(done);
    if (member.id != leader_) return;
    for (auto& [id, m] : members_) {
        const auto found = request.assignments.find(id);
        m.assignment = found == request.assignments.end() ? "" : std::move(found->second);
    }
    state_ = GroupState::kStable;
    for (auto& [id, m] : members_) {
        if (!m.syncing) continue;
        m.deadline_us = now_us + m.session_timeout.us;
        std::exchange(m.syncing, nullptr)(sync_answer(m));
    }
}

KafkaError Group::heartbeat(int64_t now_us, const std::string& member_id,
                            const std::optional<std::string>& instance_id, int32_t generation) {
    if (const auto error = validate(member_id, instance_id, generation); error != KafkaError::kNone)
        return error;
    auto& member = members_.at(member_id);
    member.deadline_us = now_us + member.session_timeout.us;
    return state_ == GroupState::kPreparingRebalance ? KafkaError::kRebalanceInProgress
                                                     : KafkaError::kNone;
}

KafkaError Group::leave(int64_t now_us, const std::string& member_id,
                        const std::optional<std::string>& instance_id) {
    if (state_ == GroupState::kDead) return KafkaError::kCoordinatorNotAvailable;
    auto id = member_id;
    if (pending_.erase(id) > 0) {
        complete_join_if_ready(now_us);
        return KafkaError::kNone;
    }
    if (instance_id) {
        const auto found = static_ids_.find(*instance_id);
        if (found == static_ids_.end()) return KafkaError::kUnknownMemberId;
        // An administrator removes a static member by its instance id alone.
        if (!id.empty() && found->second != id) return KafkaError::kFencedInstanceId;
        id = found->second;
    }
    if (!members_.contains(id)) return KafkaError::kUnknownMemberId;
    remove_member(id);
    after_departure(now_us);
    return KafkaError::kNone;
}

void Group::after_departure(int64_t now_us) {
    switch (state_) {
        case GroupState::kStable:
        case GroupState::kCompletingRebalance:
            return rebalance(now_us);
        case GroupState::kPreparingRebalance:
            return complete_join_if_ready(now_us);
        case GroupState::kEmpty:
        case GroupState::kDead:
            return;
    }
}

KafkaError Group::may_commit(int64_t now_us, const std::string& member_id,
                             const std::optional<std::string>& instance_id, int32_t generation) {
    if (state_ == GroupState::kDead) return KafkaError::kCoordinatorNotAvailable;
    // A client that assigns partitions to itself commits without being a member.
    if (generation < 0 && members_.empty()) return KafkaError::kNone;
    if (const auto error = validate(member_id, instance_id, generation); error != KafkaError::kNone)
        return error;
    if (state_ == GroupState::kCompletingRebalance) return KafkaError::kRebalanceInProgress;
    auto& member = members_.at(member_id);
    member.deadline_us = now_us + member.session_timeout.us;
    return KafkaError::kNone;
}

void Group::tick(int64_t now_us) {
    if (state_ == GroupState::kDead) return;
    std::erase_if(pending_, [&](const auto& entry) { return entry.second <= now_us; });
    std::vector<std::string> expired;
    for (const auto& [id, member] : members_) {
        const bool waits =
            member.joining || member.syncing;  // it cannot be heard of while we hold its answer
        const bool late_to_sync = state_ == GroupState::kCompletingRebalance && !member.syncing &&
                                  rebalance_deadline_us_ <= now_us;
        if ((!waits && member.deadline_us <= now_us) || late_to_sync) expired.push_back(id);
    }
    for (const auto& id : expired)
        remove_member(id);
    if (!expired.empty()) after_departure(now_us);
    complete_join_if_ready(now_us);
}

std::optional<int64_t> Group::next_deadline_us() const {
    if (state_ == GroupState::kDead) return std::nullopt;
    std::optional<int64_t> next;
    const auto consider = [&](int64_t t) {
        if (!next || t < *next) next = t;
    };
    for (const auto& [id, deadline] : pending_)
        consider(deadline);
    for (const auto& [id, member] : members_)
        if (!member.joining && !member.syncing) consider(member.deadline_us);
    if (state_ == GroupState::kPreparingRebalance)
        consider(initial_until_us_ > 0 ? initial_until_us_ : rebalance_deadline_us_);
    if (state_ == GroupState::kCompletingRebalance) consider(rebalance_deadline_us_);
    return next;
}

void Group::kill(KafkaError error) {
    state_ = GroupState::kDead;
    for (auto& [id, member] : members_) {
        if (member.joining) {
            JoinAnswer answer;
            answer.error = error;
            answer.member_id = id;
            std::exchange(member.joining, nullptr)(std::move(answer));
        }
        if (member.syncing) std::exchange(member.syncing, nullptr)({error, {}, {}, {}});
    }
}

}  // namespace tarn::kafka
