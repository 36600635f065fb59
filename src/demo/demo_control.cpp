#include "demo_control.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "tarn/base/ids.h"
#include "tarn/host/serving.h"

namespace tarn::demo {

DemoControl demo_control(io::FileSystem& fs, const std::string& data) {
    auto folder = data + "/demo";
    DemoControl control;
    control.state = [&fs, folder]() -> std::optional<std::string> {
        auto text = fs.read_all(folder + "/supervisor.json");
        if (!text) return std::nullopt;
        auto json = nlohmann::json::parse(*text, nullptr, false);
        if (!json.is_object() || !host::tarn_runs(json.value("pid", int64_t(0))))
            return std::nullopt;
        return *text;
    };
    control.command = [&fs, folder](const std::string& action) {
        return fs.put_if_absent(
            fmt::format("{}/commands/{}.{:016x}", folder, action, entropy_seed()), "\n");
    };
    return control;
}

}  // namespace tarn::demo
