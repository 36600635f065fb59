// Tables, their commits and files as the JSON of tables.openapi.yaml.

#include "api_json.h"

namespace tarn::server {
namespace {

// -1 stands for what is not known.
std::optional<int64_t> counted(int64_t rows) {
    return rows < 0 ? std::nullopt : std::optional(rows);
}

void write_map(JsonWriter& json, std::string_view name,
               const std::map<std::string, std::string>& map) {
    json.key(name).begin_object();
    for (const auto& [key, value] : map)
        json.field(key, value);
    json.end_object();
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
    json.key(name).begin_array();
    for (const auto& text : texts)
        json.text(text);
    json.end_array();
}

void write_maybe(JsonWriter& json, std::string_view name, const std::optional<std::string>& text) {
    text ? json.key(name).text(*text) : json.key(name).null();
}

void write_members(JsonWriter& json, const lake::TableInfo& table,
                   std::optional<double> rows_per_second) {
    json.field("name", table.name).field("id", table.id.str()).field("path", table.path);
    json.field("description", table.description).field("version", table.version);
    write_columns(json, table.columns);
    write_texts(json, "partition_by", table.partition_by);
    write_map(json, "properties", table.properties);
    json.field("files", table.files).field("bytes", table.bytes);
    json.field("rows", counted(table.rows));
    json.field("created", table.created).field("last_commit", table.last_commit);
    json.field("rows_per_second", rows_per_second);
}

void write_parts(JsonWriter& json, std::string_view name,
                 const std::vector<lake::ColumnDetail>& columns) {
    json.key(name).begin_array();
    for (const auto& column : columns) {
        json.begin_object().field("name", column.name).field("type", column.type);
        json.field("nullable", column.nullable).field("comment", column.comment);
        write_maybe(json, "generated", column.generated);
        write_maybe(json, "default", column.otherwise);
        json.field("id", column.id).field("physical", column.physical);
        write_parts(json, "parts", column.parts);
        json.end_object();
    }
    json.end_array();
}

void write_members(JsonWriter& json, const lake::FileGroup& group) {
    json.field("files", group.files).field("bytes", group.bytes);
    json.field("rows", group.uncounted > 0 ? std::nullopt : std::optional(group.rows));
    json.field("vectors", group.vectors).field("deleted_rows", group.deleted_rows);
    json.field("small", group.small);
}

}  // namespace

void write_json(JsonWriter& json, const lake::TableInfo& table,
                std::optional<double> rows_per_second) {
    json.begin_object();
    write_members(json, table, rows_per_second);
    json.end_object();
}

void write_json(JsonWriter& json, const lake::TableDetail& table,
                std::optional<double> rows_per_second) {
    json.begin_object();
    write_members(json, table.info, rows_per_second);
    write_parts(json, "schema", table.schema);
    write_texts(json, "cluster_by", table.cluster_by);
    json.field("column_mapping", table.column_mapping);
    json.key("protocol").begin_object();
    json.field("reader", table.min_reader).field("writer", table.min_writer);
    json.key("features").begin_array();
    for (const auto& feature : table.features)
        json.begin_object()
            .field("name", feature.name)
            .field("reader", feature.reader)
            .field("writer", feature.writer)
            .end_object();
    json.end_array().end_object().end_object();
}

void write_json(JsonWriter& json, std::string_view table, const lake::TableLayout& layout) {
    json.begin_object().field("table", table).field("version", layout.version);
    json.field("target_bytes", layout.target_bytes);
    json.key("all").begin_object();
    write_members(json, layout.all);
    json.end_object();
    write_texts(json, "partition_by", layout.partition_by);
    json.field("partition_count", layout.partition_count);
    json.key("partitions").begin_array();
    for (const auto& partition : layout.partitions) {
        json.begin_object().key("values").begin_array();
        for (const auto& value : partition.values)
            value ? json.text(*value) : json.null();
        json.end_array();
        write_members(json, partition.group);
        json.end_object();
    }
    json.end_array().key("others").begin_object();
    write_members(json, layout.others);
    json.end_object().key("sizes").begin_array();
    for (const auto& range : layout.sizes)
        json.begin_object()
            .field("below", range.below)
            .field("files", range.files)
            .field("bytes", range.bytes)
            .end_object();
    json.end_array().end_object();
}

void write_json(JsonWriter& json, const lake::HistoryEntry& entry) {
    json.begin_object();
    json.field("version", entry.version)
        .field("time", entry.time)
        .field("operation", entry.operation);
    write_map(json, "parameters", entry.parameters);
    write_map(json, "metrics", entry.metrics);
    json.field("engine", entry.engine).field("isolation", entry.isolation);
    json.field("user_metadata", entry.user_metadata).field("read_version", entry.read_version);
    json.key("txn");
    if (entry.txn)
        json.begin_object()
            .field("app_id", entry.txn->app_id)
            .field("version", entry.txn->version)
            .end_object();
    else
        json.null();
    json.field("files_added", entry.files_added).field("bytes_added", entry.bytes_added);
    json.field("files_removed", entry.files_removed).field("bytes_removed", entry.bytes_removed);
    json.field("vectors", entry.vectors).field("rows_written", counted(entry.rows_written));
    json.field("rows", counted(entry.rows));
    json.end_object();
}

}  // namespace tarn::server
