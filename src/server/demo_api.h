#pragma once

// The demo's page half: what the demo's supervisor says, and commands to it. The supervisor is
// another process; how words get there is DemoControl's affair (tarn/host/platform.h).

#include <string>

#include "host_names.h"

namespace tarn::server {

// DemoState of openapi.yaml; where no supervisor runs, one that says so.
std::string demo_json(const DemoControl& control);
// 202. Errors: kNotFound (no supervisor, or no such action), kFailedPrecondition (the action is
// under way).
Result<Response> demo_command(const DemoControl& control, const std::string& action);

}  // namespace tarn::server
