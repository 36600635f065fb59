#include "api_json.h"

#include <nlohmann/json.hpp>

#include "tarn/catalog/flow_sinks.h"
#include "tarn/catalog/topic_size.h"

namespace tarn::server {
namespace {

std::optional<double> in_ms(std::optional<Duration> d) {
    return d ? std::optional(double(d->us) / 1e3) : std::nullopt;
}

// A time that was never set stands as null.
std::optional<Timestamp> known(Timestamp t) { return t.us > 0 ? std::optional(t) : std::nullopt; }

void write_payload(JsonWriter& json, const std::optional<std::string_view>& bytes) {
    bytes ? write_json(json, catalog::payload_of(*bytes)) : void(json.null());
}

// The contract's names of states, in which the flow module's own may change.
std::string_view state_name(flow::FlowState state) {
    switch (state) {
        case flow::FlowState::kStarting:
            return "starting";
        case flow::FlowState::kRunning:
            return "running";
        case flow::FlowState::kPaused:
            return "paused";
        case flow::FlowState::kRebuilding:
            return "rebuilding";
        case flow::FlowState::kRetrying:
            return "retrying";
        case flow::FlowState::kFailed:
            return "failed";
        case flow::FlowState::kStopped:
            return "stopped";
    }
    return "stopped";
}

}  // namespace

void write_columns(JsonWriter& json, const std::vector<codec::ColumnSpec>& columns) {
    json.key("columns").begin_array();
    for (const auto& column : columns)
        json.begin_object()
            .field("name", column.name)
            .field("type", codec::to_string(column.type))
            .end_object();
    json.end_array();
}

void write_json(JsonWriter& json, const log::TopicInfo& topic, const log::Log& log,
                std::optional<double> records_per_second) {
    const auto size = catalog::size_of(topic, log);
    JsonWriter partitions;
    partitions.begin_array();
    for (int32_t i = 0; i < topic.config.partitions; ++i) {
        const auto at = log.offsets({topic.id, i});
        if (!at) continue;
        partitions.begin_object();
        partitions.field("partition", i).field("log_start_offset", at->log_start_offset);
        partitions.field("high_watermark", at->high_watermark);
        partitions.field("last_stable_offset", at->last_stable_offset).field("bytes", at->bytes);
        partitions.end_object();
    }
    partitions.end_array();
    const auto& config = topic.config;
    json.begin_object();
    json.field("name", topic.name).field("id", topic.id.str()).field("internal", topic.internal);
    json.field("created", topic.created);
    json.field("records", size.kept).field("appended", size.appended).field("bytes", size.bytes);
    json.field("retention_ms",
               config.retention.us < 0 ? std::nullopt : std::optional(config.retention.ms()));
    json.field("retention_bytes",
               config.retention_bytes < 0 ? std::nullopt : std::optional(config.retention_bytes));
    json.field("timestamp_type",
               std::string_view(config.timestamp_type == log::TimestampType::kCreateTime
                                    ? "CreateTime"
                                    : "LogAppendTime"));
    json.field("records_per_second", records_per_second);
    json.key("partitions").raw(partitions.str());
    json.end_object();
}

void write_json(JsonWriter& json, const flow::FlowStatus& flow) {
    json.begin_object();
    json.field("name", flow.name).field("kind", flow.kind).field("source", flow.source.name);
    json.field("source_kind", flow.source.kind);
    json.field("file", flow.file).field("strategy", flow.strategy);
    json.key("sinks").begin_array();
    for (const auto& [kind, name] : flow.sinks)
        json.begin_object().field("kind", kind).field("name", name).end_object();
    json.end_array();
    json.field("state", state_name(flow.state)).field("reason", flow.reason);
    json.field("generation", flow.generation).field("sql", flow.sql);
    json.field("batch_id", flow.epoch < 0 ? std::nullopt : std::optional(flow.epoch));
    json.field("every_ms", double(flow.every.us) / 1e3).field("lag", flow.lag());
    json.field("lag_unit", flow.unit + "s");
    json.key("positions").begin_array();
    for (const auto& p : flow.positions) {
        const auto source = size_t(p.source);
        json.begin_object().field(
            "source", source < flow.sources.size() ? flow.sources[source].name : flow.source.name);
        json.field("partition", p.partition).field("start_offset", p.start_offset);
        json.field("next_offset", p.next_offset).field("high_watermark", p.high_watermark);
        json.field("event_time", p.event_time).field("still_ms", in_ms(p.still));
        json.field("idle", p.idle).field("holds_watermark", p.holds_watermark).end_object();
    }
    json.end_array();
    json.field("watermark", flow.watermark);
    json.field("rows_in", flow.rows_in).field("rows_out", flow.rows_out);
    json.field("late", flow.late).field("dead_letters", flow.dead_letters);
    json.field("quarantined", flow.quarantined);
    json.field("duplicates", flow.duplicates).field("outside_window", flow.outside_window);
    json.field("last_commit", flow.last_commit);
    json.key("memory").begin_object();
    json.field("windows_on_disk", flow.memory.windows)
        .field("sessions_on_disk", flow.memory.sessions)
        .field("ids_on_disk", flow.memory.ids);
    json.field("waits", flow.memory.waits).field("text", flow.shortage).end_object();
    json.field("latency_p50_ms", in_ms(flow.latency_p50))
        .field("latency_p99_ms", in_ms(flow.latency_p99));
    json.end_object();
}

void write_json(JsonWriter& json, const flow::RunRecord& run) {
    json.begin_object();
    json.field("flow", run.flow).field("batch_id", run.epoch).field("started", run.started);
    json.field("elapsed_ms", double(run.elapsed.us) / 1e3)
        .field("cpu_ms", double(run.cpu.us) / 1e3);
    json.field("rows_in", run.rows_in)
        .field("rows_out", run.rows_out)
        .field("bytes_in", run.bytes_in);
    json.field("outcome", run.outcome);
    json.end_object();
}

void write_view_shape(JsonWriter& json, const view::ViewSpec& spec) {
    write_columns(json, spec.columns);
    json.key("key").begin_array();
    for (int i : spec.key)
        json.text(spec.columns[size_t(i)].name);
    json.end_array();
}

void write_json(JsonWriter& json, const view::View& view) {
    const auto state = view.state();
    json.begin_object();
    json.field("name", view.spec().name);
    write_view_shape(json, view.spec());
    json.field("generation", view.spec().generation);
    json.field("batch_id", state.epoch < 0 ? std::nullopt : std::optional(state.epoch));
    json.field("committed", known(state.time)).field("rows", state.rows);
    json.end_object();
}

void write_json(JsonWriter& json, const Ledger& ledger) {
    json.begin_object();
    json.field("as_of", ledger.as_of);
    const auto& producer = ledger.producer;
    json.key("producer");
    if (producer) {
        json.begin_object().field("as_of", producer->time).field("running", producer->running);
        json.field("sent", producer->sent).field("acknowledged", producer->acknowledged);
        json.field("late_sent", producer->late_sent).field("broken_sent", producer->broken_sent);
        json.field("twice_sent", producer->twice_sent).end_object();
    } else {
        json.null();
    }
    json.field("sent", producer ? std::optional(producer->sent) : std::nullopt);
    json.field("acknowledged", producer ? std::optional(producer->acknowledged) : std::nullopt);
    json.field("log_records", ledger.log_records).field("committed", ledger.committed);
    json.field("bronze", ledger.bronze)
        .field("dead_letters", ledger.dead_letters)
        .field("late", ledger.late);
    json.field("in_flight", ledger.in_flight)
        .field("lost", ledger.lost)
        .field("duplicated", ledger.duplicated);
    json.field("unknown", ledger.unknown);
    json.key("lines").begin_array();
    for (const auto& line : ledger.lines) {
        json.begin_object();
        json.field("flow", line.flow).field("topic", line.topic).field("table", line.table);
        json.field("entry", line.entry)
            .field("batch_id", line.epoch)
            .field("table_version", line.table_version);
        json.field("log_records", line.log_records).field("committed", line.committed);
        json.field("stored", line.stored).field("dead_letters", line.dead_letters);
        json.field("in_flight", line.in_flight)
            .field("lost", line.lost)
            .field("duplicated", line.duplicated);
        json.end_object();
    }
    json.end_array().end_object();
}

Result<std::string> record_json(const codec::RecordView& record) {
    TARN_TRY(auto headers, codec::decode_headers(record));
    JsonWriter json;
    json.begin_object();
    json.field("offset", record.offset).field("timestamp", Timestamp::from_ms(record.timestamp_ms));
    json.key("key");
    write_payload(json, record.key);
    json.key("value");
    write_payload(json, record.value);
    json.key("headers").begin_array();
    for (const auto& header : headers) {
        json.begin_object().field("key", header.key).key("value");
        write_payload(json, header.value);
        json.end_object();
    }
    json.end_array().end_object();
    return json.take();
}

void write_json(JsonWriter& json, const catalog::Payload& payload) {
    json.begin_object().field("encoding", payload.encoding).field("text", payload.text);
    json.field("bytes", payload.bytes).field("truncated", payload.truncated).end_object();
}

std::string ledger_json(const Ledger& ledger) {
    JsonWriter json;
    write_json(json, ledger);
    return json.take();
}

std::string flow_list_json(const std::vector<flow::FlowStatus>& flows) {
    JsonWriter json;
    json.begin_object().key("flows").begin_array();
    for (const auto& flow : flows)
        write_json(json, flow);
    json.end_array().end_object();
    return json.take();
}

}  // namespace tarn::server
