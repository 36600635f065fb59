#include "tarn/io/failpoints.h"

#include <unistd.h>

#include <charconv>
#include <utility>

namespace tarn::io {

namespace {
constexpr int kKilledExitCode = 137;  // what a shell shows of a process ended by SIGKILL
}

void Failpoints::arm(std::string name, uint64_t nth, std::function<Status()> action) {
    MutexLock lock(mutex_);
    armed_.insert_or_assign(std::move(name), Armed{nth, std::move(action)});
    active_.store(true, std::memory_order_relaxed);
}

Status Failpoints::arm_exit(std::string_view specification) {
    auto colon = specification.rfind(':');
    uint64_t nth = 1;
    if (colon != std::string_view::npos) {
        auto number = specification.substr(colon + 1);
        auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), nth);
        if (error != std::errc() || end != number.data() + number.size() || nth == 0)
            return fail(ErrorCode::kInvalidArgument,
                        "not a failpoint (name or name:3): \"" + std::string(specification) + "\"");
    }
    arm(std::string(specification.substr(0, colon)), nth,
        []() -> Status { ::_exit(kKilledExitCode); });
    return {};
}

void Failpoints::record() { active_.store(true, std::memory_order_relaxed); }

std::map<std::string, uint64_t> Failpoints::hits() const {
    MutexLock lock(mutex_);
    return {hits_.begin(), hits_.end()};
}

void Failpoints::disarm() {
    MutexLock lock(mutex_);
    armed_.clear();
}

Status Failpoints::slow_hit(std::string_view name) {
    std::function<Status()> action;
    {
        MutexLock lock(mutex_);
        auto counted = hits_.find(name);
        if (counted == hits_.end()) counted = hits_.emplace(name, 0).first;
        ++counted->second;
        auto found = armed_.find(name);
        if (found == armed_.end() || --found->second.countdown > 0) return {};
        action = std::move(found->second.action);
        armed_.erase(found);
    }
    return action();
}

}  // namespace tarn::io
