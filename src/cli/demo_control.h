#pragma once

// The server's words with the demo's supervisor (supervisor.h), over files of the data folder.

#include <string>

#include "tarn/base/ids.h"
#include "tarn/host/platform.h"
#include "tarn/io/file_system.h"

namespace tarn::cli {

// `fs` has no quota and outlives the control.
host::DemoControl demo_control(io::FileSystem& fs, const std::string& data);

}  // namespace tarn::cli
