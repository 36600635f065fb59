#pragma once

// What this module lends to SQL.

#include <span>

#include "tarn/sql/functions.h"

namespace tarn::privacy {

std::span<const sql::SqlFunction> sql_functions();

}  // namespace tarn::privacy
