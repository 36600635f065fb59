// What of the environment are settings: TARN_HTTP_PORT is http.port.

#include "tarn/host/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tarn/base/error_ids.h"

namespace tarn::host {
namespace {

// Variables that scripts, tests and builds of Tarn read (CONTRIBUTING.md); they are no settings,
// and not mistyped ones.
constexpr std::array<std::string_view, 14> kOtherVariables = {
    "TARN_BIN",       "TARN_DEPS_DIR", "TARN_DUCKDB_DIR",        "TARN_DUCKDB_VERSION",
    "TARN_FAILPOINT", "TARN_INTEROP",  "TARN_KAFKA_TEST_SERVER", "TARN_LAKE_WRITER",
    "TARN_PROGRAM",   "TARN_SEEDS",    "TARN_SHARED_DATA",       "TARN_SHOTS",
    "TARN_TEST_DATA", "TARN_URL",
};

}  // namespace

Settings::Values environment_settings() {
    Settings::Values values;
    for (char** at = environ; *at; ++at) {
        std::string_view entry(*at);
        auto equal = entry.find('=');
        auto name = entry.substr(0, equal);
        if (equal == entry.npos || !name.starts_with("TARN_")) continue;
        if (std::ranges::find(kOtherVariables, name) != kOtherVariables.end()) continue;
        values[std::string(name)] = entry.substr(equal + 1);
    }
    return values;
}

Result<Settings> load_settings(std::span<const SettingDeclaration> declarations,
                               const Settings::Values& flags, const Settings::Values& file) {
    return Settings::load(declarations, flags, environment_settings(), file);
}

void warn_of_unknown_variables(const Settings& settings) {
    for (auto& [name, value] : environment_settings()) {
        bool known = std::ranges::any_of(settings.declarations(), [&](auto& d) {
            return Settings::environment_name(d.name) == name;
        });
        if (!known)
            fmt::print(stderr,
                       "tarn: warning: the environment has {}, which is no setting and is ignored "
                       "(tarn settings list shows them) [{}]\n",
                       name, to_string(errors::kUnknownSetting));
    }
}

}  // namespace tarn::host
