#pragma once

// Files of a table that cannot have a match for any row of a source, by the bounds of their
// columns: where keys lie far apart the smallest and the largest of them say nothing.

#include <memory>
#include <string>
#include <vector>

#include "tarn/delta/actions.h"
#include "tarn/delta/snapshot.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// A column of the table that equals one of the source wherever two rows match.
struct KeyPair {
    std::string column, source;
};
// Those that a condition asks for beside all else: `t.a = s.b AND …`, by the two aliases. None if
// it is not understood.
std::vector<KeyPair> key_pairs(const std::string& on, const std::string& alias,
                               const std::string& source_alias);

using Files = std::vector<std::shared_ptr<const delta::AddFile>>;
// Those of the files that may have a value of the source's column, FROM `source`. All of them if
// the types differ, or bounds of such a type do not order its values. Thread rules: the session's.
Result<Files> files_with_keys(Session& session, const delta::Snapshot& table, Files files,
                              const KeyPair& key, const std::string& source);

}  // namespace tarn::sql
