#pragma once

// What flows write. A sink is written "table bronze.clicks", its kind first.

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarn/flow/runtime.h"

namespace tarn::server {

// Kind and name of a sink.
std::pair<std::string, std::string> sink_of(std::string_view sink);
// The name of the flow's first sink of the kind, or nothing.
std::string first_sink(const flow::FlowStatus& flow, std::string_view kind);
std::set<std::string> topics_written(const std::vector<flow::FlowStatus>& flows);

}  // namespace tarn::server
