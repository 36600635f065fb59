#include "tarn/host/serving.h"

#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "tarn/host/error_ids.h"
#include "tarn/io/http_client.h"

namespace tarn::host {

nlohmann::ordered_json Serving::json() const {
    return {{"ready", true}, {"kafka", kafka}, {"http", http}, {"pid", pid}, {"project", project}};
}

Result<Serving> Serving::parse(std::string_view text) {
    auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object())
        return fail(ErrorCode::kInvalidArgument, fmt::format("not JSON: {}", text));
    return Serving{json.value("pid", int64_t(0)), json.value("kafka", ""), json.value("http", ""),
                   json.value("project", "")};
}

Status write_serving(io::FileSystem& fs, const std::string& data, const Serving& serving) {
    return fs.replace(data + "/SERVING", serving.json().dump() + "\n");
}

bool tarn_runs(int64_t pid) {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (pid <= 0 || !std::getline(stat, line)) return false;
    auto name = line.find("(tarn"), end = line.rfind(") ");
    return name != line.npos && end != line.npos && line[end + 2] != 'Z' && line[end + 2] != 'X';
}

Result<Serving> find_serving(io::FileSystem& fs, const std::string& data) {
    auto none = [&] {
        return fail(errors::kNotRunning,
                    fmt::format("no Tarn is running on data folder {}. Start it: tarn up --data {}",
                                data, data));
    };
    auto text = fs.read_all(data + "/SERVING");
    if (!text) return none();
    auto serving = Serving::parse(*text);
    if (!serving || !tarn_runs(serving->pid)) return none();
    return serving;
}

Result<Address> parse_address(std::string_view text) {
    auto colon = text.rfind(':');
    Address address;
    if (colon != std::string_view::npos) {
        address.host = text.substr(0, colon);
        auto port = text.substr(colon + 1);
        auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
        if (error == std::errc() && end == port.data() + port.size() && !address.host.empty())
            return address;
    }
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("not an address; write host:port: {}", text));
}

Result<std::string> path_segment(std::string_view name) {
    if (name.empty()) return fail(ErrorCode::kInvalidArgument, "the name is empty");
    if (name == "..") return fail(ErrorCode::kNotFound, "nothing is named '..'");
    std::string out;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", uint8_t(c));
    }
    return out;
}

namespace {

ErrorCode code_of_status(int status) {
    if (status == 403) return ErrorCode::kPermissionDenied;
    if (status == 404) return ErrorCode::kNotFound;
    if (status == 409) return ErrorCode::kFailedPrecondition;
    if (status == 429 || status == 507) return ErrorCode::kResourceExhausted;
    if (status == 503) return ErrorCode::kUnavailable;
    if (status >= 400 && status < 500) return ErrorCode::kInvalidArgument;
    return ErrorCode::kInternal;
}

Result<nlohmann::json> parsed(Result<std::string> text) {
    if (!text) return fail(std::move(text).error());
    auto json = nlohmann::json::parse(*text, nullptr, false);
    if (json.is_discarded()) return fail(ErrorCode::kInternal, "the server's answer is not JSON");
    return json;
}

}  // namespace

// The body of a 2xx answer; any other becomes the error it describes.
Result<std::string> Api::ask(io::HttpRequest request) const {
    request.url = "http://" + serving_.http + request.url;
    request.direct = true;
    auto answer = io::http_request(request);
    if (!answer && answer.error().code() == ErrorCode::kUnavailable)
        return fail(std::move(answer).error().with_id(errors::kNoAnswer));
    TARN_TRY(auto response, std::move(answer));
    if (response.status / 100 == 2) return std::move(response.body);
    auto json = nlohmann::json::parse(response.body, nullptr, false);
    std::string message = fmt::format("the server answered with status {}", response.status);
    if (json.is_object() && json.contains("error")) {
        message = json["error"].value("message", message);
        auto todo = json["error"].value("todo", "");
        bool ends = !message.empty() && std::string_view(".?!\n").contains(message.back());
        bool drawn = message.find('\n') != std::string::npos;  // ends in a line with a caret
        if (!todo.empty()) message += (drawn ? "\n" : ends ? " " : ". ") + todo;
    }
    const auto* id = &generic_id(code_of_status(response.status));
    if (json.is_object() && json.contains("error"))
        if (const auto* named = errors_->find(json["error"].value("id", ""))) id = named;
    return fail(*id, message);
}

Result<nlohmann::json> Api::get(const std::string& path) const {
    io::HttpRequest request;
    request.url = path;
    return parsed(ask(std::move(request)));
}

Result<std::string> Api::post_text(const std::string& path, const nlohmann::json& body,
                                   Duration timeout) const {
    io::HttpRequest request;
    if (timeout.us >= 0) request.timeout = timeout;
    request.method = "POST";
    request.url = path;
    request.headers = {"Content-Type: application/json"};
    request.body = body.dump();
    return ask(std::move(request));
}

Result<nlohmann::json> Api::post(const std::string& path, const nlohmann::json& body) const {
    return parsed(post_text(path, body));
}

Result<Api> find_api(io::FileSystem& fs, const Common& common) {
    TARN_TRY(auto serving, find_serving(fs, common.data));
    return Api(std::move(serving), common.program.errors);
}

}  // namespace tarn::host
