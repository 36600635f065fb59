#pragma once

// A result as CSV (RFC 4180): a line of names, then a line a row. NULL is an empty field, an empty
// text "". Fields with a comma, a quote or a line break are quoted. Values are those of the JSON
// form without its quotes.

#include <string>
#include <string_view>
#include <vector>

#include "tarn/sql/result.h"

namespace tarn::sql {

class CsvSink : public ResultSink {
  public:
    static constexpr std::string_view kLineEnd = "\r\n";  // the RFC's
    explicit CsvSink(std::string_view line_end = kLineEnd) : line_end_(line_end) {}
    // Whole lines. Valid for the call alone.
    virtual Status lines(std::string_view csv) = 0;

    Status begin(std::span<const ResultColumn> columns) final;
    Status batch(const ResultBatch& batch) final;

  private:
    void add_value(const ResultBatch& batch, size_t column, size_t row);
    const std::string_view line_end_;
    std::vector<ValueKind> kinds_;
    std::string text_, value_;
};

}  // namespace tarn::sql
