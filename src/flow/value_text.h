#pragma once

// Values of columns compared by what they are, whatever batches they stand in.

#include <compare>
#include <string>
#include <vector>

#include "input.h"

namespace tarn::flow {

// Appends what no other value of a column of this type appends, also with more behind it. Of all
// types but DOUBLE and nested ones.
void append_value_text(const codec::Column& column, uint32_t row, std::string& out);
// Whether two rows of one schema have the same values. Of nested values: false, if one is not NULL.
bool same_row(const codec::ColumnBatch& a, uint32_t a_row, const codec::ColumnBatch& b,
              uint32_t b_row);
// Whether values of a column of this type can be compared so: whole numbers, decimals, texts,
// bytes, dates and times.
bool has_order(const codec::ColumnType& type);
// Two values of one such type, neither NULL; texts and bytes by their bytes.
std::strong_ordering compare_values(const codec::Column& a, uint32_t a_row, const codec::Column& b,
                                    uint32_t b_row);
// The batch with NULL for an empty text in these columns, as Delta has it in those that a table is
// partitioned by; the same if there is none.
BatchPtr empty_as_null(const BatchPtr& rows, const std::vector<size_t>& columns);
// The batch without one column; the same if it is -1.
BatchPtr without_column(const BatchPtr& rows, int column);

}  // namespace tarn::flow
