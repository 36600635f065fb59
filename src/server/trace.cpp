#include "trace.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "event_search.h"
#include "host_names.h"
#include "sinks.h"
#include "tarn/log/error_ids.h"
#include "tarn/sql/quote.h"

namespace tarn::server {
namespace {

using nlohmann::ordered_json;
constexpr int64_t kHistoryLookedAt = 500;  // commits of a table
constexpr size_t kRunsLookedAt = 2'000;

struct Step {
    std::string kind, name, state, detail;
    std::optional<Timestamp> at;
    std::optional<int64_t> epoch, version;
};

// One walk over the graph for one event.
class Walk {
  public:
    Walk(const Platform& platform, EventSearch& search)
        : platform_(platform),
          search_(search),
          flows_(platform.flows.list()),
          runs_(platform.flows.runs(kRunsLookedAt)) {}

    Status topic(const EventPlace& place);
    std::string verdict() const;
    void write(ordered_json& out) const;

    std::optional<Timestamp> sent;
    std::string id;

  private:
    Step& add(std::string kind, std::string name, std::string state, std::string detail = {});
    Status table_flow(const flow::FlowStatus& flow, const EventPlace& place);
    Status live_flow(const flow::FlowStatus& flow, const EventPlace& place);
    Status table(const std::string& name, const nlohmann::json& row);
    Status model_flow(const flow::FlowStatus& flow, int64_t version, const nlohmann::json& row);
    Status model_sink(const flow::FlowStatus& flow, const std::string& name,
                      const nlohmann::json& row, const Step& of_flow);
    Result<bool> side(const flow::FlowStatus& flow, const EventPlace& place,
                      const std::string& state);
    bool waits(const flow::FlowStatus& flow, int32_t partition, int64_t position);
    const flow::RunRecord* run_of(const flow::FlowStatus& flow, int32_t partition,
                                  int64_t position) const;
    Result<std::optional<nlohmann::json>> row_at(const std::string& table, const EventPlace& place);
    bool has_column(const std::string& table, std::string_view column);
    void commit_of(Step& step, const std::string& table, int64_t epoch,
                   std::optional<Timestamp> visible);

    const Platform& platform_;
    EventSearch& search_;
    std::vector<flow::FlowStatus> flows_;
    std::vector<flow::RunRecord> runs_;
    std::vector<Step> steps_;
    std::set<std::string> seen_;  // tables and topics
    bool rejected_ = false;       // it is in a quarantine topic: no row of it anywhere
};

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
        step.detail = "its epoch is not among the newest runs any more";
    }
    return false;
}

bool Walk::has_column(const std::string& table, std::string_view column) {
    auto info = platform_.lake.describe(table);
    return info && std::ranges::find(info->columns, column, &codec::ColumnSpec::name) !=
                       info->columns.end();
}

// Epoch and version of the commit that brought a row of the epoch. `visible`: the end of the flow's
// run, where it is known; a commit's own time is that of its epoch's beginning.
void Walk::commit_of(Step& step, const std::string& table, int64_t epoch,
                     std::optional<Timestamp> visible) {
    step.epoch = epoch;
    step.at = visible;
    auto history = platform_.lake.history(table, kHistoryLookedAt);
    if (!history) return;
    for (const auto& entry : *history) {
        if (!entry.txn || entry.txn->version != epoch) continue;
        step.version = entry.version;
        if (!visible) step.at = entry.time;
        return;
    }
}

Result<std::optional<nlohmann::json>> Walk::row_at(const std::string& table,
                                                   const EventPlace& place) {
    TARN_TRY(auto rows, search_.rows(fmt::format("select * from {} where _partition = {} and "
                                                 "_offset = {} limit 1",
                                                 table, place.partition, place.offset)));
    if (rows.empty()) return std::optional<nlohmann::json>();
    return std::optional(std::move(rows.front()));
}

