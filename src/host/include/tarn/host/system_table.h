#pragma once

// Tables of the schema `system`: what a running process knows of itself, as SQL. A module brings
// its own as data (Capability::system_tables); those of this one are a file each under
// system_tables/. SQL, the names for completion and docs/reference/system-tables.md follow from the
// row.

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tarn/base/settings.h"
#include "tarn/codec/column_batch.h"
#include "tarn/flow/runtime.h"
#include "tarn/kafka/groups.h"
#include "tarn/log/log.h"
#include "tarn/sql/query_log.h"
#include "tarn/sql/table_provider.h"

namespace tarn::host {

struct SystemColumn {
    std::string_view name;
    codec::ColumnType type;
    std::string_view text;  // for the reference page
};

// What system tables show. The referenced objects outlive whoever holds this.
struct SystemSources {
    const log::Log& log;
    const flow::Runtime& flows;
    const Settings& settings;
    const sql::QueryLog& queries;
    std::function<std::vector<kafka::GroupInfo>()> groups;  // of consumers
};

// Rows of a table, value by value in the order of its columns.
class SystemRows {
  public:
    explicit SystemRows(std::span<const SystemColumn> columns);
    SystemRows& text(std::string_view value);
    SystemRows& number(int64_t value);
    SystemRows& number(std::optional<int64_t> value);  // NULL if there is none
    SystemRows& time(std::optional<Timestamp> value);  // NULL if there is none
    sql::RowsRef finish();

  private:
    codec::ColumnBuilder& next();
    std::vector<codec::ColumnSpec> schema_;
    std::vector<codec::ColumnBuilder> builders_;
    size_t values_ = 0;
};

struct SystemTable {
    std::string_view name;  // without the schema
    std::string_view text;  // one sentence for the reference page
    std::span<const SystemColumn> columns;
    void (*fill)(const SystemSources& sources, SystemRows& rows);
};

// Those of this module, by name.
std::span<const SystemTable> system_tables();
// nullptr if none of them has the name.
const SystemTable* find_system_table(std::span<const SystemTable> tables, std::string_view name);

}  // namespace tarn::host
