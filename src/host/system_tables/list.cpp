#include "system_tables/list.h"

#include <array>

namespace tarn::host {

std::span<const SystemTable> system_tables() {
    // A line each, by name.
    static const std::array kTables = {
        flows_table(),
        runs_table(),
        settings_table(),
        topics_table(),
    };
    return kTables;
}

}  // namespace tarn::host
