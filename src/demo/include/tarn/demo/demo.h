#pragma once

// The demo: a project with its producers, kept alive and broken on demand. What the program takes
// of it.

#include <optional>
#include <span>
#include <string>

#include "tarn/host/command.h"
#include "tarn/host/platform.h"
#include "tarn/io/file_system.h"

namespace tarn::demo {

// `tarn demo`, `tarn demo trace` and `tarn demo-generator`.
std::span<const host::CommandRow> commands();

// What the demo's producers say of themselves, together: <data>/demo/producer.json and those one
// folder below it (ledger.h). Nothing if no producer ever ran.
std::optional<host::ProducerLedger> read_producers(io::FileSystem& fs, const std::string& data);

// The server's words with the demo's supervisor (supervisor.h), over files of the data folder. `fs`
// has no quota and outlives the control.
host::DemoControl demo_control(io::FileSystem& fs, const std::string& data);

}  // namespace tarn::demo
