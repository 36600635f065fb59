#pragma once

// Parquet files with DuckDB's writer and reader.

#include <memory>
#include <span>
#include <string>

#include "tarn/codec/column_batch.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// How columns are written that files know by other names: a SELECT list over rows `q`, which names
// them, and COPY's FIELD_IDS. Empty: as they are.
struct StoredColumns {
    std::string list, field_ids;
};

struct ParquetOptions {
    int zstd_level = 1;
    size_t row_group_rows = 122'880;
    StoredColumns stored = {};
};
struct ParquetFile {
    uint64_t bytes = 0;
    uint64_t rows = 0;
};

// Writes the batches (all of one schema) as one file at `path` (of the engine's file system), zstd, one row order,
// deterministic bytes for the same input. Dictionary columns are written from their dictionary (as ENUM, read back as
// strings). TIMESTAMPTZ is written as microseconds adjusted to UTC. All columns OPTIONAL. The file is synced, its
// name is not: the caller syncs the folder before it commits. `columns` chooses and orders columns by index.
Result<ParquetFile> write_parquet(
    Session& session, const std::string& path,
    std::span<const std::shared_ptr<const codec::ColumnBatch>> batches,
    std::span<const int> columns, const ParquetOptions& options = {});

}  // namespace tarn::sql
