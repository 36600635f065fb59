#include "demo_place.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "tarn/host/serving.h"

namespace tarn::demo {
namespace {

// Empty: no place for it.
std::string state_folder() {
    const auto* state = std::getenv("XDG_STATE_HOME");
    if (state && *state == '/') return std::string(state) + "/tarn";
    const auto* home = std::getenv("HOME");
    return home && *home == '/' ? std::string(home) + "/.local/state/tarn" : std::string();
}

nlohmann::json read_place(io::FileSystem& fs) {
    auto folder = state_folder();
    if (folder.empty()) return {};
    auto text = fs.read_all(folder + "/demo.json");
    auto json = text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
    return json.is_object() ? json : nlohmann::json();
}

}  // namespace

void remember_demo(io::FileSystem& fs, const std::string& data) {
    auto folder = state_folder();
    if (folder.empty() || !fs.create_folders(folder)) return;
    std::error_code error;
    auto path = std::filesystem::absolute(data, error).string();
    (void)fs.replace(folder + "/demo.json",
                     nlohmann::json{{"data", path}, {"pid", getpid()}}.dump() + "\n");
}

void forget_demo(io::FileSystem& fs) {
    auto place = read_place(fs);
    if (place.is_object() && place.value("pid", int64_t(0)) == getpid())
        (void)fs.remove(state_folder() + "/demo.json");
}

std::optional<std::string> running_demo(io::FileSystem& fs) {
    auto place = read_place(fs);
    if (!place.is_object() || !host::tarn_runs(place.value("pid", int64_t(0)))) return std::nullopt;
    return place.value("data", "");
}

}  // namespace tarn::demo
