#pragma once

// JSON objects and arrays as values of nested types. Private to codec.

#include <string>
#include <string_view>

#include "tarn/codec/column_batch.h"

namespace tarn::codec {

// Appends the payload (nested.h) of a nested value; `raw` is one well-formed JSON value, not null.
// False, and why, if it is none of the type: the reason names the place inside of it. Fields that a
// struct does not declare are left out, those that are missing are NULL, of duplicate ones the last
// wins. Times without a zone are read in UTC.
bool nested_from_json(const ColumnType& type, std::string_view raw, std::string& out,
                      std::string& why);

}  // namespace tarn::codec
