#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "duck.h"

namespace tarn::sql {

// Chunks of a result as JSON objects, one a row; the rules stand at RowSink. Columns of one name
// are told apart by a suffix ("a", "a_1").
class JsonRows {
  public:
    JsonRows(duckdb::vector<std::string> names, const duckdb::vector<duckdb::LogicalType>& types);
    std::span<const ResultColumn> columns() const { return columns_; }
    // The chunk must live until the last row() of it.
    void start(duckdb::DataChunk& chunk);
    // Valid until the next call.
    std::string_view row(size_t at);

  private:
    std::vector<ResultColumn> columns_;
    std::vector<std::string> keys_;  // ,"name":
    duckdb::DataChunk* chunk_ = nullptr;
    std::vector<duckdb::UnifiedVectorFormat> formats_;
    std::string out_;
};

}  // namespace tarn::sql
