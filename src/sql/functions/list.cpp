#include "functions/list.h"

#include <array>

namespace tarn::sql {

std::span<const SqlFunction> sql_functions() {
    using enum FunctionKind;
    using enum FunctionUse;
    // A line each, by name. Those that no engine adds are DuckDB's: the table functions that make
    // rows of their arguments alone.
    static const std::array kFunctions = {
        delta_scan_function(),
        SqlFunction{"generate_series", "generate_series(first BIGINT, last BIGINT [, step BIGINT])",
                    "The numbers from the first to the last, that included; also of times.", kTable,
                    kAll},
        SqlFunction{"range", "range(first BIGINT, end BIGINT [, step BIGINT])",
                    "The numbers from the first to before the end; also of times.", kTable, kAll},
        session_function(),
        stream_function(),
        tumble_function(),
        SqlFunction{"unnest", "unnest(list ANY[])", "A row for each element of a list.", kTable,
                    kAll},
    };
    return kFunctions;
}

}  // namespace tarn::sql
