#pragma once

// A data file's statistics from what a Parquet writer counted (PROTOCOL.md "Per-file Statistics").

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tarn/delta/field_path.h"
#include "tarn/delta/schema.h"
#include "tarn/delta/snapshot.h"

namespace tarn::delta {

// Of one leaf column. Bounds are texts as SQL casts them: 2026-01-31 23:59:59.123456+00, 1.50, true
// (or 1).
struct LeafCounts {
    std::optional<std::string> min, max;
    std::optional<int64_t> nulls;
    bool has_nan = false;
};
// By path of physical names, joined with '\0'.
using LeafCountsByPath = std::map<std::string, LeafCounts>;

// The JSON of add.stats: counts of nulls and bounds for the columns that the table's properties ask
// for (delta.dataSkippingStatsColumns, else the first delta.dataSkippingNumIndexedCols leaves);
// none inside lists and maps. A column that has one bound alone has none.
std::string stats_json(const Snapshot& table, int64_t records, const LeafCountsByPath& leaves);

// Statistics of a file that has rows less: bounds that may be wider than the rows that are left.
std::string with_wide_bounds(std::string stats);

// Whether the table's properties ask for statistics of this leaf: each of the first 32, or what
// delta.dataSkippingStatsColumns or delta.dataSkippingNumIndexedCols say.
bool has_statistics(const Snapshot& table, const FieldPath& leaf);

}  // namespace tarn::delta
