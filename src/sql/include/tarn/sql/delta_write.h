#pragma once

// The rows of a SELECT as data files of a Delta table, of any size: they stream from the query into
// the files.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/snapshot.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/parquet.h"

namespace tarn::sql {

// What rows have beside the table's columns.
enum class Beside {
    kNothing,
    kChange,  // _change_type, in change data
    kRowIds,  // kRowIdColumn and kRowVersionColumn: those that a row keeps, NULL for new ones
};

struct DeltaOutput {
    // Whose schema, column mapping, partition columns and statistics properties hold.
    std::shared_ptr<const delta::Snapshot> snapshot;
    std::string stem;  // unique: file names begin with it
    uint64_t file_bytes =
        0;  // about which a file ends and the next begins; 0: one file. Partitions
            // have one file each (DuckDB does not combine the two)
    Beside beside = Beside::kNothing;  // change data lies under _change_data/
    int64_t time_ms = 0;               // modification time of the files
};

// How this table's files have these of its columns (empty: all); nothing if by their names.
// Partition columns are not in files.
StoredColumns stored_columns(const delta::Snapshot& table,
                             std::span<const std::string> columns = {});

// The rows of `select` in the order and the types of the table's columns, with what stands beside
// them behind. NULL in a column that must not have it, or within one where its type has none, is an
// error when the query runs.
std::string typed_select(const delta::Snapshot& table, const std::string& select,
                         Beside beside = Beside::kNothing);

// A condition on rows with this column, by its name: it is NULL, or there is a NULL in it, where
// the schema has none ("false" where it may have any). A struct that is NULL lacks no fields.
std::string has_missing(const delta::Field& column);

// The columns that a table has which takes the rows of a query. Errors: of the query; kUnsupported
// (a type that no table has; with kVoid such a column is kVoid).
enum class UnknownTypes { kRefused, kVoid };
Result<delta::Schema> schema_of_query(Session& session, const std::string& select,
                                      UnknownTypes unknown = UnknownTypes::kRefused);

// `select`: a query, without a semicolon, that gives all columns of the table by name, and those
// beside them, in any order and of types that can be cast to theirs. Files are synced, their
// folders too; none is made for no rows. On an error the files that were written are removed as far
// as that is possible. Errors: of the query; kIo, kResourceExhausted; kUnsupported (a partition
// column of a type that has no text; a column of type variant).
Result<std::vector<delta::AddFile>> write_delta_files(Session& session, const std::string& select,
                                                      const DeltaOutput& output);

}  // namespace tarn::sql
