#pragma once

#include <vector>

#include "duck.h"
#include "tarn/sql/result.h"

namespace tarn::sql {

ValueKind kind_of(const duckdb::LogicalType& type);

// A chunk of a result: its vectors in one form, whatever DuckDB's is.
struct ResultBatch::Impl {
    duckdb::DataChunk* chunk = nullptr;
    std::vector<duckdb::UnifiedVectorFormat> formats;

    // The chunk must live as long as it is looked at.
    void look_at(duckdb::DataChunk& at);
    size_t place(size_t column, size_t row) const { return formats[column].sel->get_index(row); }
    template <class T>
    const T& value(size_t column, size_t row) const {
        return duckdb::UnifiedVectorFormat::GetData<T>(formats[column])[place(column, row)];
    }
};

}  // namespace tarn::sql
