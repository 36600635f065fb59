#pragma once

// Which tables Tarn reads and appends to: one table of features, enforced in one place, refusing by
// name.

#include <span>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/schema.h"

namespace tarn::delta {

struct FeatureSupport {
    std::string_view name;
    bool reader_writer;  // must be in both lists; else a writer feature
    bool read;           // Tarn reads tables that have it
    bool append;         // Tarn appends to tables that have it
};
std::span<const FeatureSupport> feature_table();

// Errors: kUnsupported, naming the feature or version; kCorrupted (lists that must be there are
// not).
Status check_readable(const Protocol& protocol);
// Also looks at what the metadata makes active: constraints, invariants, generated and identity
// columns.
// `parsed`: the metadata's schema, if it is known already.
Status check_appendable(const Protocol& protocol, const Metadata& metadata,
                        const Schema* parsed = nullptr);

}  // namespace tarn::delta
