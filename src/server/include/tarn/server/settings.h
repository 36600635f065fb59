#pragma once

// Settings of the HTTP listener.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"

namespace tarn::server {

std::span<const SettingDeclaration> setting_declarations();

// The names of setting http.hosts, in lower case: "tarn.example.com" for any port, with ":8443" for
// that one alone. Errors: kInvalidArgument (no host name; a pattern).
Result<std::vector<std::string>> parse_hosts(std::string_view text);

}  // namespace tarn::server
