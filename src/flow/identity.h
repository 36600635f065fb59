#pragma once

// What a flow is known by, in its sinks and over restarts.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tarn/codec/column_batch.h"
#include "tarn/project/project.h"

namespace tarn::flow {

struct FlowIdentity {
    std::string name, generation;
    std::string state_folder;  // <data>/state/<flow>
    std::string app_id() const { return name + "/" + generation; }
};

// 16 hexadecimal digits of what a flow's results depend on.
std::string generation_of(std::string_view description);
// Columns of a topic and what is required of them, as part of such a description.
std::string described(std::span<const codec::ColumnSpec> columns);
// The same of what a topic declares, with the form of its times.
std::string described(const project::Topic& topic);
// How the topic's column is read, beside its type: empty if nothing is said of it.
std::string form_of(const project::Topic& topic, const std::string& column);
// The log's writer id of a flow's sink; never 0.
int64_t writer_id(std::string_view flow, std::string_view generation, std::string_view sink);

}  // namespace tarn::flow
