#pragma once

// Reading a table by what its versions changed, whatever they did: by change data files where a
// version has some, else by the files that came and went and by what deletion vectors gained. Each
// file of a version is read by itself.
//
// Rows have the newest version's columns and types, whatever they were called when the file was
// written, and three more: _change_type VARCHAR ('insert', 'update_preimage', 'update_postimage',
// 'delete'), _commit_version BIGINT, _commit_timestamp TIMESTAMPTZ.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/lake/lake.h"
#include "tarn/sql/delta_files.h"

namespace tarn::lake {

// Beside a table's own columns.
std::span<const codec::ColumnSpec> change_columns();

// Files of one version with rows that it changed; a version that only moves rows has none. What
// goes stands before what comes. The same whenever it is asked for. A file of which few rows are
// meant has their number, and about their part of its bytes.
struct TableChanges : AddedFiles {
    enum class Rows : uint8_t {
        kCame,
        kWent,
        kLogged,      // what became of a row stands beside it
        kLoggedWent,  // of such a file what rows were,
        kLoggedCame,  // and what they became
    };
    struct Part {
        Rows rows = Rows::kCame;
        std::vector<uint64_t> only = {};  // positions; empty: all of the file
    };
    std::vector<Part> parts = {};  // by file
    // The table without files, as it was before the version and after it.
    std::shared_ptr<const delta::Snapshot> before = {}, after = {};
};

struct ChangedBatches {
    BatchList rows;
    size_t went = 0;  // so many, the first, are what rows were: deleted, or before an update
};

// A version of a table, read by text() in FROM of this session's SQL as long as it lives: columns
// as in the newest version. One at a time.
class TableAt {
  public:
    TableAt(sql::Session& session, sql::DeltaFiles files, std::string columns);
    std::string text() const;

  private:
    sql::GivenFiles given_;
    const std::string columns_;
};

}  // namespace tarn::lake
