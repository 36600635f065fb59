#pragma once

// Why a JSON value is none of its column's type, in words. Private to codec.

#include <string>
#include <string_view>

#include "json_text.h"
#include "tarn/codec/column_batch.h"

namespace tarn::codec {

// A value as it appears in a reason: not too long, cut between characters.
std::string shown(std::string_view raw);
// "string", "object", "array", "boolean", "null" or "number", by its first byte; `raw` has one.
std::string_view kind_of(std::string_view raw);
std::string expected(const ColumnType& type, std::string_view raw);
std::string out_of_range(const ColumnType& type, std::string_view raw);
std::string why_no_time(Parsed parsed, std::string_view raw, TimeForm::Unit unit);
std::string why_no_local_time(Parsed parsed, std::string_view raw);
std::string why_no_decimal(Parsed parsed, std::string_view raw, const ColumnType& type);

}  // namespace tarn::codec
