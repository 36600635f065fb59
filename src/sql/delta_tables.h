#pragma once

// Tables that SQL reads, by path, with what is known of their logs: one for an engine, shared by
// its scans and by functions that ask for a table by its name.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <duckdb/function/table_function.hpp>

#include "checkpoint_reader.h"
#include "duck.h"
#include "tarn/delta/table.h"

namespace tarn::sql {

// Thread-safe.
class DeltaTables final : public duckdb::TableFunctionInfo {
  public:
    DeltaTables(duckdb::DatabaseInstance& db, io::FileSystem& files)
        : fs(files), checkpoints_(duck_checkpoint_io(db, files)) {}
    io::FileSystem& fs;

    std::shared_ptr<delta::Table> find(const std::string& path) {
        constexpr size_t kMaxTables = 256;
        std::lock_guard lock(mutex_);
        if (tables_.size() >= kMaxTables) tables_.clear();
        auto& table = tables_[path];
        if (!table) table = std::make_shared<delta::Table>(fs, path, checkpoints_.get());
        return table;
    }

  private:
    std::unique_ptr<delta::CheckpointIo> checkpoints_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<delta::Table>> tables_;
};

// What a table function by the name of a table needs.
struct NamedTables final : duckdb::TableFunctionInfo {
    explicit NamedTables(Engine::Impl& e) : engine(e) {}
    std::shared_ptr<delta::Table> open(const std::string& path) const {
        return engine.delta_tables->find(path);
    }
    Engine::Impl& engine;
};

}  // namespace tarn::sql
