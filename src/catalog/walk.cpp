// Topics, and the flows that read them.

#include "walk.h"

#include <algorithm>

#include <fmt/format.h>

namespace tarn::catalog {

Step& Walk::add(std::string kind, std::string name, std::string state, std::string detail) {
    steps_.push_back(
        {std::move(kind), std::move(name), std::move(state), std::move(detail), {}, {}, {}});
    return steps_.back();
}

const flow::RunRecord* Walk::run_of(const flow::FlowStatus& flow, int32_t partition,
                                    int64_t position) const {
    for (const auto& run : runs_) {
        if (run.flow != flow.name) continue;
        for (const auto& range : run.ranges)
            if (range.partition == partition && position >= range.from && position < range.to)
                return &run;
    }
    return nullptr;
}

// Adds the flow's own step. True if it has not come to the position yet.
bool Walk::waits(const flow::FlowStatus& flow, int32_t partition, int64_t position) {
    auto at = std::ranges::find(flow.positions, partition, &flow::PartitionPosition::partition);
    if (at == flow.positions.end() || position >= at->next_offset) {
        auto before = at == flow.positions.end() ? 0 : position - at->next_offset;
        auto unit = flow.kind == "model" ? "versions" : "records";
        std::string why = flow.reason;
        if (flow.state == flow::FlowState::kPaused)
            why = fmt::format("the flow is paused: tarn flow resume {}", flow.name);
        add("flow", flow.name, "waiting",
            fmt::format("{} {} are before it{}{}", before, unit, why.empty() ? "" : "; ", why));
        return true;
    }
    if (position < at->start_offset) {
        add("flow", flow.name, "unknown", "the flow began after it");
        return true;
    }
    auto& step = add("flow", flow.name, "passed");
    if (const auto* run = run_of(flow, partition, position)) {
        step.epoch = run->epoch;
        step.at = run->started + run->elapsed;
    } else {
        step.detail = "its batch is not among the newest runs any more";
    }
    return false;
}

// The event among a flow's late records or dead letters: its steps, and true, if it is there.
Result<bool> Walk::side(const flow::FlowStatus& flow, const EventPlace& place,
                        const std::string& state) {
    for (const auto& [kind, topic] : flow.sinks) {
        if (kind != "topic") continue;
        TARN_TRY(auto record, search_.aside(topic, place));
        std::string reason, more;
        std::optional<EventPlace> there;
        if (record) {
            there = record->place;
            for (const auto& [key, words] : record->headers) {
                if (key == "tarn.reason") reason = words;
                if (key == "tarn.field" && !words.empty()) more += " field " + words + ";";
                if (key == "tarn.watermark" && !words.empty()) more += " watermark " + words + ";";
                if (key == "tarn.window_end" && !words.empty())
                    more += " window end " + words + ";";
            }
        }
        for (const auto& other : flows_) {  // older than what the log was searched for
            if (record || other.source.name != topic) continue;
            for (const auto& [sink_kind, table] : other.sinks) {
                if (sink_kind != "table") continue;
                auto rows = search_.rows(fmt::format(
                    "select reason, _partition, _offset from {} where source_partition = {} and "
                    "source_offset = {} limit 1",
                    table, place.partition, place.offset));
                if (!rows || rows->empty()) continue;
                reason = rows->front().value("reason", "");
                there = EventPlace{topic, rows->front().value("_partition", 0),
                                   rows->front().value("_offset", int64_t(0))};
            }
        }
        if (!there) continue;
        if (more.ends_with(";")) more.pop_back();
        auto& step = steps_.back();  // of the flow
        step.state = state;
        if (reason == state && !more.empty())  // the state says it
            step.detail = more.substr(1);
        else
            step.detail = reason + (more.empty() ? "" : ":" + more);
        TARN_RETURN_IF_ERROR(this->topic(*there));
        return true;
    }
    return false;
}

Status Walk::topic(const EventPlace& place) {
    if (!seen_.insert("topic " + place.topic).second) return {};
    add("topic", place.topic, "passed",
        fmt::format("partition {} offset {}", place.partition, place.offset));
    for (const auto& flow : flows_)
        if (flow.source.name == place.topic && flow.kind == "table")
            TARN_RETURN_IF_ERROR(table_flow(flow, place));
    for (const auto& flow : flows_)
        if (flow.source.name == place.topic && flow.kind == "live")
            TARN_RETURN_IF_ERROR(live_flow(flow, place));
    return {};
}

Status Walk::table_flow(const flow::FlowStatus& flow, const EventPlace& place) {
    if (waits(flow, place.partition, place.offset)) return {};
    auto flow_step = steps_.size() - 1;
    for (const auto& [kind, name] : flow.sinks) {
        if (kind != "table") continue;
        TARN_TRY(auto row, row_at(name, place));
        if (!row) {
            TARN_TRY(bool aside, side(flow, place, "dead_letter"));
            rejected_ = rejected_ || aside;
            if (!aside)
                add("table", name, "lost",
                    "the flow has passed it, and it is neither in the table nor a dead letter");
            continue;
        }
        auto& step = add("table", name, "passed");
        commit_of(step, name, row->value("_batch_id", int64_t(-1)), steps_[flow_step].at);
        auto& of_flow = steps_[flow_step];
        if (!of_flow.epoch) {
            of_flow.epoch = step.epoch;
            of_flow.at = step.at;
            of_flow.detail.clear();
        }
        TARN_RETURN_IF_ERROR(table(name, *row));
    }
    return {};
}

Status Walk::live_flow(const flow::FlowStatus& flow, const EventPlace& place) {
    if (waits(flow, place.partition, place.offset)) return {};
    if (rejected_) {
        steps_.back().detail = "it is no event, so no window counts it";
        return {};
    }
    TARN_TRY(bool late, side(flow, place, "late"));
    if (late) return {};
    for (const auto& [kind, name] : flow.sinks) {
        if (kind != "view") continue;
        auto epoch = steps_.back().epoch;
        auto at = steps_.back().at;
        auto& step = add("view", name, "passed", "counted in its windows");
        step.epoch = epoch;
        step.at = at;
    }
    return {};
}

std::string Walk::verdict() const {
    auto first = [&](std::string_view state) -> const Step* {
        auto it = std::ranges::find(steps_, state, &Step::state);
        return it == steps_.end() ? nullptr : &*it;
    };
    if (const auto* step = first("lost"))
        return fmt::format("Lost: {} misses it: {}.", step->name, step->detail);
    if (const auto* step = first("dead_letter"))
        return fmt::format("A dead letter: {} could not decode it: {}.", step->name, step->detail);
    if (const auto* step = first("quarantined"))
        return fmt::format("In quarantine: {} could not take it: {}.", step->name, step->detail);
    std::string tail;
    if (const auto* step = first("late"))
        tail = fmt::format(" Late for {}: {}.", step->name, step->detail);
    if (const auto* step = first("duplicate"))
        return fmt::format("A duplicate for {}: {}.{}", step->name, step->detail, tail);
    auto passed = std::ranges::count(steps_, "passed", &Step::state);
    std::optional<Timestamp> last;
    for (const auto& step : steps_)
        if (step.at) last = std::max(last.value_or(*step.at), *step.at);
    std::string when = last && sent ? fmt::format(", the last one {:.2f} s after it was sent",
                                                  (*last - *sent).sec())
                                    : "";
    if (const auto* step = first("waiting"))
        return fmt::format("It has passed {} of {} steps and waits for {}: {}.{}", passed,
                           steps_.size(), step->name, step->detail, tail);
    if (const auto* step = first("unknown"))
        return fmt::format("It has passed {} of {} steps{}; of {} it is not known: {}.{}", passed,
                           steps_.size(), when, step->name, step->detail, tail);
    if (!tail.empty()) return tail.substr(1) + " Every table has it.";
    return fmt::format("It has passed all {} steps{}.", steps_.size(), when);
}

}  // namespace tarn::catalog
