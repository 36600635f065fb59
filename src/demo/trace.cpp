// `tarn demo trace`: follows one event through the running platform.

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "demo_place.h"
#include "tarn/host/error_ids.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
#include "tarn/io/file_system.h"
#include "trace.h"

namespace tarn::demo {
namespace {

constexpr Duration kBetweenLooks = Duration::millis(200);

// What a query's value may hold unescaped (RFC 3986, 2.3).
std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        if (plain)
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "%{:02X}", uint8_t(c));
    }
    return out;
}

std::string address_of(const TraceOptions& options) {
    std::string path = "/api/v1/trace?";
    if (!options.id.empty()) path += "id=" + escaped(options.id) + "&";
    if (!options.topic.empty()) path += "topic=" + escaped(options.topic) + "&";
    if (options.offset >= 0)
        path += fmt::format("partition={}&offset={}&", options.partition, options.offset);
    path.pop_back();
    return path;
}

// A flow still has to come to it. (A session that is not closed yet may take long: it is not waited
// for.)
bool complete(const nlohmann::json& trace) {
    return trace.value("found", false) && std::ranges::none_of(trace["steps"], [](auto& step) {
               return step.value("kind", "") == "flow" && step.value("state", "") == "waiting";
           });
}

std::string cell(const nlohmann::json& value) {
    return value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump();
}

void print_text(const nlohmann::json& trace, host::Format format) {
    if (format == host::Format::kText)
        fmt::print("{} partition {} offset {}, sent {}{}\n", trace.value("topic", ""),
                   trace["partition"].dump(), trace["offset"].dump(), cell(trace["sent"]),
                   trace["id"].is_null() ? "" : ", id " + cell(trace["id"]));
    host::TableOutput out(format,
                          {"node", "state", "since_send_ms", "batch_id", "version", "detail"});
    for (auto& step : trace["steps"]) {
        auto& since = step["since_send_ms"];
        out.row({step.value("node", ""), step.value("state", ""),
                 since.is_number() ? fmt::format("{:.0f}", since.get<double>()) : "",
                 cell(step["batch_id"]), cell(step["version"]), step.value("detail", "")});
    }
    out.print();
    if (format == host::Format::kText) fmt::print("{}\n", trace.value("verdict", ""));
}

Result<host::Serving> serving_of(io::FileSystem& fs, const host::Common& common) {
    auto here = host::find_serving(fs, common.data);
    if (here || common.data_given) return here;
    if (auto demo = running_demo(fs)) return host::find_serving(fs, *demo);
    return fail(errors::kNotRunning,
                "no demo is running. Start one: tarn demo; or name the data folder of a running "
                "server: tarn demo trace ID --data FOLDER");
}

}  // namespace

Result<int> run_trace(const host::Common& common, const TraceOptions& options) {
    if (options.id.empty() && (options.topic.empty() || options.offset < 0))
        return fail(ErrorCode::kInvalidArgument,
                    "a trace needs an event's id, or --topic, --partition and --offset");
    io::LocalFileSystem fs;
    SystemClock clock;
    TARN_TRY(auto serving, serving_of(fs, common));
    const host::Api api(std::move(serving), common.program.errors);
    auto deadline = clock.monotonic_us() + options.timeout.us;
    nlohmann::json trace;
    for (;;) {
        TARN_TRY(trace, api.get(address_of(options)));
        if (complete(trace) || clock.monotonic_us() >= deadline) break;
        clock.sleep(kBetweenLooks);
    }
    if (!trace.value("found", false)) return fail(ErrorCode::kNotFound, trace.value("verdict", ""));
    if (common.format == host::Format::kJson)
        fmt::print("{}\n", trace.dump());
    else
        print_text(trace, common.format);
    bool lost = std::ranges::any_of(trace["steps"],
                                    [](auto& step) { return step.value("state", "") == "lost"; });
    return lost ? host::kExitFailed : host::kExitOk;
}

}  // namespace tarn::demo
