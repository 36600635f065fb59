#pragma once

// Ids that rows keep, and versions that wrote them last (PROTOCOL.md "Row Tracking"). A row has
// them from its file (base id and position, default version), unless hidden columns of the file say
// otherwise: there rows that were written anew keep what they had.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/snapshot.h"

namespace tarn::delta {

inline constexpr const char* kEnableRowTracking = "delta.enableRowTracking";
inline constexpr const char* kRowTrackingDomain = "delta.rowTracking";

// Names that files have of the hidden columns.
struct RowTracking {
    std::string id_column, version_column;
};
// Nothing if rows need not keep their ids. Errors: kCorrupted (they must, and the columns have no
// names, or that of another column).
Result<std::optional<RowTracking>> row_tracking(const Snapshot& table);

// Whether new files get ids for their rows, kept or not: readers may rely on kept ones alone.
bool numbers_rows(const Protocol& protocol, const Metadata& metadata);
// The greatest id that a row of the table ever had from its file; -1 if none.
int64_t row_id_high_water_mark(const Snapshot& table);

// Names the hidden columns if rows are to keep ids and the columns have no names yet. `uuid` makes
// a text that is unique. Errors: kInvalidArgument (delta.rowTrackingSuspended).
Status name_row_columns(Metadata& metadata, const std::function<std::string()>& uuid);

}  // namespace tarn::delta
