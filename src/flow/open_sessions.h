#pragma once

// The sessions of a flow that are not closed yet: state rows of its query, taken out by key and by
// time. Rows stand in parts, in the order in which they came; all sessions of a key that were added
// together stay in one part and in their order. A part's rows are in memory or, once spill() has
// put them there, in a file: then 28 bytes a session stay in memory, and what is taken is read
// again. Used by one thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "row_file.h"
#include "tarn/codec/column_batch.h"

namespace tarn::flow {

class OpenSessions {
  public:
    using Batch = std::shared_ptr<const codec::ColumnBatch>;
    using Batches = std::vector<Batch>;
    // Columns of a state row: those of the key, and the last event time (BIGINT, µs).
    OpenSessions(std::vector<int> key, int last) : key_(std::move(key)), last_(last) {}

    void clear() { parts_.clear(); }
    size_t size() const;
    void add(Batch rows);
    // Takes out every session whose key one of these state rows has. Keys are told by a 64-bit hash
    // of them, so that very rarely one more comes with them. Errors, as of all that read: those of
    // the disk, after which what stands is unknown.
    Result<Batches> take_keys_of(const codec::ColumnBatch& rows);
    // Takes out the sessions whose last event time is below.
    Result<Batches> take_last_below(int64_t us);
    // Takes out the smallest parts, together at most so many sessions.
    Result<Batches> take_small(size_t most);
    // All of them, in order, a bounded number of them at a time. Until `each` fails.
    template <class Each>
    Status for_rows(Each&& each) const {
        for (const auto& part : parts_)
            for (size_t from = 0; from < part.live.size(); from += kRowsAtOnce) {
                TARN_TRY(auto rows, rows_of(part, from));
                TARN_RETURN_IF_ERROR(each(std::move(rows)));
            }
        return {};
    }
    // In how many parts they stand: each costs a little whenever something is taken.
    size_t parts() const { return parts_.size(); }

    // What the rows in memory take, about; and how many are in files.
    size_t memory_bytes() const;
    size_t spilled() const;
    // Puts all rows in memory into a file of this folder, which is there.
    Status spill(io::FileSystem& fs, const std::string& folder);

  private:
    static constexpr size_t kRowsAtOnce = 50'000;
    struct Part {
        Batch rows;  // null: they are in the file
        std::unique_ptr<RowFile> file;
        // Of the rows that have not been taken: which they are, ascending, and for each the hash of
        // its key and its last event time.
        std::vector<uint32_t> live;
        std::vector<uint64_t> hashes;
        std::vector<int64_t> lasts;
        size_t bytes = 0;  // of the rows in memory
        size_t row_count() const { return file ? file->rows() : rows->row_count; }
        void keep(size_t count);
    };
    template <class Wanted>
    Result<Batches> take(Wanted&& wanted);
    Part part_of(Batch rows) const;
    Status compact(Part& part) const;
    static Result<Batch> select(const Part& part, std::span<const uint32_t> rows);
    static Result<Batch> rows_of(const Part& part, size_t from);

    std::vector<int> key_;
    int last_;
    std::vector<Part> parts_;
    uint64_t files_ = 0;  // that were made
};

}  // namespace tarn::flow
