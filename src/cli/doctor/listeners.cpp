// Where the listeners listen.

#include <fmt/format.h>

#include "doctor_checks.h"
#include "tarn/base/error_ids.h"
#include "tarn/host/ports.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

void examine_port(DoctorWorld& world, Findings& findings, const std::string& listener) {
    const auto& settings = *world.settings;
    const auto& serving = world.serving;
    auto name = listener + ".port";
    auto& address = settings.text(listener + ".address");
    auto number = uint16_t(settings.integer(name));
    if (number == 0) return findings.ok("any free one");
    auto where = fmt::format("{}:{}", address, number);
    if (host::can_listen(address, number)) return findings.ok(where + " is free");
    if (serving && (serving->kafka == where || serving->http == where))
        return findings.ok(where + " is this data folder's own process");
    auto holder = host::port_holder(number);
    if (!holder && host::next_free_port(address, number) == 0)
        return findings.broken(fmt::format("cannot listen on {}", where),
                               std::string(errors::kAddressUnusable.todo));
    auto found = fmt::format("{} is in use by {}", where,
                             holder ? holder->str() : "a process of another user");
    auto flag =
        fmt::format("tarn up --{}-port {}", listener, host::next_free_port(address, number));
    if (settings.source(name) == SettingSource::kDefault)
        return findings.warn(found,
                             fmt::format("tarn demo takes the next one; otherwise: {}.", flag));
    findings.broken(found, fmt::format("Stop it, or: {}.", flag));
}

void kafka_port(DoctorWorld& world, Findings& findings) { examine_port(world, findings, "kafka"); }
void http_port(DoctorWorld& world, Findings& findings) { examine_port(world, findings, "http"); }

void network(DoctorWorld& world, Findings& findings) {
    std::string open;
    for (std::string listener : {"kafka", "http"}) {
        auto& address = world.settings->text(listener + ".address");
        if (address == "localhost" || address == "::1" || address.starts_with("127.")) continue;
        open += fmt::format("{}{} on {}", open.empty() ? "" : ", ", listener, address);
    }
    if (open.empty()) return findings.ok("both listeners are for this machine alone");
    findings.warn(
        fmt::format("open to others: {}; there is no access control and no TLS", open),
        "Whoever reaches it may read and write all. Keep it behind a firewall, or use 127.0.0.1.");
}

constexpr host::DoctorCheck kChecks[] = {
    {"kafka port", kafka_port, true},
    {"http port", http_port, true},
    {"network", network, true},
};

}  // namespace

std::span<const host::DoctorCheck> listeners_checks() { return kChecks; }

}  // namespace tarn::cli
