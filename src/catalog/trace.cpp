#include "tarn/catalog/trace.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tarn/catalog/flow_sinks.h"
#include "tarn/sql/quote.h"
#include "walk.h"

namespace tarn::catalog {
namespace {

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

// The columns of a table that may hold an event's id, the likeliest first.
std::vector<std::string> id_columns(const host::Platform& platform, const std::string& table,
                                    const std::string& field) {
    std::vector<std::string> out;
    auto info = platform.lake.describe(table);
    if (!info) return out;
    for (const auto& column : info->columns)
        if (field.empty() ? names_id(column.name) && !column.name.starts_with('_')
                          : column.name == field)
            out.push_back(column.name);
    std::ranges::stable_partition(out, [](auto& name) { return name == "event_id"; });
    return out;
}

// By id, in the newest records of the topics, else in the tables that topics are written to.
Result<std::optional<EventPlace>> place_of(const host::Platform& platform, EventSearch& search,
                                           const TraceQuestion& question) {
    const auto& id = question.id;
    const auto& only_topic = question.place.topic;
    auto flows = platform.flows.list();
    auto topics = only_topic.empty() ? entry_topics(flows) : std::vector{only_topic};
    for (const auto& topic : topics) {
        TARN_TRY(auto record, search.by_id(topic, id, question.field));
        if (record) return std::optional(record->place);
    }
    for (const auto& flow : flows) {
        if (flow.kind != "table" || std::ranges::find(topics, flow.source.name) == topics.end())
            continue;
        for (const auto& [kind, table] : flow.sinks) {
            if (kind != "table") continue;
            for (const auto& column : id_columns(platform, table, question.field)) {
                auto rows =
                    search.rows(fmt::format("select _partition, _offset from {} where {} = "
                                            "{} order by _timestamp limit 1",
                                            table, sql::quoted_name(column), sql::quoted_text(id)));
                if (!rows || rows->empty())
                    continue;  // an id of text is none of a column of numbers
                return std::optional(EventPlace{flow.source.name,
                                                rows->front().value("_partition", 0),
                                                rows->front().value("_offset", int64_t(0))});
            }
        }
    }
    return std::optional<EventPlace>();
}

Trace nowhere(std::string verdict, std::optional<EventPlace> place) {
    Trace out;
    out.place = std::move(place);
    out.verdict = std::move(verdict);
    return out;
}

}  // namespace

Result<Trace> trace(const host::Platform& platform, const TraceQuestion& question) {
    EventSearch search(platform);
    Trace out;
    out.place = question.place;
    if (!question.id.empty()) {
        TARN_TRY(out.place, place_of(platform, search, question));
        if (!out.place)
            return nowhere(fmt::format("No event with the id {} is in the newest {} records of a "
                                       "partition, nor in a table.",
                                       question.id, kSearchedRecords),
                           {});
    }
    const auto& place = *out.place;
    auto info = platform.log.find_topic(place.topic);
    auto offsets = info ? platform.log.offsets({info->id, place.partition}) : std::nullopt;
    if (!offsets || place.offset >= offsets->high_watermark)
        return nowhere(fmt::format("Nothing stands at offset {} of {} partition {} yet.",
                                   place.offset, place.topic, place.partition),
                       place);
    TARN_TRY(auto record, search.at(place));
    Walk walk(platform, search);
    if (record) {
        walk.sent = record->timestamp;
        walk.id = event_id(record->value.value_or(""), question.field, question.id);
        if (record->value) out.value = payload_of(*record->value);
    }
    TARN_RETURN_IF_ERROR(walk.topic(place));
    out.found = true;
    out.sent = walk.sent;
    if (walk.id) out.id = walk.id->value, out.id_field = walk.id->field;
    out.verdict = walk.verdict();
    out.steps = std::move(walk).steps();
    return out;
}

}  // namespace tarn::catalog
