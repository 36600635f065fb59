#pragma once

// What SQL can name, for completion.

#include <string>
#include <string_view>
#include <vector>

#include "tarn/codec/column_batch.h"
#include "tarn/host/platform.h"

namespace tarn::catalog {

struct NamedColumn {
    std::string name;
    codec::ColumnType type;
};
struct NamedTable {
    std::string_view kind;  // "table", "view" or "system"
    std::string name;       // "bronze.clicks"
    std::vector<NamedColumn> columns;
};
// Tables that can be read, materialized views, system tables.
std::vector<NamedTable> sql_tables(const host::Platform& platform);

}  // namespace tarn::catalog
