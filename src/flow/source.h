#pragma once

// Where a flow reads: a source has partitions, positions in them that only grow, and what lies
// between two positions never changes. Used by the flow alone; end() by any thread.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "input.h"
#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/flow/node.h"

namespace tarn::flow {

// How much an epoch may read.
struct InputLimits {
    int64_t rows = 0, bytes = 0;
    bool some = true;                      // the first batch is taken whatever its size
    std::span<const Position> until = {};  // not beyond these; empty: to the end
};

// What is read of a source, where its kind has more than one way.
enum class Reading : uint8_t {
    kAdded,         // rows that came
    kChanges,       // of a table: all that stands at the start, then rows that came, went, changed
    kChangesAlone,  // the same without what stands at the start
};
struct SourceSpec {
    Node node;
    Reading reading = Reading::kAdded;
};
// Nothing of what stands at the start is read yet: below any place within a version.
inline constexpr int64_t kAllThatStands = -(int64_t(1) << 40);

class Source {
  public:
    virtual ~Source() = default;
    virtual Node node() const = 0;
    // What its positions count, of one, for people: "record".
    virtual std::string unit() const = 0;
    // A source that was dropped and made anew has another. Errors: kUnavailable (not there yet).
    virtual Result<Uuid> id() = 0;
    virtual size_t partitions() = 0;
    // Where a flow that begins starts to read, if it is to read no further than `until` (empty: to
    // the end).
    virtual std::vector<Position> start(std::span<const Position> until) = 0;

    // What there is from these positions on; nothing if there is none. Errors: kFailedPrecondition
    // (a position that does not fit the source, or the source is gone).
    virtual Result<SourceInput> read(std::span<const Position> at, const InputLimits& limits) = 0;
    // What lies in these ranges.
    virtual Result<SourceInput> reread(std::span<const PartitionRange> ranges) = 0;
    virtual bool has_more(std::span<const Position> at) = 0;
    // How often to look for input that nobody tells of; negative: never.
    virtual Duration poll() const { return Duration{-1}; }

    // Nothing from these positions on may be deleted.
    virtual void hold(const std::string& flow, std::span<const Position> oldest) = 0;
    // The flow will not ask for what is below again, unless it is opened anew.
    virtual void passed(std::span<const Position> at) = 0;

    // Calls `wake` when there may be more input, from any thread until unsubscribe() has returned;
    // it must return at once. One subscription at a time.
    virtual void subscribe(std::function<void()> wake) = 0;
    virtual void unsubscribe() = 0;

    // The `at` of the position behind all that is there; nothing if it cannot be told.
    virtual std::optional<int64_t> end(int32_t partition) const = 0;
    // A position of a journal of version 2.
    virtual Position unpacked(int64_t packed) const { return {packed, 0}; }
};

}  // namespace tarn::flow
