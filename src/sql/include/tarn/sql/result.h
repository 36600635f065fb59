#pragma once

// What a query gives back, with its types: the columns once, then batches of rows. A form of a
// result (JSON, CSV) is a sink over this, one file each.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::sql {

// By which accessor of a batch the values of a column are read.
enum class ValueKind {
    kBool,
    kInteger,    // signed ones up to 64 bits, unsigned ones up to 32
    kReal,       // FLOAT and DOUBLE
    kText,       // VARCHAR
    kJson,       // JSON, as a text
    kBytes,      // BLOB
    kTimestamp,  // all of them, in microseconds
    kDate,
    kOther,  // DECIMAL, HUGEINT, TIME, INTERVAL, UUID, nested: as JSON
};

struct ResultColumn {
    std::string name;  // of one name only one: "a", "a_1"
    std::string type;  // DuckDB's name of it
    ValueKind kind = ValueKind::kOther;
};

// Rows of a result as DuckDB has them, seen through its kinds. Lives for the call of
// ResultSink::batch alone. A value that is_null() has none; one of another kind must not be asked
// for.
class ResultBatch {
  public:
    struct Impl;
    ResultBatch(Impl& impl, size_t rows) : impl_(impl), rows_(rows) {}
    size_t rows() const { return rows_; }

    bool is_null(size_t column, size_t row) const;
    bool boolean(size_t column, size_t row) const;
    int64_t integer(size_t column, size_t row) const;
    double real(size_t column, size_t row) const;
    // Of kText, kJson and kBytes.
    std::string_view text(size_t column, size_t row) const;
    // INT64_MAX and -INT64_MAX stand for the infinities.
    Timestamp timestamp(size_t column, size_t row) const;
    int32_t date(size_t column, size_t row) const;  // days since 1970-01-01, likewise
    // Any value, NULL too, as JSON: numbers as numbers, undamaged (BIGINT beyond 2^53 and DECIMAL
    // too), NaN and infinities as strings, timestamps as RFC 3339 text, BLOB as base64, nested as
    // JSON.
    void append_json(size_t column, size_t row, std::string& out) const;

  private:
    Impl& impl_;
    size_t rows_;
};

// Where a result goes, in order: begin() once, then batches. An error ends the query.
class ResultSink {
  public:
    virtual ~ResultSink() = default;
    virtual Status begin(std::span<const ResultColumn> columns) = 0;
    virtual Status batch(const ResultBatch& batch) = 0;
};

}  // namespace tarn::sql
