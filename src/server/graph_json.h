#pragma once

#include <string>

#include "host_names.h"

namespace tarn::server {

// The platform's map, `Graph` of openapi.yaml.
std::string graph_json(const RouteContext& context);

}  // namespace tarn::server
