// DuckDB's own: a table function that makes rows of its arguments alone.

#include "tarn/sql/functions.h"

namespace tarn::sql {

SqlFunction unnest_function() {
    return {.name = "unnest",
            .signature = "unnest(list ANY[])",
            .text = "A row for each element of a list.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll};
}

}  // namespace tarn::sql
