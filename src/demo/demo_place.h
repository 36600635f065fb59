#pragma once

// Where the user's demo runs: a file in the user's state folder ($XDG_STATE_HOME or ~/.local/state)
// that names the demo's data folder, so that commands need not be told. Only a hint: who reads it
// looks whether the demo still runs.

#include <optional>
#include <string>

#include "tarn/io/file_system.h"

namespace tarn::demo {

// Nothing happens where there is no home folder.
void remember_demo(io::FileSystem& fs, const std::string& data);
// Unless another demo has taken the place meanwhile.
void forget_demo(io::FileSystem& fs);
// The data folder of a demo that runs.
std::optional<std::string> running_demo(io::FileSystem& fs);

}  // namespace tarn::demo
