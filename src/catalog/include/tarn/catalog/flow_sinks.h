#pragma once

// What flows write.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/flow/runtime.h"

namespace tarn::catalog {

// The name of the flow's first sink of the kind, or nothing.
std::string first_sink(const flow::FlowStatus& flow, std::string_view kind);
std::set<std::string> topics_written(const std::vector<flow::FlowStatus>& flows);

}  // namespace tarn::catalog
