#include "commit_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/delta/actions_json.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/row_tracking.h"

namespace tarn::delta {
namespace {

constexpr std::string_view kEnableTimes = "delta.enableInCommitTimestamps";
constexpr std::string_view kTimesVersion = "delta.inCommitTimestampEnablementVersion";
constexpr std::string_view kTimesTimestamp = "delta.inCommitTimestampEnablementTimestamp";

void set(StringMap& map, std::string_view key, std::string value) {
    std::erase_if(map, [&](const auto& one) { return one.first == key; });
    map.emplace_back(std::string(key), std::move(value));
}

// PROTOCOL.md "In-Commit Timestamps".
void set_time(CommitRequest& request, int64_t version, const Snapshot* before) {
    const int64_t previous = before ? before->commit_ms + 1 : 0;
    const int64_t time = std::max(request.time.ms(), previous);
    request.info.timestamp_ms = time;
    request.info.in_commit_timestamp_ms = std::nullopt;
    const auto& protocol = request.protocol ? *request.protocol : before->protocol;
    const auto& metadata = request.metadata ? *request.metadata : *before->metadata;
    if (!keeps_times(protocol, metadata)) return;
    request.info.in_commit_timestamp_ms = time;
    if (before && request.metadata && !keeps_times(before->protocol, *before->metadata)) {
        set(request.metadata->configuration, kTimesVersion, std::to_string(version));
        set(request.metadata->configuration, kTimesTimestamp, std::to_string(time));
    }
}

// PROTOCOL.md "Row Tracking": every file that is new gets ids of its own for its rows; files that
// come with theirs (of a clone, or of an older version) keep them. What Tarn writes anew keeps its
// ids in hidden columns.
Status number_rows(CommitRequest& request, int64_t version, const Snapshot* before) {
    const auto& protocol = request.protocol ? *request.protocol : before->protocol;
    const auto& metadata = request.metadata ? *request.metadata : *before->metadata;
    if (!numbers_rows(protocol, metadata)) return {};
    const int64_t known = before ? row_id_high_water_mark(*before) : -1;
    int64_t mark = known;
    auto count = [&](int64_t first, int64_t records) {
        records = std::max<int64_t>(0, records);
        if (first < 0 || first > INT64_MAX - records) return false;
        mark = std::max(mark, first + records - 1);
        return true;
    };
    bool fits = known >= -1 && known < INT64_MAX;
    for (const auto& add : request.adds)
        if (!add.numbered_here && add.base_row_id)
            fits = fits && count(*add.base_row_id, add.records);
    for (auto& add : request.adds) {
        if (!add.numbered_here && add.base_row_id) continue;
        if (!fits || mark == INT64_MAX) break;
        add.numbered_here = true;
        add.base_row_id = mark + 1;
        add.default_row_commit_version = version;
        fits = count(mark + 1, add.records);
    }
    if (!fits)
        return fail(errors::kTableDamaged, "the row ids of a table are used up, or are not sound");
    if (is_true(metadata.configuration, kEnableRowTracking))
        request.info.tags = {{"delta.rowTracking.preserved", "true"}};
    std::erase_if(request.domains,
                  [](const auto& one) { return one.domain == kRowTrackingDomain; });
    if (mark == known) return {};
    request.domains.push_back(
        {kRowTrackingDomain, fmt::format(R"({{"rowIdHighWaterMark":{}}})", mark), false});
    return {};
}

// Each action once, in the order of a commit.
template <class Request, class F>
void each_action(Request& request, F&& f) {
    f(request.info);
    if (request.protocol) f(*request.protocol);
    if (request.metadata) f(*request.metadata);
    auto all = [&](auto& actions) {
        for (auto& action : actions)
            f(action);
    };
    all(request.transactions);
    all(request.domains);
    all(request.removes);
    all(request.adds);
    all(request.changes);
}

}  // namespace

bool keeps_times(const Protocol& protocol, const Metadata& metadata) {
    return is_true(metadata.configuration, kEnableTimes) &&
           has_writer_feature(protocol, "inCommitTimestamp");
}

Status number(CommitRequest& request, int64_t version, const Snapshot* before) {
    set_time(request, version, before);
    if (version > 0) request.info.read_version = version - 1;
    request.info.isolation =
        name_of(request.reads ? request.reads->isolation : Isolation::kSerializable);
    return number_rows(request, version, before);
}

std::string commit_text(const CommitRequest& request) {
    std::string text;
    each_action(request, [&](const auto& action) { append_json(text, action); });
    return text;
}

std::vector<Action> actions_of(CommitRequest&& request) {
    std::vector<Action> out;
    each_action(request, [&](auto& action) { out.emplace_back(std::move(action)); });
    return out;
}

}  // namespace tarn::delta
