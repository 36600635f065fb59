#pragma once

// What Linux says of the machine and of this process's limits.

#include <cstdint>
#include <optional>
#include <string>

namespace tarn::host {

struct Machine {
    std::string kernel;        // "Linux 6.1.0"
    int cores = 0;             // that this process may use
    int64_t memory_bytes = 0;  // of the machine, or of the control group if that is less
    int64_t available_bytes = 0;
    uint64_t open_files = 0;  // limit of this process
};
Machine this_machine();

// "ext4", "tmpfs", "nfs" …; the number in hex where it is none of the known.
std::string file_system_of(const std::string& folder);

// The process that holds the kernel's lock of a data folder; nothing if it is free. The id is 0 if
// it is not known. Takes the lock, shared and for an instant, to find out.
std::optional<int64_t> lock_holder(const std::string& data);

}  // namespace tarn::host
