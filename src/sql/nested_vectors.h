#pragma once

// Nested values (codec/nested.h) as DuckDB's vectors and back. Private to sql.

#include <string>
#include <string_view>

#include "duck.h"

namespace tarn::sql {

// Puts a payload into row `row` of a flat vector of that type, and what is inside behind what its
// children have. Throws an Error of kCorrupted if the payload is none.
void put_nested(const codec::ColumnType& type, std::string_view payload, duckdb::Vector& out,
                duckdb::idx_t row);

// Reads the payloads of a vector's rows. The vector outlives it.
class NestedReader {
  public:
    NestedReader(duckdb::Vector& vector, codec::ColumnType type, size_t count);
    // Appends the row's payload; false, and nothing appended, if it is NULL.
    bool payload(size_t row, std::string& out) const;

  private:
    const codec::ColumnType type_;
    duckdb::RecursiveUnifiedVectorFormat format_;
};

}  // namespace tarn::sql
