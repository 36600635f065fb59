#pragma once

// What stands in a query, as numbers and instants.

#include "tarn/base/time.h"
#include "tarn/host/message.h"

namespace tarn::host {

// A query parameter as a number within bounds, or the default. Errors: kInvalidArgument naming it.
Result<int64_t> number_parameter(const Target& target, std::string_view name, int64_t otherwise,
                                 int64_t min, int64_t max);
// RFC 3339 with Z or an offset, up to six digits of a second. Errors: kInvalidArgument.
Result<Timestamp> parse_instant(std::string_view text);

}  // namespace tarn::host
