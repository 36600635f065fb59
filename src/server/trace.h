#pragma once

// Where one event is: from its topic through every flow that reads it, to tables, views and the flows behind them.

#include "host_names.h"

namespace tarn::server {

// GET /api/v1/trace (Trace of openapi.yaml): by topic, partition and offset, or by id. Reads the log, tables and flows as
// they are now. Errors: kNotFound (no such topic), kInvalidArgument.
Result<Response> trace(const Platform& platform, const Target& target);

}  // namespace tarn::server
