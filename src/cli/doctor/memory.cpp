#include <algorithm>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "doctor_checks.h"
#include "memory_keeper.h"
#include "tarn/base/base_settings.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kShortFrom = 80;  // percent of the limit

// What the process that serves may hold; nothing if it does not say.
std::optional<int64_t> limit_of(DoctorWorld& world) {
    auto answer = host::Api(*world.serving, world.program.errors)
                      .post("/api/v1/sql", {{"sql",
                                             "select value from system.settings where name "
                                             "= 'memory.limit'"}});
    if (!answer || !answer->contains("rows") || answer->at("rows").size() != 1) return std::nullopt;
    const auto text = answer->at("rows")[0].value("value", "");
    if (text.ends_with('%')) return world.machine.memory_bytes / 100 * std::atoll(text.c_str());
    auto bytes = parse_bytes(text);
    return bytes ? std::optional(*bytes) : std::nullopt;
}

void examine_serving(DoctorWorld& world, Findings& findings) {
    const auto pid = world.serving->pid;
    const auto held = resident_bytes(pid);
    const auto limit = limit_of(world);
    if (!limit || held == 0) return;
    auto of_process = findings.under("memory held");
    auto found =
        fmt::format("process {} holds {} of {}", pid, format_bytes(held), format_bytes(*limit));
    if (held < *limit / 100 * kShortFrom) return of_process.ok(found);
    of_process.warn(found + ": it is short, so flows take turns and windows go to the disk",
                    "If it stays so, give it more: --memory; docs/memory.md says what takes it.");
}

void examine(DoctorWorld& world, Findings& findings) {
    const auto& machine = world.machine;
    auto limit = memory_setting(*world.settings, "memory.limit", machine.memory_bytes);
    auto found =
        fmt::format("{} of {} available, memory.limit is {}", format_bytes(machine.available_bytes),
                    format_bytes(machine.memory_bytes), format_bytes(limit));
    auto fits = std::max<int64_t>(machine.available_bytes * 3 / 4 / kMiB, 256);
    if (limit > machine.memory_bytes)
        return findings.warn(found + ": more than there is",
                             fmt::format("Give it less: --memory {}MiB.", fits));
    if (limit > machine.available_bytes && !world.serving)
        return findings.warn(found + ": other programs have the rest",
                             fmt::format("End some, or give it less: --memory {}MiB.", fits));
    findings.ok(found);
    if (world.serving) examine_serving(world, findings);
}

constexpr host::DoctorCheck kChecks[] = {
    {"memory", examine, true},
};

}  // namespace

std::span<const host::DoctorCheck> memory_checks() { return kChecks; }

}  // namespace tarn::cli
