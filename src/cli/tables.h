#pragma once

// The tables that SQL can name: lake tables (Delta folders under <data>/tables), materialized
// views, and system.* of a running process, where those of topics have their tails. Without a
// process only the lake.

#include <optional>
#include <string>
#include <vector>

#include "tarn/host/system_table.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/table_provider.h"
#include "tarn/view/view.h"

namespace tarn::cli {

// A view as a table. Its rows are ordered by its key: filters on the time that comes first in it
// bound what is read.
sql::ScanRef view_table(std::shared_ptr<view::View> view);

class Tables final : public sql::TableProvider {
  public:
    Tables(io::FileSystem& fs, std::string lake_root) : fs_(fs), lake_root_(std::move(lake_root)) {}
    // What a serving process adds; all outlive this object. Called before the first query.
    void serve(const view::ViewStore& views, host::SystemSources system,
               std::vector<host::SystemTable> system_tables) {
        views_ = &views;
        system_.emplace(system);
        system_tables_ = std::move(system_tables);
    }

    Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                 std::string_view table) override;
    std::vector<std::string> names() override;

  private:
    io::FileSystem& fs_;
    std::string lake_root_;
    const view::ViewStore* views_ = nullptr;
    std::optional<host::SystemSources> system_;
    std::vector<host::SystemTable> system_tables_;
};

}  // namespace tarn::cli
