#include "tables.h"

#include <algorithm>

#include <fmt/format.h>

namespace tarn::cli {

sql::ScanRef view_table(std::shared_ptr<view::View> view) {
    sql::ScanRef out{.schema = view->spec().columns, .rows = view->state().rows, .scan = {}};
    const auto first = size_t(view->spec().key.at(0));
    if (out.schema[first].type == codec::ColumnType::kTimestamp) out.bounded = int(first);
    out.scan = [view = std::move(view)](const sql::TimeBounds& bounds) {
        return view->scan({.from = bounds.from, .to = bounds.to});
    };
    return out;
}

Result<std::optional<sql::TableRef>> Tables::resolve(std::string_view schema,
                                                     std::string_view table) {
    if (schema == "system") {
        const auto* system = host::find_system_table(system_tables_, table);
        if (!system || !system_) return std::nullopt;
        host::SystemRows rows(system->columns);
        system->fill(*system_, rows);
        return rows.finish();
    }
    if (views_)
        if (auto view = views_->find(fmt::format("{}.{}", schema, table)))
            return view_table(std::move(view));
    auto path = fmt::format("{}/{}/{}", lake_root_, schema, table);
    if (schema.find('/') == schema.npos && table.find('/') == table.npos &&
        fs_.exists(path + "/_delta_log"))
        return sql::DeltaTableRef{
            .path = path,
            .tail = system_ ? system_->flows.tail(fmt::format("{}.{}", schema, table)) : nullptr};
    return std::nullopt;
}

std::vector<std::string> Tables::names() {
    std::vector<std::string> out;
    if (views_) out = views_->names();
    for (const auto& table : system_tables_)
        out.push_back(fmt::format("system.{}", table.name));
    if (auto schemas = fs_.list(lake_root_))
        for (auto& schema : *schemas)
            if (auto tables = fs_.list(lake_root_ + "/" + schema.name))
                for (auto& table : *tables)
                    if (fs_.exists(fmt::format("{}/{}/{}/_delta_log", lake_root_, schema.name,
                                               table.name)))
                        out.push_back(schema.name + "." + table.name);
    std::ranges::sort(out);
    return out;
}

}  // namespace tarn::cli
