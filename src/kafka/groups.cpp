// JoinGroup, SyncGroup, Heartbeat, LeaveGroup, DescribeGroups, ListGroups, DeleteGroups.

#include <algorithm>
#include <set>

#include "coordinator.h"
#include "handlers.h"

namespace tarn::kafka {
namespace {

// Shorter ones would make an absent group spin.
constexpr Duration kMinRebalanceTimeout = Duration::millis(100);

JoinRequest to_join(Broker& broker, const JoinGroupRequest& request, const Request& raw) {
    JoinRequest join;
    join.member_id = request.member_id;
    join.instance_id = request.group_instance_id;
    join.client_id = raw.header.client_id;
    join.client_host = "/" + raw.peer->host;
    join.session_timeout = Duration::millis(request.session_timeout_ms);
    // Version 0 had none of its own.
    join.rebalance_timeout =
        std::max(request.rebalance_timeout_ms < 0 ? join.session_timeout
                                                  : Duration::millis(request.rebalance_timeout_ms),
                 kMinRebalanceTimeout);
    join.protocol_type = request.protocol_type;
    for (const auto& protocol : request.protocols)
        join.protocols.push_back({protocol.name, protocol.metadata});
    join.needs_known_id = raw.header.version >= 4;
    join.can_skip_assignment = raw.header.version >= 9;
    if (request.member_id.empty())
        join.new_member_id = broker.coordinator->new_member_id(
            request.group_instance_id.value_or(raw.header.client_id));
    return join;
}

JoinGroupResponse to_response(JoinAnswer answer, int16_t version) {
    JoinGroupResponse response;
    response.error_code = code(answer.error);
    response.generation_id = answer.generation;
    if (answer.error == KafkaError::kNone) {
        response.protocol_type = std::move(answer.protocol_type);
        response.protocol_name = std::move(answer.protocol);
    } else if (version < 7) {
        response.protocol_name = "";
    }
    response.leader = std::move(answer.leader);
    response.skip_assignment = answer.skip_assignment;
    response.member_id = std::move(answer.member_id);
    for (auto& member : answer.members)
        response.members.push_back(
            {std::move(member.id), std::move(member.instance_id), std::move(member.metadata)});
    return response;
}

void describe_one(Broker& broker, const Request& raw, const std::string& id,
                  DescribeGroupsResponse::Group& answer) {
    answer.group_id = id;
    if (const auto denied = broker.may(raw, id); denied != KafkaError::kNone) {
        answer.error_code = code(denied);
        answer.error_message = "not permitted";
        return;
    }
    const bool found = broker.coordinator->inspect(id, [&](const Group& group) {
        answer.group_state = to_string(group.state());
        answer.protocol_type = group.protocol_type();
        const bool stable = group.state() == GroupState::kStable;
        if (stable) answer.protocol_data = group.protocol();
        for (const auto& [member_id, member] : group.members())
            answer.members.push_back({member_id, member.instance_id, member.client_id,
                                      member.client_host,
                                      stable ? std::string(group.metadata_of(member)) : "",
                                      stable ? member.assignment : ""});
    });
    if (found) return;
    if (broker.coordinator->offsets().has_group(id)) {
        answer.group_state = to_string(GroupState::kEmpty);
        answer.protocol_type = "consumer";
        return;
    }
    answer.group_state = to_string(GroupState::kDead);
    if (raw.header.version >= 6) {
        answer.error_code = code(KafkaError::kGroupIdNotFound);
        answer.error_message = "no such group";
    }
}

}  // namespace

void join_group(Broker& broker, Call<JoinGroupRequest, JoinGroupResponse> call) {
    const auto& request = call.request;
    auto error = KafkaError::kNone;
    const auto session = Duration::millis(request.session_timeout_ms);
    if (request.group_id.empty())
        error = KafkaError::kInvalidGroupId;
    else if (const auto denied = broker.may(*call.raw, request.group_id);
             denied != KafkaError::kNone)
        error = denied;
    else if (session < broker.options.min_session_timeout ||
             session > broker.options.max_session_timeout)
        error = KafkaError::kInvalidSessionTimeout;
    if (error != KafkaError::kNone) {
        JoinAnswer answer;
        answer.error = error;
        answer.member_id = request.member_id;
        return call.reply(to_response(std::move(answer), call.version()));
    }
    auto join = to_join(broker, request, *call.raw);
    const auto group = request.group_id;
    broker.coordinator->join(group, std::move(join),
                             [call = std::move(call)](JoinAnswer answer) mutable {
                                 call.reply(to_response(std::move(answer), call.version()));
                             });
}

void sync_group(Broker& broker, Call<SyncGroupRequest, SyncGroupResponse> call) {
    SyncRequest sync;
    auto& request = call.request;
    if (const auto denied = broker.may(*call.raw, request.group_id); denied != KafkaError::kNone) {
        SyncGroupResponse response;
        response.error_code = code(denied);
        return call.reply(response);
    }
    sync.member_id = request.member_id;
    sync.instance_id = request.group_instance_id;
    sync.generation = request.generation_id;
    sync.protocol_type = request.protocol_type;
    sync.protocol = request.protocol_name;
    for (auto& assignment : request.assignments)
        sync.assignments[assignment.member_id] = std::move(assignment.assignment);
    const auto group = request.group_id;
    broker.coordinator->sync(group, std::move(sync),
                             [call = std::move(call)](SyncAnswer answer) mutable {
                                 SyncGroupResponse response;
                                 response.error_code = code(answer.error);
                                 if (answer.error == KafkaError::kNone) {
                                     response.protocol_type = std::move(answer.protocol_type);
                                     response.protocol_name = std::move(answer.protocol);
                                     response.assignment = std::move(answer.assignment);
                                 }
                                 call.reply(response);
                             });
}

void heartbeat(Broker& broker, Call<HeartbeatRequest, HeartbeatResponse> call) {
    const auto& r = call.request;
    HeartbeatResponse response;
    auto error = broker.may(*call.raw, r.group_id);
    if (error == KafkaError::kNone)
        error = broker.coordinator->with_group(r.group_id, [&](Group& group, int64_t now) {
            return group.heartbeat(now, r.member_id, r.group_instance_id, r.generation_id);
        });
    response.error_code = code(error);
    call.reply(response);
}

void leave_group(Broker& broker, Call<LeaveGroupRequest, LeaveGroupResponse> call) {
    LeaveGroupResponse response;
    if (const auto denied = broker.may(*call.raw, call.request.group_id);
        denied != KafkaError::kNone) {
        response.error_code = code(denied);
        return call.reply(response);
    }
    const auto leave = [&](const std::string& member, const std::optional<std::string>& instance) {
        return broker.coordinator->with_group(
            call.request.group_id,
            [&](Group& group, int64_t now) { return group.leave(now, member, instance); });
    };
    if (call.version() < 3) {
        response.error_code = code(leave(call.request.member_id, std::nullopt));
    } else {
        for (const auto& member : call.request.members)
            response.members.push_back({member.member_id, member.group_instance_id,
                                        code(leave(member.member_id, member.group_instance_id))});
    }
    call.reply(response);
}

void describe_groups(Broker& broker, Call<DescribeGroupsRequest, DescribeGroupsResponse> call) {
    DescribeGroupsResponse response;
    for (const auto& id : call.request.groups)
        describe_one(broker, *call.raw, id, response.groups.emplace_back());
    call.reply(response);
}

void list_groups(Broker& broker, Call<ListGroupsRequest, ListGroupsResponse> call) {
    ListGroupsResponse response;
    const auto wanted = [](const std::vector<std::string>& filter, std::string_view value) {
        const auto equal = [&](const std::string& f) {
            return std::ranges::equal(f, value,
                                      [](char a, char b) { return (a | 32) == (b | 32); });
        };
        return filter.empty() || std::ranges::any_of(filter, equal);
    };
    const auto add = [&](const std::string& id, const std::string& type, GroupState state) {
        if (broker.may(*call.raw, id) == KafkaError::kNone &&
            wanted(call.request.states_filter, to_string(state)) &&
            wanted(call.request.types_filter, "classic"))
            response.groups.push_back({id, type, std::string(to_string(state)), "classic"});
    };
    std::set<std::string> live;
    broker.coordinator->inspect_all([&](const Group& group) {
        live.insert(group.id());
        add(group.id(), group.protocol_type(), group.state());
    });
    for (const auto& id : broker.coordinator->offsets().groups())
        if (!live.contains(id)) add(id, "consumer", GroupState::kEmpty);
    call.reply(response);
}

void delete_groups(Broker& broker, Call<DeleteGroupsRequest, DeleteGroupsResponse> call) {
    // Answered when the last group's offsets are gone for good.
    struct State {
        Call<DeleteGroupsRequest, DeleteGroupsResponse> call;
        DeleteGroupsResponse response;
        std::atomic<size_t> left{1};
        void finish_one() {
            if (left.fetch_sub(1) == 1) call.reply(response);
        }
    };
    auto state = std::make_shared<State>();
    state->call = std::move(call);
    const auto& names = state->call.request.groups_names;
    state->response.results.resize(names.size());
    state->left += names.size();
    for (size_t i = 0; i < names.size(); ++i) {
        state->response.results[i].group_id = names[i];
        if (const auto denied = broker.may(*state->call.raw, names[i]);
            denied != KafkaError::kNone) {
            state->response.results[i].error_code = code(denied);
            state->finish_one();
            continue;
        }
        broker.coordinator->remove(names[i], [state, i](KafkaError error) {
            state->response.results[i].error_code = code(error);
            state->finish_one();
        });
    }
    state->finish_one();
}

}  // namespace tarn::kafka
