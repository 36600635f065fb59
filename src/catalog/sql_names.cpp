#include "tarn/catalog/sql_names.h"

#include <fmt/format.h>

namespace tarn::catalog {
namespace {

template <class Columns>
NamedTable named(std::string_view kind, std::string name, const Columns& columns) {
    NamedTable out{kind, std::move(name), {}};
    for (const auto& column : columns)
        out.columns.push_back({std::string(column.name), column.type});
    return out;
}

}  // namespace

std::vector<NamedTable> sql_tables(const host::Platform& platform) {
    std::vector<NamedTable> out;
    for (const auto& name : platform.lake.tables())
        if (auto info = platform.lake.describe(name))  // else the list of tables says what is wrong
            out.push_back(named("table", name, info->columns));
    for (const auto& name : platform.views.names())
        if (auto view = platform.views.find(name))
            out.push_back(named("view", name, view->spec().columns));
    for (const auto& table : platform.system_tables)
        out.push_back(named("system", fmt::format("system.{}", table.name), table.columns));
    return out;
}

}  // namespace tarn::catalog
