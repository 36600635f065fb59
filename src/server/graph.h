#pragma once

#include <string>

#include "host_names.h"

namespace tarn::server {

// The platform's map, `Graph` of openapi.yaml: producers, topics, flows, tables, views and the page, with what flows
// between them.
std::string graph_json(const Platform& platform, const Readings& readings);

}  // namespace tarn::server
