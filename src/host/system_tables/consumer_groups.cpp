#include "tarn/host/system_table.h"

namespace tarn::host {
namespace {

using codec::ColumnType;

constexpr SystemColumn kColumns[] = {
    {"name", ColumnType::kText, "The group."},
    {"state", ColumnType::kText,
     "`Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable` or `Dead`."},
    {"members", ColumnType::kInt64, "Consumers that are in it now."},
    {"topic", ColumnType::kText, "The topic; empty if the group reads none yet."},
    {"partition", ColumnType::kInt32, "Its partition, from 0."},
    {"committed_offset", ColumnType::kInt64,
     "The next offset the group would read; NULL if it never committed one."},
    {"committed_at", ColumnType::kTimestamp, "When it did."},
    {"log_start_offset", ColumnType::kInt64, "The oldest offset that is still there."},
    {"log_end_offset", ColumnType::kInt64, "The next offset: everything below is durable."},
    {"lag", ColumnType::kInt64, "Records from the committed offset to the end."},
    {"member", ColumnType::kText, "The member that was given the partition; empty for nobody."},
    {"client_id", ColumnType::kText, "What this member's client calls itself."},
};

std::string_view client_of(const kafka::GroupInfo& group, std::string_view member) {
    for (const auto& m : group.members)
        if (m.id == member) return m.client_id;
    return {};
}

void fill(const SystemSources& sources, SystemRows& rows) {
    if (!sources.groups) return;
    for (const auto& group : sources.groups()) {
        const auto begin = [&]() -> SystemRows& {
            return rows.text(group.name).text(group.state).number(int64_t(group.members.size()));
        };
        for (const auto& p : group.partitions)
            begin()
                .text(p.topic)
                .number(p.partition)
                .number(p.committed)
                .time(p.committed_at)
                .number(p.log_start)
                .number(p.log_end)
                .number(p.lag())
                .text(p.member)
                .text(client_of(group, p.member));
        if (!group.partitions.empty()) continue;
        const std::optional<int64_t> none;
        begin().text("").number(none).number(none).time({}).number(none).number(none).number(none);
        rows.text("").text("");
    }
}

}  // namespace

SystemTable consumer_groups_table() {
    return {"consumer_groups",
            "Every partition that a consumer group reads, with its committed offset and lag.",
            kColumns, fill};
}

}  // namespace tarn::host
