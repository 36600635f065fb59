#pragma once

// A result as JSON, an object a row.

#include <string>
#include <string_view>
#include <vector>

#include "tarn/sql/result.h"

namespace tarn::sql {

class JsonRowSink : public ResultSink {
  public:
    virtual Status columns(std::span<const ResultColumn> columns) = 0;
    // A row as one JSON object text, values as ResultBatch::append_json has them. Valid for the
    // call alone.
    virtual Status row(std::string_view json) = 0;

    Status begin(std::span<const ResultColumn> columns) final;
    Status batch(const ResultBatch& batch) final;

  private:
    std::vector<std::string> keys_;  // ,"name":
    std::string row_;
};

}  // namespace tarn::sql
