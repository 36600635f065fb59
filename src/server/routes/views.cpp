// Live views and their rows.

#include <fmt/format.h>

#include "api_json.h"
#include "cell_json.h"
#include "host_names.h"
#include "tarn/view/error_ids.h"

namespace tarn::server {
namespace {

Result<Response> list_views(const RouteContext& context, const Call&) {
    JsonWriter json;
    json.begin_object().key("views").begin_array();
    for (const auto& name : context.platform.views.names())
        if (auto view = context.platform.views.find(name)) write_json(json, *view);
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> describe_view(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    auto view = context.platform.views.find(name);
    if (!view) return fail(not_found(errors::kNoView, "view", name));
    JsonWriter json;
    write_json(json, *view);
    return json_response(json.take());
}

Result<Response> view_rows(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    auto view = context.platform.views.find(name);
    if (!view) return fail(not_found(errors::kNoView, "view", name));
    TARN_TRY(const int64_t limit, number_parameter(call.target, "limit", 1000, 1, 50'000));
    view::ScanRange range{.from = {}, .to = {}, .limit = SIZE_MAX, .newest_first = true};
    const auto& spec = view->spec();
    for (auto [key, bound] : {std::pair{"from", &range.from}, std::pair{"to", &range.to}}) {
        auto it = call.target.query.find(std::string_view(key));
        if (it == call.target.query.end()) continue;
        if (spec.key.empty() ||
            spec.columns[size_t(spec.key[0])].type != codec::ColumnType::kTimestamp)
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("the view {} has no time as its first key: leave out from and to",
                            name));
        TARN_TRY(*bound, parse_instant(it->second));
    }
    int column = -1;
    std::string wanted;
    if (auto it = call.target.query.find("where"); it != call.target.query.end()) {
        const size_t equal = it->second.find('=');
        for (size_t i = 0; i < spec.columns.size(); ++i)
            if (spec.columns[i].name == it->second.substr(0, equal)) column = int(i);
        if (equal == std::string::npos || column < 0)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("where must be column=value with a column of {}: '{}'", name,
                                    it->second));
        wanted = it->second.substr(equal + 1);
    } else {
        range.limit = size_t(limit) + 1;
    }
    const auto state = view->state();  // before the rows: they are of this epoch or a newer one
    TARN_TRY(const auto batch, view->scan(range));
    JsonWriter json;
    json.begin_object().field("view", name);
    json.field("batch_id", state.epoch < 0 ? std::nullopt : std::optional(state.epoch));
    json.field("committed", state.time.us > 0 ? std::optional(state.time) : std::nullopt);
    write_view_shape(json, spec);
    json.key("rows").begin_array();
    int64_t count = 0;
    bool truncated = false;
    for (size_t i = 0; i < batch->row_count; ++i) {
        if (column >= 0 && cell_text(batch->columns[size_t(column)], i) != wanted) continue;
        if (count == limit) {
            truncated = true;
            break;
        }
        write_row(json, *batch, i);
        ++count;
    }
    json.end_array().field("truncated", truncated).end_object();
    return json_response(json.take());
}

Result<Response> drop(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    if (!context.platform.flows.drop_output) return fail(not_found(errors::kNoView, "view", name));
    TARN_RETURN_IF_ERROR(
        context.platform.flows.drop_output(flow::view_node(name), flow::Dropped::kPurged));
    JsonWriter json;
    return json_response(json.begin_object().field("dropped", name).end_object().take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/views", Operation::kDescribe, "view", list_views},
    {"GET", "/api/v1/views/{name}", Operation::kDescribe, "view", describe_view},
    {"GET", "/api/v1/views/{name}/rows", Operation::kRead, "view", view_rows},
    {"POST", "/api/v1/views/{name}/drop", Operation::kAlter, "view", drop},
};

}  // namespace

std::span<const Route> views_routes() { return kRoutes; }

}  // namespace tarn::server
