// Tables of the lake: what they hold, their history and files.

#include <map>

#include <nlohmann/json.hpp>

#include "api_json.h"
#include "host_names.h"
#include "tarn/host/maintain.h"
#include "tarn/lake/error_ids.h"

namespace tarn::server {
namespace {

Result<Response> list_tables(const RouteContext& context, const Call&) {
    return json_response(context.readings.tables());
}

Result<Response> describe_table(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    TARN_TRY(const auto detail, context.platform.lake.detail(name));
    JsonWriter json;
    write_json(json, detail, context.readings.per_second("table:" + name));
    return json_response(json.take());
}

Result<Response> history(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    TARN_TRY(const int64_t limit, number_parameter(call.target, "limit", 50, 1, 1000));
    TARN_TRY(const auto entries, context.platform.lake.history(name, limit));
    JsonWriter json;
    json.begin_object().field("table", name).key("commits").begin_array();
    for (const auto& entry : entries)
        write_json(json, entry);
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> layout(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    TARN_TRY(const auto layout, context.platform.lake.layout(name));
    JsonWriter json;
    write_json(json, name, layout);
    return json_response(json.take());
}

// The names that columns have in files, with those that people know.
Result<std::map<std::string, std::string>> stored_names(lake::Lake& lake, const std::string& name) {
    TARN_TRY(const auto detail, lake.detail(name));
    std::map<std::string, std::string> out;
    for (const auto& column : detail.schema)
        out[column.physical.empty() ? column.name : column.physical] = column.name;
    return out;
}

Result<Response> files(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    const auto& target = call.target;
    TARN_TRY(const int64_t limit, number_parameter(target, "limit", 100, 1, 1000));
    TARN_TRY(const int64_t after, number_parameter(target, "after", 0, 0, INT64_MAX));
    TARN_TRY(const auto live, context.platform.lake.files(name));
    TARN_TRY(const auto names, stored_names(context.platform.lake, name));
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
        const auto* vector = file.deletion_vector.get();
        json.field("deleted_rows", vector ? vector->cardinality : 0);
        json.key("partition").begin_object();
        for (const auto& [stored, value] : file.partition_values) {
            const auto column = names.find(stored);
            json.key(column == names.end() ? stored : column->second);
            value ? json.text(*value) : json.null();
        }
        json.end_object().end_object();
    }
    json.end_array();
    at < count ? json.key("next").text(std::to_string(at)) : json.key("next").null();
    json.end_object();
    return json_response(json.take());
}

Result<Response> drop(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    if (!context.platform.flows.drop_output)
        return fail(not_found(errors::kNoTable, "table", name));
    bool purge = false;
    if (!call.request.body.empty()) {
        const auto request = nlohmann::json::parse(call.request.body, nullptr, false);
        if (!request.is_object() || request.size() != request.contains("purge") ||
            (request.contains("purge") && !request["purge"].is_boolean()))
            return fail(ErrorCode::kInvalidArgument,
                        R"(the body is no JSON object with at most "purge", true or false)");
        purge = request.value("purge", false);
    }
    TARN_RETURN_IF_ERROR(context.platform.flows.drop_output(
        flow::table_node(name), purge ? flow::Dropped::kPurged : flow::Dropped::kKept));
    JsonWriter json;
    return json_response(json.begin_object().field("dropped", name).end_object().take());
}

Result<Response> dropped(const RouteContext& context, const Call&) {
    return json_response(host::dropped_tables(context.platform.lake).dump());
}

// The verb is the last part of the address.
Result<Response> maintain(const RouteContext& context, const Call& call) {
    if (!call.request.content_type.starts_with("application/json")) return json_required();
    const auto request = nlohmann::json::parse(call.request.body, nullptr, false);
    if (request.is_discarded())
        return fail(ErrorCode::kInvalidArgument, "the request's body is no JSON");
    TARN_TRY(const auto answer, host::maintain_table(context.platform.lake, call.target.path.back(),
                                                     call.parameters[0], request));
    return json_response(answer.dump());
}

constexpr Route maintenance(std::string_view path) {
    return {"POST", path, Operation::kAlter, "table", maintain, Answer::kSlow};
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/tables", Operation::kDescribe, "table", list_tables},
    {"GET", "/api/v1/tables/{name}", Operation::kDescribe, "table", describe_table},
    {"GET", "/api/v1/tables/{name}/history", Operation::kDescribe, "table", history},
    {"GET", "/api/v1/tables/{name}/layout", Operation::kDescribe, "table", layout},
    {"GET", "/api/v1/tables/{name}/files", Operation::kDescribe, "table", files},
    {"POST", "/api/v1/tables/{name}/drop", Operation::kAlter, "table", drop},
    {"GET", "/api/v1/dropped", Operation::kDescribe, "table", dropped},
    maintenance("/api/v1/tables/{name}/undrop"),
    maintenance("/api/v1/tables/{name}/repair"),
    maintenance("/api/v1/tables/{name}/optimize"),
    maintenance("/api/v1/tables/{name}/vacuum"),
    maintenance("/api/v1/tables/{name}/restore"),
    maintenance("/api/v1/tables/{name}/clone"),
    maintenance("/api/v1/tables/{name}/validate"),
};

}  // namespace

std::span<const Route> tables_routes() { return kRoutes; }

}  // namespace tarn::server
