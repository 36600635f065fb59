#pragma once

// The demo: a project with its producers, kept alive and broken on demand. What the program takes
// of it.

#include <optional>
#include <span>
#include <string>

#include "tarn/host/command.h"
#include "tarn/host/platform.h"
#include "tarn/host/route.h"
#include "tarn/io/file_system.h"

namespace tarn::demo {

// `tarn demo`, `tarn demo trace` and `tarn demo-generator`.
std::span<const host::CommandRow> commands();

// What the demo's producers say of themselves, together: <data>/demo/producer.json and those one
// folder below it (ledger.h). Nothing if no producer ever ran.
std::optional<host::ProducerLedger> read_producers(io::FileSystem& fs, const std::string& data);

// The demo's addresses of the API: what its supervisor says, and commands to it.
std::span<const host::Route> routes();

}  // namespace tarn::demo
