#include "tarn/host/setting_flags.h"

#include <fmt/format.h>

#include "tarn/host/error_ids.h"

namespace tarn::host {

void SettingFlags::declare(Options& options) {
    // `--kafka-port 0` is kafka.port.
    auto flag = [&](const char* name, const char* setting, const char* text) -> Option& {
        return options.add(
            name, [this, setting](std::string value) { values_[setting] = std::move(value); },
            text);
    };
    flag("--kafka-port", "kafka.port", "Port of the Kafka listener (0: any free one)")
        .value("PORT");
    flag("--http-port", "http.port", "Port of the HTTP listener (0: any free one)").value("PORT");
    flag("--memory", "memory.limit", "Memory that all parts may take, e.g. 2GiB").value("SIZE");
    flag("--log-level", "logging.level", "debug, info, warn, error or off")
        .one_of({"debug", "info", "warn", "error", "off"});
    options.add("--set", &sets_, "Any setting: name=value (tarn settings list shows them)")
        .value("NAME=VALUE");
}

Result<Settings::Values> SettingFlags::values() const {
    auto values = values_;
    for (const auto& set : sets_) {
        auto equal = set.find('=');
        if (equal == std::string::npos)
            return fail(errors::kUsage, fmt::format("--set needs name=value, got: {}", set));
        values[set.substr(0, equal)] = set.substr(equal + 1);
    }
    return values;
}

}  // namespace tarn::host
