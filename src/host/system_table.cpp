#include "tarn/host/system_table.h"

#include <algorithm>

namespace tarn::host {

const SystemTable* find_system_table(std::span<const SystemTable> tables, std::string_view name) {
    auto it = std::ranges::find(tables, name, &SystemTable::name);
    return it == tables.end() ? nullptr : &*it;
}

SystemRows::SystemRows(std::span<const SystemColumn> columns) {
    for (const auto& column : columns) {
        schema_.push_back({std::string(column.name), column.type, false});
        builders_.emplace_back(column.type);
    }
}

codec::ColumnBuilder& SystemRows::next() { return builders_[values_++ % builders_.size()]; }

SystemRows& SystemRows::text(std::string_view value) {
    next().add_text(value);
    return *this;
}

SystemRows& SystemRows::number(int64_t value) {
    next().add_int(value);
    return *this;
}

SystemRows& SystemRows::number(std::optional<int64_t> value) {
    if (value)
        next().add_int(*value);
    else
        next().add_null();
    return *this;
}

SystemRows& SystemRows::time(std::optional<Timestamp> value) {
    if (value)
        next().add_int(value->us);
    else
        next().add_null();
    return *this;
}

sql::RowsRef SystemRows::finish() {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = schema_;
    batch->row_count = values_ / std::max<size_t>(1, schema_.size());
    for (auto& builder : builders_)
        batch->columns.push_back(builder.finish(*batch));
    return {schema_, {std::move(batch)}};
}

}  // namespace tarn::host
