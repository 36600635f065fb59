// DuckDB's own: a table function that makes rows of its arguments alone.

#include "tarn/sql/functions.h"

namespace tarn::sql {

SqlFunction range_function() {
    return {.name = "range",
            .signature = "range(first BIGINT, end BIGINT [, step BIGINT])",
            .text = "The numbers from the first to before the end; also of times.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kAll};
}

}  // namespace tarn::sql