// The event among a flow's late or quarantined records: its steps, and true, if it is there.
Result<bool> Walk::side(const flow::FlowStatus& flow, const EventPlace& place,
                        const std::string& state) {
    for (const auto& [kind, topic] : flow.sinks) {
        if (kind != "topic") continue;
        TARN_TRY(auto record, search_.aside(topic, place));
        std::string reason, more;
        std::optional<EventPlace> there;
        if (record) {
            there = record->place;
            for (auto& header : record->record["headers"]) {
                auto key = header.value("key", "");
                auto& value = header["value"];
                std::string words = value.is_string()   ? value.get<std::string>()
                                    : value.is_object() ? value.value("text", value.dump())
                                                        : "";
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
            TARN_TRY(bool aside, side(flow, place, "quarantined"));
            rejected_ = rejected_ || aside;
            if (!aside)
                add("table", name, "lost",
                    "the flow has passed it, and it is neither in the table nor in quarantine");
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

// The flows that read a table, for one row of it.
Status Walk::table(const std::string& name, const nlohmann::json& row) {
    if (!seen_.insert("table " + name).second) return {};
    auto version = steps_.back().version;
    for (const auto& flow : flows_) {
        if (flow.source.name != name || flow.kind != "model") continue;
        if (!version) {
            add("flow", flow.name, "unknown",
                "the version that brought it is not among the table's newest commits");
            continue;
        }
        TARN_RETURN_IF_ERROR(model_flow(flow, *version, row));
    }
    return {};
}

Status Walk::model_flow(const flow::FlowStatus& flow, int64_t version, const nlohmann::json& row) {
    if (waits(flow, 0, version)) return {};
    const auto flow_step = steps_.size() - 1;
    const auto of_flow = steps_.back();
    std::vector<std::string> tables;
    for (const auto& [kind, name] : flow.sinks) {
        if (kind == "table") tables.push_back(name);
        if (kind == "view") add("view", name, "passed", "its rows follow the table");
    }
    // What fails a rule, or comes late, is in the table for that alone.
    auto aside = [&](const std::string& name) {
        return name.starts_with("late.") || has_column(name, "_reason");
    };
    for (const auto& name : tables) {
        if (!aside(name) || !has_column(name, "_offset")) continue;
        TARN_TRY(auto found,
                 row_at(name, {"", row.value("_partition", 0), row.value("_offset", int64_t(0))}));
        if (!found) continue;
        auto visible = steps_.back().at;
        bool late = name.starts_with("late.");
        steps_.back().state = late ? "late" : "quarantined";
        auto& reason = (*found)["_reason"];
        steps_.back().detail = reason.is_string() ? reason.get<std::string>()
                               : late             ? "it came after the watermark"
                                                  : "no reason is given";
        auto& step = add("table", name, "passed");
        commit_of(step, name, found->value("_batch_id", int64_t(-1)), visible);
        return {};
    }
    for (const auto& name : tables)
        if (!aside(name)) TARN_RETURN_IF_ERROR(model_sink(flow, name, row, of_flow));
    if (auto& step = steps_[flow_step]; !step.epoch && flow_step + 1 < steps_.size()) {
        step.epoch = steps_[flow_step + 1].epoch;  // its sink knows
        step.at = steps_[flow_step + 1].at;
        if (step.epoch) step.detail.clear();
    }
    return {};
}

Status Walk::model_sink(const flow::FlowStatus& flow, const std::string& name,
                        const nlohmann::json& row, const Step& of_flow) {
    auto visible = of_flow.at;
    auto epoch = of_flow.epoch;
    EventPlace place{"", row.value("_partition", 0), row.value("_offset", int64_t(0))};
    if (has_column(name, "_partition") && has_column(name, "_offset")) {
        TARN_TRY(auto found, row_at(name, place));
        if (found) {
            auto& step = add("table", name, "passed");
            commit_of(step, name, found->value("_batch_id", int64_t(-1)), visible);
            return table(name, *found);
        }
        if (!id.empty() && has_column(name, "event_id")) {
            TARN_TRY(auto twins,
                     search_.rows(fmt::format("select _partition, _offset from {} where "
                                              "event_id = {} limit 1",
                                              name, sql::quoted_text(id))));
            if (!twins.empty()) {
                add("table", name, "duplicate",
                    fmt::format("its id stands there already, from partition {} offset {}",
                                twins.front().value("_partition", 0),
                                twins.front().value("_offset", int64_t(0))));
                return {};
            }
        }
        add("table", name, "unknown",
            fmt::format("{} has passed it, and made no row of it", flow.name));
        return {};
    }
    auto session = row.find("session_id");
    if (session != row.end() && session->is_string() && has_column(name, "session_id")) {
        TARN_TRY(auto closed,
                 search_.rows(fmt::format("select * from {} where session_id = {} limit 1", name,
                                          sql::quoted_text(session->get<std::string>()))));
        if (closed.empty()) {
            add("table", name, "waiting", "its session is not closed yet");
            return {};
        }
        auto& step = add("table", name, "passed", "in the row of its session");
        if (closed.front().contains("_batch_id"))
            commit_of(step, name, closed.front().value("_batch_id", int64_t(-1)), {});
        return {};
    }
    auto& step = add("table", name, "passed", "counted in its rows");
    if (epoch) commit_of(step, name, *epoch, visible);
    return {};
}

std::string Walk::verdict() const {
    auto first = [&](std::string_view state) -> const Step* {
        auto it = std::ranges::find(steps_, state, &Step::state);
        return it == steps_.end() ? nullptr : &*it;
    };
    if (const auto* step = first("lost"))
        return fmt::format("Lost: {} misses it: {}.", step->name, step->detail);
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

void Walk::write(ordered_json& out) const {
    auto& list = out["steps"] = ordered_json::array();
    for (const auto& step : steps_) {
        ordered_json one;
        one["node"] = step.kind + ":" + step.name;
        one["kind"] = step.kind;
        one["name"] = step.name;
        one["state"] = step.state;
        one["at"] = step.at ? ordered_json(format_rfc3339(*step.at)) : ordered_json();
        one["since_send_ms"] =
            step.at && sent ? ordered_json(double((*step.at - *sent).us) / 1e3) : ordered_json();
        one["epoch"] = step.epoch ? ordered_json(*step.epoch) : ordered_json();
        one["version"] = step.version ? ordered_json(*step.version) : ordered_json();
        one["detail"] = step.detail;
        list.push_back(std::move(one));
    }
}

// Topics that no flow writes: where events come in.
std::vector<std::string> entry_topics(const std::vector<flow::FlowStatus>& flows) {
    const auto written = topics_written(flows);
    std::set<std::string> read;
    for (const auto& flow : flows)
        if (flow.source.kind == flow::kTopicKind) read.insert(flow.source.name);
    std::vector<std::string> out;
    std::ranges::set_difference(read, written, std::back_inserter(out));
    return out;
}

// By id, in the newest records of the topics, else in the tables that topics are written to.
Result<std::optional<EventPlace>> place_of(const Platform& platform, EventSearch& search,
                                           const std::string& id, const std::string& only_topic) {
    auto flows = platform.flows.list();
    auto topics = only_topic.empty() ? entry_topics(flows) : std::vector{only_topic};
    for (const auto& topic : topics) {
        TARN_TRY(auto record, search.by_id(topic, id));
        if (record) return std::optional(record->place);
    }
    for (const auto& flow : flows) {
        if (flow.kind != "table" || std::ranges::find(topics, flow.source.name) == topics.end())
            continue;
        for (const auto& [kind, table] : flow.sinks) {
            if (kind != "table") continue;
            for (const auto* column : {"event_id", "id"}) {
                auto rows =
                    search.rows(fmt::format("select _partition, _offset from {} where {} = "
                                            "{} order by _timestamp limit 1",
                                            table, column, sql::quoted_text(id)));
                if (!rows || rows->empty()) continue;  // most likely it has no such column
                return std::optional(EventPlace{flow.source.name,
                                                rows->front().value("_partition", 0),
                                                rows->front().value("_offset", int64_t(0))});
            }
        }
    }
    return std::optional<EventPlace>();
}

Result<Response> not_there(std::string sentence, const std::optional<EventPlace>& place) {
    ordered_json out;
    out["found"] = false;
    out["topic"] = place ? ordered_json(place->topic) : ordered_json();
    out["partition"] = place ? ordered_json(place->partition) : ordered_json();
    out["offset"] = place ? ordered_json(place->offset) : ordered_json();
    for (const auto* key : {"sent", "id", "value"})
        out[key] = nullptr;
    out["steps"] = ordered_json::array();
    out["verdict"] = std::move(sentence);
    Response response;
    response.body = out.dump();
    return response;
}

// What was asked for: a place, or nothing with the sentence that says why.
struct Asked {
    std::optional<EventPlace> place;
    std::string why;
};

Result<Asked> asked_for(const Platform& platform, EventSearch& search, const Target& target) {
    auto parameter = [&](std::string_view name) {
        auto it = target.query.find(name);
        return it == target.query.end() ? std::string() : it->second;
    };
    auto id = parameter("id"), topic = parameter("topic");
    auto info = platform.log.find_topic(topic);
    if (!topic.empty() && !info)
        return fail(errors::kNoTopic, fmt::format("there is no topic named '{}'", topic));
    if (!id.empty()) {
        TARN_TRY(auto place, place_of(platform, search, id, topic));
        return Asked{place, fmt::format("No event with the id {} is in the newest {} records of a "
                                        "partition, nor in a table.",
                                        id, kSearchedRecords)};
    }
    if (topic.empty() || !target.query.contains("offset"))
        return fail(ErrorCode::kInvalidArgument,
                    "a trace needs an id, or topic, partition and offset");
    TARN_TRY(const int64_t partition,
             number_parameter(target, "partition", 0, 0, info->config.partitions - 1));
    TARN_TRY(const int64_t offset, number_parameter(target, "offset", 0, 0, INT64_MAX));
    return Asked{EventPlace{topic, int32_t(partition), offset}, {}};
}

}  // namespace

Result<Response> trace(const Platform& platform, const Target& target) {
    EventSearch search(platform);
    TARN_TRY(auto asked, asked_for(platform, search, target));
    if (!asked.place) return not_there(std::move(asked.why), {});
    const auto& place = *asked.place;
    auto info = platform.log.find_topic(place.topic);
    auto offsets = info ? platform.log.offsets({info->id, place.partition}) : std::nullopt;
    if (!offsets || place.offset >= offsets->high_watermark)
        return not_there(fmt::format("Nothing stands at offset {} of {} partition {} yet.",
                                     place.offset, place.topic, place.partition),
                         place);
    TARN_TRY(auto record, search.at(place));
    Walk walk(platform, search);
    if (record) {
        walk.sent = record->timestamp;
        walk.id = event_id(record->value);
    }
    TARN_RETURN_IF_ERROR(walk.topic(place));
    ordered_json out;
    out["found"] = true;
    out["topic"] = place.topic;
    out["partition"] = place.partition;
    out["offset"] = place.offset;
    out["sent"] = walk.sent ? ordered_json(format_rfc3339(*walk.sent)) : ordered_json();
    out["id"] = walk.id.empty() ? ordered_json() : ordered_json(walk.id);
    out["value"] = record ? ordered_json(record->record["value"]) : ordered_json();
    walk.write(out);
    out["verdict"] = walk.verdict();
    Response response;
    response.body = out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return response;
}

}  // namespace tarn::server
