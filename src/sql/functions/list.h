#pragma once

#include "tarn/sql/functions.h"

namespace tarn::sql {

SqlFunction delta_scan_function();
SqlFunction session_function();
SqlFunction stream_function();
SqlFunction tumble_function();

}  // namespace tarn::sql
