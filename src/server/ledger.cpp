#include "ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/catalog/flow_sinks.h"
#include "tarn/catalog/topic_size.h"

namespace tarn::server {
namespace {

// What producers had acknowledged and the log does not hold. They were asked before the log, so all
// of it must be there. A topic that no flow writes to a table is not known.
int64_t missing(const std::optional<ProducerLedger>& producer,
                const std::map<std::string, int64_t>& records, Ledger& out) {
    if (!producer) return 0;
    if (producer->acknowledged_by_topic.empty())
        return std::max<int64_t>(0, producer->acknowledged - out.log_records);
    int64_t lost = 0;
    for (const auto& [topic, acknowledged] : producer->acknowledged_by_topic) {
        if (auto it = records.find(topic); it != records.end())
            lost += std::max<int64_t>(0, acknowledged - it->second);
        else if (acknowledged > 0)
            out.unknown = fmt::format("no flow writes {} to a table", topic);
    }
    return lost;
}

constexpr int kTries = 3;
constexpr Duration kPauseBetweenTries = Duration::millis(5);
constexpr int64_t kCommitsLookedAt = 16;

}  // namespace

bool comparable(const LedgerReading& r) {
    if (!r.table_rows || !r.table_version) return false;
    // Nothing committed by the flow: the table must hold nothing of its.
    return r.table_epoch.value_or(-1) <= r.flow.epoch;
}

LedgerLine ledger_line(const LedgerReading& r) {
    LedgerLine line;
    line.flow = r.flow.name;
    line.topic = r.flow.source.name;
    line.table = r.table;
    line.entry = r.entry;
    if (r.flow.epoch >= 0) line.epoch = r.flow.epoch;
    line.table_version = r.table_version;
    line.dead_letters = r.flow.dead_letters;
    line.log_records = r.log_records;
    line.in_flight = r.log_records;
    for (const auto& p : r.flow.positions) {
        line.committed += p.next_offset - p.start_offset;
        line.in_flight -= p.next_offset;
    }
    if (!r.problem.empty()) {
        line.unknown = r.problem;
    } else if (!r.table_rows) {
        line.unknown = fmt::format("a file of {} has no row count in its statistics", r.table);
    } else if (!comparable(r)) {
        line.unknown = fmt::format("{} is between two batches", r.flow.name);
    } else {
        line.stored = r.table_rows;
        const int64_t held = *r.table_rows + r.flow.dead_letters;
        line.lost = std::max<int64_t>(0, line.committed - held);
        line.duplicated = std::max<int64_t>(0, held - line.committed);
    }
    return line;
}

LedgerLine at_log(LedgerLine line, int64_t log_records) {
    line.in_flight += log_records - line.log_records;
    line.log_records = log_records;
    return line;
}

Ledger ledger(std::vector<LedgerLine> lines, std::optional<ProducerLedger> producer, int64_t late,
              Timestamp as_of) {
    Ledger out;
    out.as_of = as_of;
    out.producer = producer;
    out.late = late;
    int64_t stored = 0, lost = 0, twice = 0;
    std::map<std::string, int64_t> records;  // by topic: they count once however many flows read it
    bool any = false;
    for (const auto& line : lines) {
        if (!line.entry) continue;
        any = true;
        out.committed += line.committed;
        out.dead_letters += line.dead_letters;
        out.in_flight += line.in_flight;
        if (records.emplace(line.topic, line.log_records).second)
            out.log_records += line.log_records;
        if (line.stored) stored += *line.stored;
        if (line.lost) lost += *line.lost;
        if (line.duplicated) twice += *line.duplicated;
        if (!line.unknown.empty() && out.unknown.empty()) out.unknown = line.unknown;
    }
    if (!any) out.unknown = "no flow writes a topic to a table yet";
    const int64_t not_in_log = missing(producer, records, out);
    if (out.unknown.empty()) {
        out.bronze = stored;
        out.lost = lost + not_in_log;
        out.duplicated = twice;
    }
    out.lines = std::move(lines);
    return out;
}

LedgerReading LedgerReader::read_flow(const flow::FlowStatus& flow, bool entry) const {
    LedgerReading r;
    r.flow = flow;
    r.entry = entry;
    r.table = catalog::first_sink(flow, "table");
    if (auto topic = context_.log.find_topic(flow.source.name))
        r.log_records = catalog::size_of(*topic, context_.log).appended;
    auto info = context_.lake.describe(r.table);
    if (!info) {
        r.problem = fmt::format("{} cannot be read: {}", r.table, info.error().message());
        return r;
    }
    r.table_version = info->version;
    if (info->rows >= 0) r.table_rows = info->rows;
    auto history = context_.lake.history(r.table, kCommitsLookedAt);
    if (!history) {
        r.problem =
            fmt::format("the history of {} cannot be read: {}", r.table, history.error().message());
        return r;
    }
    for (const auto& entry_of : *history) {
        if (entry_of.version > info->version || !entry_of.txn) continue;
        r.table_epoch = entry_of.txn->version;
        break;
    }
    return r;
}

Ledger LedgerReader::read() {
    MutexLock lock(mutex_);
    auto producer = context_.ledger ? context_.ledger() : std::nullopt;
    auto flows = context_.flows.list();
    const auto written = catalog::topics_written(flows);
    std::vector<LedgerLine> lines;
    int64_t late = 0;
    for (auto& flow : flows) {
        const bool entry = !written.contains(flow.source.name);
        if (flow.kind == "live" && entry) late += flow.late;
        // The positions of a flow that reads a table are versions: there is nothing to add up.
        if (flow.kind == "model" || catalog::first_sink(flow, "table").empty()) continue;
        auto reading = read_flow(flow, entry);
        for (int i = 1; i < kTries && reading.problem.empty() && !comparable(reading); ++i) {
            context_.clock.sleep(kPauseBetweenTries);
            auto now = context_.flows.describe(flow.name);
            if (!now) break;
            reading = read_flow(*now, entry);
        }
        auto line = ledger_line(reading);
        if (line.unknown.empty()) {
            last_[flow.name] = line;
        } else if (auto it = last_.find(flow.name);
                   it != last_.end() && reading.problem.empty() &&
                   it->second.epoch.value_or(-1) + 3 >= reading.flow.epoch) {
            line = at_log(it->second, reading.log_records);  // whole and true, of an epoch ago
        }
        lines.push_back(std::move(line));
    }
    return ledger(std::move(lines), producer, late, context_.clock.now());
}

}  // namespace tarn::server
