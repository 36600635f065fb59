#include "tarn/catalog/why.h"

#include <algorithm>

#include <fmt/format.h>

namespace tarn::catalog {
namespace {

// A flow that has input and has committed nothing for so long is worth a look.
constexpr Duration kPatience = Duration::seconds(30);

std::string waiting(const flow::FlowStatus& flow) {
    auto lag = flow.lag();
    return fmt::format("{} {}{} of {} {}", lag, flow.unit, lag == 1 ? "" : "s", flow.source.name,
                       lag == 1 ? "waits" : "wait");
}

// A reason ends as it was written; what follows it begins a sentence of its own.
std::string because(const flow::FlowStatus& flow) {
    auto reason = flow.reason;
    while (!reason.empty() && (reason.back() == '.' || reason.back() == '\n'))
        reason.pop_back();
    return reason.empty() ? "it gave no reason" : reason;
}

Why why_running(const flow::FlowStatus& flow, Timestamp now) {
    if (flow.lag() == 0)
        return {flow.last_commit.has_value() && now.us - flow.last_commit->us < kPatience.us,
                fmt::format("{} has taken all that {} holds, and advances with the next {}",
                            flow.name, flow.source.name, flow.unit),
                ""};
    auto patience = std::max(kPatience.us, 5 * flow.every.us);
    auto silent = flow.last_commit ? now.us - flow.last_commit->us : 0;
    if (silent <= patience)
        return {true, fmt::format("{} advances: {} for its next batches", flow.name, waiting(flow)),
                ""};
    return {false,
            fmt::format("{} runs, but has committed nothing for {} s while {}", flow.name,
                        silent / 1'000'000, waiting(flow)),
            fmt::format("See whether disk or memory hold it back: tarn doctor; its batches: tarn "
                        "flow describe {}",
                        flow.name)};
}

}  // namespace

Why why(const flow::FlowStatus& flow, Timestamp now) {
    auto resume = "tarn flow resume " + flow.name;
    Why out;
    switch (flow.state) {
        case flow::FlowState::kRunning:
            out = why_running(flow, now);
            break;
        case flow::FlowState::kStarting:
            out = {false,
                   fmt::format("{} is starting: it finds out where its sinks stand", flow.name),
                   "Wait a moment."};
            break;
        case flow::FlowState::kPaused:
            out = {false,
                   fmt::format("{} does not advance because it is paused; {}", flow.name,
                               waiting(flow)),
                   "Let it go on: " + resume};
            break;
        case flow::FlowState::kRetrying:
            out = {false,
                   fmt::format("{} does not advance and tries again by itself: {}", flow.name,
                               because(flow)),
                   "If it stays, mend what is named."};
            break;
        case flow::FlowState::kFailed:
            out = {false, fmt::format("{} has stopped: {}", flow.name, because(flow)),
                   flow.reason.find("tarn flow rebuild") != flow.reason.npos
                       ? "Build it anew: tarn flow rebuild " + flow.name
                       : "Mend what is named, then: " + resume};
            break;
        case flow::FlowState::kRebuilding:
            out = {false, fmt::format("{} is being built anew: {}", flow.name, because(flow)),
                   "Wait until it is through; what stands is read as it is meanwhile."};
            break;
        case flow::FlowState::kStopped:
            out = {false, fmt::format("{} has ended with its process", flow.name),
                   "Start Tarn again."};
            break;
    }
    out.sentence += '.';
    if (flow.state == flow::FlowState::kRunning && !flow.shortage.empty())
        out.sentence += fmt::format(" Of its memory: {}.", flow.shortage);
    return out;
}

}  // namespace tarn::catalog
