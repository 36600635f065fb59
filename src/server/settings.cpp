#include "tarn/server/settings.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "tarn/base/error_ids.h"

namespace tarn::server {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"http.address", SettingType::kText, "127.0.0.1", "Address the HTTP listener listens on.",
     "0.0.0.0"},
    {"http.port", SettingType::kInt, "8080", "Port of the HTTP listener; 0 takes any free one.",
     "18080", 0, 65535},
    {"http.hosts", SettingType::kText, "",
     "Names by which the page and the API may be asked, beside the listener's address: separated "
     "by "
     "commas, whole ones only, for any port or with one. A request by another name is refused, "
     "since a foreign page could have its name lead here.",
     "tarn.example.com, tarn.lan:8443"},
};

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_port(std::string_view text) {
    int port = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && rest == text.data() + text.size() && port > 0 && port <= 65535;
}

// A name or an IPv4 address (RFC 1123, 2.1; underscores are met in practice), perhaps with a port.
bool is_host(std::string_view text) {
    if (const auto colon = text.find(':'); colon != text.npos) {
        if (!is_port(text.substr(colon + 1))) return false;
        text = text.substr(0, colon);
    }
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= 253 && text.front() != '.' && text.front() != '-' &&
           std::ranges::all_of(text, plain) && text.find("..") == text.npos;
}

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kDeclarations; }

Result<std::vector<std::string>> parse_hosts(std::string_view text) {
    std::vector<std::string> hosts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        std::string host(trimmed(text.substr(0, comma)));
        text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
        if (host.empty()) continue;
        for (char& c : host)
            if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
        if (!is_host(host))
            return fail(
                errors::kSettingValue,
                fmt::format("http.hosts takes host names, separated by commas, each whole and "
                            "perhaps with a port, such as tarn.example.com: not '{}'",
                            host));
        hosts.push_back(std::move(host));
    }
    return hosts;
}

}  // namespace tarn::server
