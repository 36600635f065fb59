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
// A SELECT of all rows of `table` whose keys are among `rows`; both stand in FROM, and `rows` can
// be read again: the least and the greatest of each of its columns go down to files as bounds.
Result<std::string> rows_of_keys(Session& session, const std::string& table,
                                 const std::vector<codec::ColumnSpec>& keys,
                                 const std::string& rows);

}  // namespace tarn::sql
