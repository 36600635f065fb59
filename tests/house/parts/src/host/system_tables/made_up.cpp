#include "tarn/host/system_table.h"

namespace tarn::host {
namespace {

constexpr SystemColumn kColumns[] = {{"n", codec::ColumnType::kInt64, "A number."}};

}  // namespace

SystemTable made_up_table() {
    return {"made_up", "One number.", kColumns,
            [](const SystemSources&, SystemRows& rows) { rows.number(42); }};
}

}  // namespace tarn::host
