#pragma once

// The marked rows of a request as files with deletion vectors: anew for each version that it is
// tried on, since others may have given the files other vectors.

#include <string>

#include "tarn/delta/commit.h"
#include "tarn/io/file_system.h"

namespace tarn::delta {

// All that it is given outlives it.
class RowMarks {
  public:
    RowMarks(io::FileSystem& fs, CommitRequest& request)
        : fs_(fs),
          request_(request),
          adds_(request.adds.size()),
          removes_(request.removes.size()) {}

    // The request as it was before put(), whose version another writer has won. What was written
    // goes, as far as that is possible.
    void take_back();
    // Writes the vectors, in one file, and adds what they ask for to the request. Files without a
    // row that is left are removed. Errors: kConflict (such a file is not live).
    Status put(const Snapshot& now);

  private:
    io::FileSystem& fs_;
    CommitRequest& request_;
    const size_t adds_, removes_;
    std::string written_;  // its path
};

}  // namespace tarn::delta
