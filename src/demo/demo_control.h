#pragma once

// The server's words with the demo's supervisor (supervisor.h), which is another process.

#include <functional>
#include <optional>
#include <string>

#include "tarn/base/result.h"
#include "tarn/host/message.h"
#include "tarn/io/file_system.h"

namespace tarn::demo {

// What it says of itself as JSON (server, faults, history; nothing if none runs), and a way to ask
// it for something. `state` may be empty.
struct DemoControl {
    std::function<std::optional<std::string>()> state;
    std::function<Status(const std::string& action)> command;
};

// Over files of the data folder. `fs` has no quota and outlives the control.
DemoControl demo_control(io::FileSystem& fs, const std::string& data);

// Demo of the contract; where no supervisor runs, one that says so.
std::string demo_json(const DemoControl& control);
// 202. Errors: kNotFound (no supervisor, or no such action), kFailedPrecondition (the action is
// under way).
Result<host::Response> demo_command(const DemoControl& control, const std::string& action);

}  // namespace tarn::demo
