#pragma once

// SQL about rows of some keys, for joins that leave most rows of a table unread.

#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// That the columns `keys` of both have the same values, NULL with NULL; "true" of none.
std::string same_keys(std::string_view a, std::string_view b,
                      const std::vector<codec::ColumnSpec>& keys);
// " WHERE …" that all rows of `table` pass whose keys are among `rows`, which stands in FROM and
// can be read again: the least and the greatest of each column, which go down to files. Empty:
// nothing can be said.
Result<std::string> bounds_of(Session& session, std::string_view table,
                              const std::vector<codec::ColumnSpec>& keys, const std::string& rows);

}  // namespace tarn::sql
