#pragma once

// Identity columns (PROTOCOL.md "Identity Columns"): numbers that a table gives its new rows, each
// once, counted in the column's metadata.

#include <cstdint>
#include <optional>
#include <string>

#include "tarn/base/result.h"
#include "tarn/delta/schema.h"

namespace tarn::lake {

struct Identity {
    int64_t start = 1, step = 1;
    std::optional<int64_t> high_water_mark;  // the last one given; none was yet
    bool takes_values = false;               // from those who insert, too

    // The number that is given `after` others from now on. Errors: kResourceExhausted (there are no
    // more of 64 bits).
    Result<int64_t> next(uint64_t after = 0) const;
};

// Nothing if the column is none. Errors: kCorrupted (its metadata, or a type other than long).
Result<std::optional<Identity>> identity_of(const delta::Field& field);
void set_high_water_mark(delta::Field& field, int64_t mark);
// A schema of older times with the marks of a newer one, where they are further: numbers are not
// given again. Whether any is.
bool keep_high_water_marks(delta::Schema& older, const delta::Schema& newer);

}  // namespace tarn::lake
