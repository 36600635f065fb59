// The demo on the API: what its supervisor says, and commands to it.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "demo_control.h"
#include "tarn/demo/demo.h"
#include "tarn/demo/error_ids.h"
#include "tarn/host/json_writer.h"

namespace tarn::demo {
namespace {

struct Action {
    std::string_view name, sentence;
};
constexpr Action kActions[] = {
    {"kill", "The server is killed with -9 and started again."},
    {"fill-disk", "The disk is full for five seconds."},
    {"break-producer", "A producer sends broken events for four seconds."},
    {"late-source", "A source sends late clicks for four seconds."},
};

nlohmann::ordered_json state_of(const DemoControl& control) {
    auto text = control.state ? control.state() : std::nullopt;
    if (text) {
        auto json = nlohmann::ordered_json::parse(*text, nullptr, false);
        if (json.is_object()) return json;
    }
    return {};
}

}  // namespace

std::string demo_json(const DemoControl& control) {
    auto state = state_of(control);
    bool supervised = state.is_object();
    nlohmann::ordered_json out;
    out["supervised"] = supervised;
    if (supervised) {
        for (auto* key : {"server", "faults", "history"})
            out[key] = state[key];
    } else {
        out["server"] = {{"starts", 1},
                         {"last_exit", nullptr},
                         {"last_recovery_ms", nullptr},
                         {"down_since", nullptr}};
        out["faults"] = out["history"] = nlohmann::ordered_json::array();
    }
    return out.dump();
}

Result<host::Response> demo_command(const DemoControl& control, const std::string& action) {
    auto state = state_of(control);
    if (!state.is_object())
        return fail(errors::kNoSupervisor,
                    "nobody supervises this server, so nothing here may break it. Start a demo: "
                    "tarn demo");
    const auto* known = std::ranges::find(kActions, action, &Action::name);
    if (known == std::end(kActions))
        return fail(ErrorCode::kNotFound,
                    fmt::format("there is no such action: {}. There are kill, fill-disk, "
                                "break-producer and late-source",
                                action));
    for (auto& fault : state["faults"])
        if (fault.value("name", "") == action && fault.value("state", "") != "idle")
            return fail(ErrorCode::kFailedPrecondition,
                        fmt::format("{} is under way: wait until it is over", action));
    TARN_RETURN_IF_ERROR(control.command(action));
    host::JsonWriter json;
    json.begin_object().field("accepted", true).field("sentence", known->sentence).end_object();
    return host::json_response(json.take(), 202);
}

namespace {

DemoControl control_of(const host::RouteContext& context) {
    return demo_control(context.platform.disk, context.platform.data_folder);
}

Result<host::Response> state(const host::RouteContext& context, const host::Call&) {
    return host::json_response(demo_json(control_of(context)));
}

Result<host::Response> command(const host::RouteContext& context, const host::Call& call) {
    return demo_command(control_of(context), call.parameters[0]);
}

constexpr host::Route kRoutes[] = {
    {"GET", "/api/v1/demo", host::Operation::kDescribe, "platform", state},
    {"POST", "/api/v1/demo/{action}", host::Operation::kAlter, "platform", command},
};

}  // namespace

std::span<const host::Route> routes() { return kRoutes; }

}  // namespace tarn::demo
