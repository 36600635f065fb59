#pragma once

// Consumer groups as people see them: who is in one, which partitions it reads, and how far behind
// it is. Plain values of one moment.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/time.h"

namespace tarn::kafka {

struct GroupMember {
    std::string id = {}, client_id = {};
    std::string host = {};                        // "127.0.0.1"
    std::optional<std::string> instance_id = {};  // of a static member
    int64_t partitions = 0;                       // that it was given
};

// A partition that the group has committed an offset of, or that one of its members was given.
struct GroupPartition {
    std::string topic = {};
    int32_t partition = 0;
    std::optional<int64_t> committed = {};  // the next offset it would read; none: never committed
    std::optional<Timestamp> committed_at = {};
    int64_t log_start = 0;    // the oldest offset that is still there
    int64_t log_end = 0;      // the high watermark
    std::string member = {};  // who was given it; empty: nobody

    // Records behind the committed offset; none without one.
    std::optional<int64_t> lag() const;
    // Retention has removed records that the group had not read: how many.
    int64_t missed() const;
};

// What a group reads of one topic.
struct GroupTopic {
    std::string name = {};
    int64_t partitions = 0;
    std::optional<int64_t> lag = {};  // of the partitions that have a committed offset
    int64_t missed = 0;
};

struct GroupInfo {
    std::string name = {};
    std::string state = {};          // "Stable", as Kafka's clients know it
    std::string protocol_type = {};  // "consumer"
    std::string protocol = {};       // of the assignment: "range"; empty while there is none
    int32_t generation = 0;          // 0: nobody is a member
    std::vector<GroupMember> members = {};
    std::vector<GroupPartition> partitions = {};  // by topic and partition

    std::vector<GroupTopic> topics() const;  // by name
    // Of all partitions that have a committed offset; none if no partition has.
    std::optional<int64_t> lag() const;
};

// What a member was given, out of the bytes that the group's leader made for it (Kafka's
// ConsumerProtocolAssignment). Bytes that are none give nothing.
struct AssignedPartition {
    std::string topic = {};
    int32_t partition = 0;
};
std::vector<AssignedPartition> assigned_partitions(std::string_view assignment);

}  // namespace tarn::kafka
