#pragma once

// What a plan of changes says, as JSON (ChangePlan of plan.openapi.yaml).

#include <span>
#include <string>

#include "tarn/flow/change.h"

namespace tarn::host {

std::string changes_json(std::span<const flow::FlowChange> changes);

}  // namespace tarn::host
