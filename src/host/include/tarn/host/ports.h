#pragma once

// Who has a port, and which one is free.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"

namespace tarn::host {

// A process that listens on a port, as /proc tells it.
struct PortHolder {
    int64_t pid = 0;
    std::string command;      // its arguments, at most 80 bytes
    std::string str() const;  // "process 812 (java -jar broker.jar)"
};
// Nothing if nobody listens there, or if it is a process that this user may not look into.
std::optional<PortHolder> port_holder(uint16_t port);

// Whether a listener could open there now. An address that is not numeric, or not this machine's,
// counts as one that can not.
bool can_listen(const std::string& address, uint16_t port);
// The first free port after `port`, at most 100 further on; 0 (any) if there is none.
uint16_t next_free_port(const std::string& address, uint16_t port);

// What a listener's error kPortInUse says: who has the port, and which flag to use.
Error port_in_use(std::string_view listener, const std::string& address, uint16_t port,
                  std::string_view flag);

// For the demo: of the listeners' ports that nobody named and that are in use, sets the next free
// one as a flag, and gives a sentence for each.
std::vector<std::string> step_around_ports(const Settings& settings, Settings::Values& flags);

}  // namespace tarn::host
