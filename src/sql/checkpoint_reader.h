#pragma once

// Delta checkpoints as Parquet with DuckDB. Private to the module.

#include <duckdb.hpp>

#include <memory>

#include "tarn/delta/checkpoint_io.h"
#include "tarn/io/file_system.h"

namespace tarn::sql {

// Uses connections of its own in `db`; both outlive it.
std::unique_ptr<delta::CheckpointIo> duck_checkpoint_io(duckdb::DatabaseInstance& db,
                                                        io::FileSystem& fs);

}  // namespace tarn::sql
