#pragma once

// The sessions of a flow that are not closed yet: state rows of its query, taken out by key and by
// time. Rows stand in parts, in the order in which they came; all sessions of a key that were added
// together stay in one part and in their order. Used by one thread.

#include <cstdint>
#include <memory>
#include <vector>

#include "tarn/codec/column_batch.h"

namespace tarn::flow {

class OpenSessions {
  public:
    using Batch = std::shared_ptr<const codec::ColumnBatch>;
    // Columns of a state row: those of the key, and the last event time (BIGINT, µs).
    OpenSessions(std::vector<int> key, int last) : key_(std::move(key)), last_(last) {}

    void clear() { parts_.clear(); }
    size_t size() const;
    void add(Batch rows);
    // Takes out every session whose key one of these state rows has. Keys are told by a 64-bit hash
    // of them, so that very rarely one more comes with them.
    std::vector<Batch> take_keys_of(const codec::ColumnBatch& rows);
    // Takes out the sessions whose last event time is below.
    std::vector<Batch> take_last_below(int64_t us);
    // Takes out the smallest parts, together at most so many sessions.
    std::vector<Batch> take_small(size_t most);
    // All of them, in order.
    std::vector<Batch> rows() const;
    // In how many parts they stand: each costs a little whenever something is taken.
    size_t parts() const { return parts_.size(); }

  private:
    struct Part {
        Batch rows;
        std::vector<uint64_t> hashes;  // of the keys, by row
        std::vector<uint32_t> live;    // rows that have not been taken, ascending
    };
    template <class Wanted>
    std::vector<Batch> take(Wanted&& wanted);
    static void compact(Part& part);
    static Batch rows_of(const Part& part);

    std::vector<int> key_;
    int last_;
    std::vector<Part> parts_;
};

}  // namespace tarn::flow
