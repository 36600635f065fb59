#pragma once

// Which tables Tarn reads and writes: one table of features, enforced in one place, refusing by
// name.

#include <span>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"

namespace tarn::delta {

struct FeatureSupport {
    std::string_view name;
    bool reader_writer;                        // must be in both lists; else a writer feature
    bool read;                                 // Tarn reads tables that have it
    bool write;                                // Tarn commits to tables that have it
    int legacy_reader = 0, legacy_writer = 0;  // the first versions that imply it; 0: none
};
std::span<const FeatureSupport> feature_table();

// Errors: kUnsupported, naming the feature or version; kCorrupted (lists that must be there are
// not).
Status check_readable(const Protocol& protocol);
Status check_writable(const Protocol& protocol, const Metadata& metadata);

// Whether readers or writers of such a table must know the feature: it is listed, or implied by a
// version from before features were listed.
bool has_reader_feature(const Protocol& protocol, std::string_view name);
bool has_writer_feature(const Protocol& protocol, std::string_view name);
// The protocol that lists this feature too, raised no further than that needs: what older versions
// imply is listed when they are left (PROTOCOL.md "Table Features").
Protocol with_feature(const Protocol& protocol, std::string_view name);
// The protocol with the features that the table's properties make active.
Protocol with_properties(Protocol protocol, const StringMap& configuration);

}  // namespace tarn::delta
