#pragma once

// Connections of this module's own inside a restricted engine. Private to the module.

#include "duck.h"

namespace tarn::sql {

// Frees a connection that runs only statements of our own making from the check of register_plan_check.
void trust_connection(duckdb::Connection& connection);

}  // namespace tarn::sql
