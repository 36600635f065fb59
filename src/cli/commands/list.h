#pragma once

// The nouns of the command line, a file each; in this order help, the man page and
// docs/reference/commands.md show them.

#include <span>
#include <vector>

#include "command_docs.h"
#include "tarn/host/command.h"

namespace tarn::cli {

std::span<const host::CommandRow> up_commands();
std::span<const host::CommandRow> sql_commands();
std::span<const host::CommandRow> topic_commands();
std::span<const host::CommandRow> table_commands();
std::span<const host::CommandRow> flow_commands();
std::span<const host::CommandRow> settings_commands();
std::span<const host::CommandRow> doctor_commands();
std::span<const host::CommandRow> explain_commands();
std::span<const host::CommandRow> help_commands();
std::span<const host::CommandRow> docs_commands();

std::vector<host::CommandRow> all_commands();
// All of them as data.
CommandDoc command_docs();

}  // namespace tarn::cli
