#pragma once

// Tables of the lake as functions of SQL find them: by name, with their logs.

#include <memory>

#include <duckdb/function/table_function.hpp>

#include "checkpoint_reader.h"
#include "duck.h"
#include "tarn/delta/table.h"

namespace tarn::sql {

// What a table function by the name of a table needs. Thread-safe.
struct NamedTables final : duckdb::TableFunctionInfo {
    explicit NamedTables(Engine::Impl& e)
        : engine(e), checkpoints(duck_checkpoint_io(e.instance(), e.fs)) {}
    delta::Table open(const std::string& path) const {
        return delta::Table(engine.fs, path, checkpoints.get());
    }
    Engine::Impl& engine;
    std::unique_ptr<delta::CheckpointIo> checkpoints;
};

}  // namespace tarn::sql
