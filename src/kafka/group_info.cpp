// Groups for people, out of the coordinator's state machines, the committed offsets and the log.

#include <algorithm>
#include <map>
#include <set>

#include "coordinator.h"
#include "tarn/kafka/groups.h"

namespace tarn::kafka {

std::optional<int64_t> GroupPartition::lag() const {
    if (!committed) return std::nullopt;
    return std::max<int64_t>(0, log_end - *committed);
}

int64_t GroupPartition::missed() const {
    return committed ? std::max<int64_t>(0, log_start - *committed) : 0;
}

std::vector<GroupTopic> GroupInfo::topics() const {
    std::vector<GroupTopic> all;
    for (const auto& p : partitions) {
        if (all.empty() || all.back().name != p.topic) all.push_back({.name = p.topic});
        auto& topic = all.back();
        ++topic.partitions;
        topic.missed += p.missed();
        if (const auto lag = p.lag()) topic.lag = topic.lag.value_or(0) + *lag;
    }
    return all;
}

std::optional<int64_t> GroupInfo::lag() const {
    std::optional<int64_t> sum;
    for (const auto& p : partitions)
        if (const auto lag = p.lag()) sum = sum.value_or(0) + *lag;
    return sum;
}

std::vector<AssignedPartition> assigned_partitions(std::string_view assignment) {
    std::vector<AssignedPartition> all;
    Decoder in(assignment, false);
    int16_t version = 0;
    in.read_int16(version);
    struct Topic {
        std::string name;
        std::vector<int32_t> partitions;
    };
    std::vector<Topic> topics;
    in.read_array(topics, false, 6, [&](Topic& topic) {
        in.read_string(topic.name);
        in.read_array(topic.partitions, false, 4, [&](int32_t& p) { in.read_int32(p); });
    });
    if (!in.ok() || version < 0) return all;
    for (const auto& topic : topics)
        for (const auto partition : topic.partitions)
            all.push_back({topic.name, partition});
    return all;
}

namespace {

using PartitionKey = std::pair<std::string, int32_t>;

// What the state machine knows; `given` says who was given which partition.
void add_members(const Group& group, GroupInfo& info, std::map<PartitionKey, std::string>& given) {
    info.state = to_string(group.state());
    info.protocol_type = group.protocol_type();
    info.generation = group.generation();
    const bool stable = group.state() == GroupState::kStable;
    if (stable) info.protocol = group.protocol();
    for (const auto& [id, member] : group.members()) {
        auto& shown = info.members.emplace_back();
        shown.id = id;
        shown.client_id = member.client_id;
        shown.host =
            member.client_host.starts_with('/') ? member.client_host.substr(1) : member.client_host;
        shown.instance_id = member.instance_id;
        if (!stable || group.protocol_type() != "consumer") continue;
        for (auto& p : assigned_partitions(member.assignment)) {
            given[{std::move(p.topic), p.partition}] = id;
            ++shown.partitions;
        }
    }
}

void add_partitions(Broker& broker, GroupInfo& info,
                    const std::map<PartitionKey, std::string>& given) {
    std::map<PartitionKey, GroupPartition> all;
    const auto add = [&](const log::TopicInfo& topic, int32_t partition) -> GroupPartition* {
        const auto offsets = broker.log().offsets({topic.id, partition});
        if (!offsets) return nullptr;
        auto& shown = all[{topic.name, partition}];
        shown.topic = topic.name;
        shown.partition = partition;
        shown.log_start = offsets->log_start_offset;
        shown.log_end = offsets->high_watermark;
        return &shown;
    };
    for (const auto& [id, committed] : broker.coordinator->offsets().of_group(info.name)) {
        const auto topic = broker.log().find_topic(id.topic);
        auto* shown = topic ? add(*topic, id.partition) : nullptr;  // none: deleted since
        if (!shown) continue;
        shown->committed = committed.offset;
        shown->committed_at = Timestamp::from_ms(committed.committed_at_ms);
    }
    for (const auto& [key, member] : given) {
        const auto topic = broker.log().find_topic(key.first);
        if (auto* shown = topic ? add(*topic, key.second) : nullptr) shown->member = member;
    }
    for (auto& [key, shown] : all)
        info.partitions.push_back(std::move(shown));
}

}  // namespace

std::optional<GroupInfo> describe_group(Broker& broker, const std::string& name) {
    GroupInfo info{.name = name};
    std::map<PartitionKey, std::string> given;
    const bool live = broker.coordinator->inspect(
        name, [&](const Group& group) { add_members(group, info, given); });
    if (!live) {
        if (!broker.coordinator->offsets().has_group(name)) return std::nullopt;
        info.state = to_string(GroupState::kEmpty);
        info.protocol_type = "consumer";
    }
    add_partitions(broker, info, given);
    return info;
}

std::vector<GroupInfo> list_all_groups(Broker& broker) {
    std::set<std::string> names;
    broker.coordinator->inspect_all([&](const Group& group) { names.insert(group.id()); });
    for (auto& name : broker.coordinator->offsets().groups())
        names.insert(std::move(name));
    std::vector<GroupInfo> all;
    for (const auto& name : names)
        if (auto info = describe_group(broker, name)) all.push_back(std::move(*info));
    return all;
}

}  // namespace tarn::kafka
