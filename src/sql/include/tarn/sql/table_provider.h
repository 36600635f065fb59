#pragma once

// Where tables come from that SQL names and DuckDB does not have: lake tables, topics, live views, system tables.
// Declared here, filled in by `cli`.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"

namespace tarn::sql {

// Read with the native Delta scan. version -1: the newest.
struct DeltaTableRef {
    std::string path;
    int64_t version = -1;
};
// Rows in memory: a view's snapshot, system.runs, the newest records of a topic.
struct RowsRef {
    std::vector<codec::ColumnSpec> schema;
    std::vector<std::shared_ptr<const codec::ColumnBatch>> batches;
};
using TableRef = std::variant<DeltaTableRef, RowsRef>;

// Thread-safe.
class TableProvider {
  public:
    virtual ~TableProvider() = default;
    // Nothing if there is no such table.
    virtual Result<std::optional<TableRef>> resolve(std::string_view schema,
                                                    std::string_view table) = 0;
    // "schema.table" of everything that resolve knows, sorted: for messages and completion.
    virtual std::vector<std::string> names() = 0;
};

}  // namespace tarn::sql
