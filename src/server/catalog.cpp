#include "catalog.h"

#include <fmt/format.h>

#include "api_json.h"
#include "host_names.h"
#include "tarn/sql/functions.h"

namespace tarn::server {
namespace {

// Of a table, a view or a system table.
template <class Columns>
void write_named(JsonWriter& json, std::string_view kind, std::string_view name,
                 const Columns& columns) {
    json.begin_object().field("name", name).field("kind", kind);
    json.key("columns").begin_array();
    for (const auto& column : columns)
        json.begin_object()
            .field("name", column.name)
            .field("type", codec::to_string(column.type))
            .end_object();
    json.end_array().end_object();
}

}  // namespace

Result<Response> catalog(const Platform& context) {
    JsonWriter json;
    json.begin_object().key("tables").begin_array();
    for (const auto& name : context.lake.tables()) {
        auto info = context.lake.describe(name);
        if (!info) continue;  // /tables says what is wrong with it
        write_named(json, "table", name, info->columns);
    }
    for (const auto& name : context.views.names()) {
        auto view = context.views.find(name);
        if (!view) continue;
        write_named(json, "view", name, view->spec().columns);
    }
    for (const auto& table : context.system_tables)
        write_named(json, "system", fmt::format("system.{}", table.name), table.columns);
    json.end_array().key("functions").begin_array();
    for (auto function : sql::callable_functions(context.sql))
        json.text(function);
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> table_files(const Platform& context, const std::string& name,
                             const Target& target) {
    TARN_TRY(const int64_t limit, number_parameter(target, "limit", 100, 1, 1000));
    TARN_TRY(const int64_t after, number_parameter(target, "after", 0, 0, INT64_MAX));
    TARN_TRY(const auto live, context.lake.files(name));
    JsonWriter json;
    json.begin_object().field("table", name).field("version", live.version);
    json.key("files").begin_array();
    // Newest first, as they are asked for.
    const auto count = int64_t(live.files.size());
    int64_t at = after;
    for (; at < count && at < after + limit; ++at) {
        const auto& file = *live.files[size_t(count - 1 - at)];
        json.begin_object().field("path", file.path).field("bytes", file.size);
        json.field("rows", file.live_rows() < 0 ? std::nullopt : std::optional(file.live_rows()));
        json.field("modified", Timestamp::from_ms(file.modified_ms));
        json.key("partition").begin_object();
        for (const auto& [column, value] : file.partition_values)
            value ? json.key(column).text(*value) : json.key(column).null();
        json.end_object().end_object();
    }
    json.end_array();
    at < count ? json.key("next").text(std::to_string(at)) : json.key("next").null();
    json.end_object();
    return json_response(json.take());
}

}  // namespace tarn::server
