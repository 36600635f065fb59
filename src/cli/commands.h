#pragma once

// The nouns of the command line: those under commands/, a file
// `std::span<const host::CommandRow> <name>_commands()` each, and those that capabilities bring. In
// their order help, the man page and docs/reference/commands.md show them.

#include <span>
#include <vector>

#include "command_docs.h"
#include "tarn/host/command.h"

namespace tarn::cli {

std::span<const host::CommandRow> own_commands();
std::vector<host::CommandRow> all_commands();
// All of them as data.
CommandDoc command_docs();

}  // namespace tarn::cli
