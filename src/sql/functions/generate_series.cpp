// DuckDB's own: a table function that makes rows of its arguments alone.

#include "tarn/sql/functions.h"

namespace tarn::sql {

SqlFunction generate_series_function() {
    return {.name = "generate_series",
            .signature = "generate_series(first BIGINT, last BIGINT [, step BIGINT])",
            .text = "The numbers from the first to the last, that included; also of times.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll};
}

}  // namespace tarn::sql
