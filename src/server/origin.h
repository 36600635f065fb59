#pragma once

// Who may ask: a page of another site must not reach this server through a visitor's browser. The
// Host header must name this server (against DNS rebinding), and Origin, where a browser sends one,
// must be this server too.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host_names.h"

namespace tarn::server {

class OriginCheck {
  public:
    // `address` is what the server listens on; a wildcard address (0.0.0.0, ::) allows any IP
    // literal as host, never a name, since only names can be rebound. `names` are of http.hosts: a
    // proxy with TLS may stand before those, so that pages of theirs come by https too.
    OriginCheck(std::string_view address, uint16_t port, std::vector<std::string> names = {});
    // Errors: kInvalidArgument (no or foreign Host, naming the setting), kFailedPrecondition
    // (foreign Origin, cross-site fetch).
    Status allow(const Request& request) const;

  private:
    bool known_host(std::string_view host) const;
    bool is_named(std::string_view host) const;  // by http.hosts
    std::vector<std::string> hosts_;             // "127.0.0.1:8080", …, lower case
    const std::vector<std::string> names_;
    bool any_literal_ = false;
    uint16_t port_ = 0;
};

}  // namespace tarn::server
