#include "origin.h"

#include <algorithm>

#include <fmt/format.h>

namespace tarn::errors {
extern const ErrorId kOtherSite;
}  // namespace tarn::errors

namespace tarn::server {
namespace {

std::string lower(std::string_view s) {
    std::string out(s);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
    return out;
}

bool ipv4_literal(std::string_view host) {
    int parts = 1, digits = 0, value = 0;
    for (char c : host) {
        if (c == '.') {
            if (digits == 0) return false;
            ++parts, digits = 0, value = 0;
        } else if (c >= '0' && c <= '9') {
            value = value * 10 + (c - '0');
            if (++digits > 3 || value > 255) return false;
        } else {
            return false;
        }
    }
    return parts == 4 && digits > 0;
}

bool ipv6_literal(std::string_view host) {
    if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
    const auto inside = host.substr(1, host.size() - 2);
    return inside.find_first_not_of("0123456789abcdef:.") == inside.npos;
}

}  // namespace

OriginCheck::OriginCheck(std::string_view address, uint16_t port, std::vector<std::string> named)
    : names_(std::move(named)), port_(port) {
    std::vector<std::string> names = {"127.0.0.1", "localhost", "[::1]"};
    any_literal_ = address == "0.0.0.0" || address == "::";
    if (!any_literal_ && !address.empty())
        names.push_back(address.find(':') == address.npos ? lower(address)
                                                          : fmt::format("[{}]", lower(address)));
    for (const auto& name : names) {
        hosts_.push_back(fmt::format("{}:{}", name, port));
        if (port == 80) hosts_.push_back(name);
    }
}

bool OriginCheck::is_named(std::string_view host) const {
    const std::string h = lower(host);
    const std::string_view name = std::string_view(h).substr(0, h.rfind(':'));
    return std::ranges::any_of(names_, [&](const std::string& known) {
        return known == h || (known == name && known.find(':') == known.npos);
    });
}

bool OriginCheck::known_host(std::string_view host) const {
    const std::string h = lower(host);
    if (std::find(hosts_.begin(), hosts_.end(), h) != hosts_.end()) return true;
    if (!any_literal_) return false;
    const std::string suffix = fmt::format(":{}", port_);
    std::string_view name = h;
    if (name.ends_with(suffix))
        name.remove_suffix(suffix.size());
    else if (port_ != 80)
        return false;
    return ipv4_literal(name) || ipv6_literal(name);
}

Status OriginCheck::allow(const Request& request) const {
    if (request.host.empty())
        return fail(ErrorCode::kInvalidArgument, "the request has no Host header");
    const bool named = is_named(request.host);
    if (!named && !known_host(request.host))
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("this server is not known as '{}'; it is {}. Setting http.hosts "
                                "names others",
                                request.host.substr(0, 300), hosts_.front()));
    if (!request.origin.empty()) {
        const auto from = [&](std::string_view scheme) {
            return request.origin.starts_with(scheme) &&
                   lower(std::string_view(request.origin).substr(scheme.size())) ==
                       lower(request.host);
        };
        if (!from("http://") && !(named && from("https://")))
            return fail(
                errors::kOtherSite,
                fmt::format("pages of another origin may not ask this server: {}", request.origin));
    }
    // Browsers say so themselves; a navigation (a link followed to the page) is harmless and stays
    // allowed.
    if (request.fetch_site == "cross-site" &&
        (request.method != "GET" || request.target.starts_with("/api/")))
        return fail(errors::kOtherSite, "pages of another site may not ask this server");
    return {};
}

}  // namespace tarn::server
