#pragma once

#include "tarn/host/system_table.h"

namespace tarn::host {

SystemTable flows_table();
SystemTable runs_table();
SystemTable settings_table();
SystemTable topics_table();

}  // namespace tarn::host
