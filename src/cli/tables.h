#pragma once

// The tables that SQL can name: lake tables (Delta folders under <data>/tables), live views, and
// system.* of a running process. Without a process only the lake.

#include <string>
#include <vector>

#include "tarn/flow/runtime.h"
#include "tarn/io/file_system.h"
#include "tarn/log/log.h"
#include "tarn/sql/table_provider.h"
#include "tarn/view/view.h"

namespace tarn::cli {

class Tables final : public sql::TableProvider {
  public:
    Tables(io::FileSystem& fs, std::string lake_root) : fs_(fs), lake_root_(std::move(lake_root)) {}
    // What a serving process adds; all outlive this object. Called before the first query.
    void serve(const log::Log* log, const view::ViewStore* views, const flow::Runtime* flows) {
        log_ = log;
        views_ = views;
        flows_ = flows;
    }

    Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                 std::string_view table) override;
    std::vector<std::string> names() override;

  private:
    std::optional<sql::TableRef> system_table(std::string_view table) const;
    io::FileSystem& fs_;
    std::string lake_root_;
    const log::Log* log_ = nullptr;
    const view::ViewStore* views_ = nullptr;
    const flow::Runtime* flows_ = nullptr;
};

}  // namespace tarn::cli
