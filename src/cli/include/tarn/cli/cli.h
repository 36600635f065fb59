#pragma once

// The program: what the command line says, turned into one call of a command.

namespace tarn::cli {

// Gives the exit status. Ignores SIGPIPE for the whole process; call it once, from main.
int run(int argc, char** argv);

}  // namespace tarn::cli
