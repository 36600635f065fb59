// Tables, and the flows behind them.

#include <algorithm>

#include <fmt/format.h>

#include "tarn/sql/quote.h"
#include "walk.h"

namespace tarn::catalog {
namespace {

constexpr int64_t kHistoryLookedAt = 500;  // commits of a table

}  // namespace

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

}  // namespace tarn::catalog
