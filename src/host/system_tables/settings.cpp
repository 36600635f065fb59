#include "tarn/host/system_table.h"

namespace tarn::host {
namespace {

using codec::ColumnType;

constexpr SystemColumn kColumns[] = {
    {"name", ColumnType::kText, "The setting."},
    {"value", ColumnType::kText, "Its value in this process; `***` for secrets."},
    {"source", ColumnType::kText, "`default`, `tarn.yml`, `environment` or `flag`."},
    {"default_value", ColumnType::kText, "What it is where nobody sets it."},
    {"text", ColumnType::kText, "What it does."},
};

void fill(const SystemSources& sources, SystemRows& rows) {
    for (const auto& setting : sources.settings.declarations())
        rows.text(setting.name)
            .text(sources.settings.shown(setting.name))
            .text(to_string(sources.settings.source(setting.name)))
            .text(setting.default_value)
            .text(setting.text);
}

}  // namespace

SystemTable settings_table() {
    return {"settings", "Every setting as this process has it, and where its value comes from.",
            kColumns, fill};
}

}  // namespace tarn::host
