#pragma once

// Where a flow reads: a source has partitions, positions in them that only grow, and what lies
// between two positions never changes. Used by the flow's thread; status() by any.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol.h"
#include "table_reader.h"
#include "tarn/base/ids.h"
#include "tarn/flow/runtime.h"
#include "topic_reader.h"

namespace tarn::flow {

// What one epoch reads: chunks of a topic or slices of a table, never both.
struct Input {
    EpochPlan plan;
    std::vector<std::shared_ptr<const Chunk>> chunks = {};  // by partition, then offset
    std::vector<std::shared_ptr<const Slice>> slices = {};  // by version, then file
    int64_t records = 0, bytes = 0;
    bool more = false;  // the epoch was full: go on at once
};

class Source {
  public:
    virtual ~Source() = default;
    virtual Node node() const = 0;
    // What its positions count, of one, for people: "record".
    virtual std::string unit() const = 0;
    // A source that was dropped and made anew has another. Errors: kUnavailable (not there yet).
    virtual Result<Uuid> id() = 0;
    virtual size_t partitions() = 0;
    // Where a flow that begins starts to read.
    virtual std::vector<int64_t> start() = 0;

    // Fills plan.ranges and what lies in them from these positions on; false if there is nothing.
    // Errors: kFailedPrecondition (a position that does not fit the source, or the source is gone).
    virtual Result<bool> take(const std::vector<int64_t>& at, const RuntimeOptions& options,
                              Input& input) = 0;
    // Fills what lies in plan.ranges.
    virtual Status take_again(Input& input) = 0;
    virtual bool has_more(const std::vector<int64_t>& at) = 0;
    // How often to look for input that nobody tells of; negative: never.
    virtual Duration poll() const { return Duration{-1}; }

    // Nothing from these positions on may be deleted.
    virtual void hold(const std::string& flow, const std::vector<int64_t>& oldest) = 0;
    // The flow will not ask for what is below again, unless it is opened anew.
    virtual void passed(const std::vector<int64_t>& at) = 0;

    // Calls `wake` when there may be more input, from any thread until stop_listening() has
    // returned; it must return at once. One listener at a time.
    virtual void listen(std::function<void()> wake) = 0;
    virtual void stop_listening() = 0;

    // In the unit that people see.
    virtual RunRange shown(const PartitionRange& range) const = 0;
    virtual void show(const std::vector<int64_t>& start, const std::vector<int64_t>& next,
                      std::vector<PartitionPosition>& out) = 0;
    virtual void refresh(std::vector<PartitionPosition>& positions) const = 0;
    // When samples of the input came: a record's timestamp, or the commit that brought the rows.
    virtual void arrivals(const Input& input, const std::function<void(int64_t us)>& each) = 0;
};

std::unique_ptr<Source> make_topic_source(TopicReader& reader, log::Log& log);
std::unique_ptr<Source> make_table_source(TableReader& reader, lake::Lake& lake);

}  // namespace tarn::flow
