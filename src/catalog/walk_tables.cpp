// Tables, and the flows behind them.

#include <algorithm>
#include <regex>

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
        if (id && has_column(name, id->field)) {
            TARN_TRY(auto twins,
                     search_.rows(fmt::format("select _partition, _offset from {} where "
                                              "{} = {} limit 1",
                                              name, sql::quoted_name(id->field),
                                              sql::quoted_text(id->value))));
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
    if (flow.strategy == "sessions") return session_sink(flow, name, row);
    auto& step = add("table", name, "passed", "counted in its rows");
    if (epoch) commit_of(step, name, *epoch, visible);
    return {};
}

// The row of the session that an event belongs to: of its keys (what the model groups by and both
// have), begun before the event, and with no time of its own that ends before it.
std::string Walk::session_query(const flow::FlowStatus& flow, const std::string& name,
                                const nlohmann::json& row) {
    static const std::regex call(R"re(session\s*\(\s*"?(\w+)"?\s*,[^)]*\)\s+as\s+"?(\w+))re",
                                 std::regex::icase);
    auto info = platform_.lake.describe(name);
    std::smatch found;
    if (!info || !std::regex_search(flow.sql, found, call)) return {};
    const std::string event_time = found[1], begin = found[2];
    const auto groups = flow.sql.substr(std::min(flow.sql.size(), flow.sql.rfind("group by")));
    std::string where = "true", ends;
    for (const auto& column : info->columns) {
        const auto quoted = sql::quoted_name(column.name);
        if (column.name.starts_with('_') || column.name == begin) continue;
        if (column.type == codec::ColumnType::kTimestamp) {
            ends += ", " + quoted;
            continue;
        }
        auto value = row.find(column.name);
        if (value == row.end() || !groups.contains(column.name)) continue;
        where += value->is_null()
                     ? fmt::format(" and {} is null", quoted)
                     : fmt::format(" and {} = {}", quoted,
                                   sql::quoted_text(value->is_string() ? value->get<std::string>()
                                                                       : value->dump()));
    }
    if (auto time = row.find(event_time); time != row.end() && time->is_string()) {
        const auto at = sql::quoted_text(time->get<std::string>());
        where += fmt::format(" and {} <= timestamptz {}", sql::quoted_name(begin), at);
        if (!ends.empty())
            where += fmt::format(" and greatest({}) >= timestamptz {}", ends.substr(2), at);
    }
    return fmt::format("select * from {} where {} order by {} desc limit 1", name, where,
                       sql::quoted_name(begin));
}

Status Walk::session_sink(const flow::FlowStatus& flow, const std::string& name,
                          const nlohmann::json& row) {
    const auto query = session_query(flow, name, row);
    if (query.empty()) {
        add("table", name, "unknown", "which session it belongs to cannot be told");
        return {};
    }
    TARN_TRY(auto closed, search_.rows(query));
    if (closed.empty()) {
        add("table", name, "waiting", "its session is not over yet");
        return {};
    }
    auto& step = add("table", name, "passed", "in the row of its session");
    if (closed.front().contains("_batch_id"))
        commit_of(step, name, closed.front().value("_batch_id", int64_t(-1)), {});
    return {};
}

}  // namespace tarn::catalog
