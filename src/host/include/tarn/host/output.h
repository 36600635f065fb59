#pragma once

// Results on stdout: a table for people, one JSON object a line, or CSV. Errors on stderr, exit
// codes 0 / 1 / 2.

#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tarn/base/result.h"
#include "tarn/host/common.h"

namespace tarn::host {

Result<Format> parse_format(std::string_view text);

// The exit code of an error: 2 if the user asked wrongly, 1 if it failed. Total.
int exit_code(ErrorCode code);
// Prints "tarn: message [TARN-E0201]" on stderr and gives the exit code.
int print_error(const Error& error);

// Throws std::system_error, as fmt::print does, when standard output takes no more.
void flush_output();

// Rows of named columns, printed when done. Numbers are right-aligned in text.
class TableOutput {
  public:
    TableOutput(Format format, std::vector<std::string> columns)
        : format_(format), columns_(std::move(columns)), numbers_(columns_.size()) {}
    void row(std::vector<nlohmann::json> values) { rows_.push_back(std::move(values)); }
    // Says of a column that its texts are numbers, such as those with more digits than a double
    // holds.
    void holds_numbers(size_t column) { numbers_[column] = true; }
    // `empty` is said on stderr, in text form only, if there is no row.
    void print(std::string_view empty = {}) const;

  private:
    void print_text() const;
    void print_csv() const;
    Format format_;
    std::vector<std::string> columns_;
    std::vector<bool> numbers_;  // of columns
    std::vector<std::vector<nlohmann::json>> rows_;
};

// One thing as "name: value" lines with texts of several lines and lists of things (as tables)
// below, or as one JSON object. CSV has no form for it: name,value lines.
void print_object(Format format, const nlohmann::ordered_json& object);

// A value as a person reads it: text bare, nested as JSON.
std::string shown(const nlohmann::json& value);
std::string csv_field(std::string_view text);

}  // namespace tarn::host
