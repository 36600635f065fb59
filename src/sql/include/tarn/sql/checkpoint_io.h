#pragma once

// Reads and writes Delta checkpoints with an engine's Parquet.

#include <memory>

#include "tarn/delta/checkpoint_io.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// `fs` is the engine's file system; both outlive what is returned. Thread-safe.
std::unique_ptr<delta::CheckpointIo> make_checkpoint_io(Engine& engine, io::FileSystem& fs);

}  // namespace tarn::sql
