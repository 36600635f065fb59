#pragma once

// What the demo's producers say of themselves, together: <data>/demo/producer.json and those one folder below it
// (ledger.h).

#include <optional>
#include <string>

#include "tarn/host/platform.h"
#include "tarn/io/file_system.h"

namespace tarn::cli {

// Nothing if no producer ever ran.
std::optional<host::ProducerLedger> read_producers(io::FileSystem& fs, const std::string& data);

}  // namespace tarn::cli
