#pragma once

// The sources of one flow together, and where it stands in them. Used by the flow alone; refresh()
// by any thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "journal.h"
#include "source.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

class SourceSet {
  public:
    explicit SourceSet(std::vector<std::unique_ptr<Source>> sources);

    std::vector<Node> nodes() const;
    std::string unit() const { return sources_.front()->unit(); }
    // For a journal of the version before, which has one source.
    Journal::OldSource old() const;
    // As the journal has them; the sources' start for a flow that begins (no journal). Positions
    // stand also after an error: kUnavailable (a source is not there yet), kFailedPrecondition (it
    // is gone, or not the one that the journal knows), those of asking it.
    Status open(const Journal* journal, const std::string& state_folder);
    // For the header of a new journal.
    std::vector<JournalSource> starts() const;

    // What an epoch reads from the positions on, into input.plan.ranges and the input.
    Status read(int64_t epoch, const InputLimits& most, Input& input);
    // Nothing beyond these positions is read.
    void set_until(Positions until) { until_ = std::move(until); }
    // All up to there is read, or there is no more.
    bool reached();
    // What input.plan.ranges say.
    Status reread(Input& input);
    // The plan's ranges are read.
    void advance(const EpochPlan& plan);
    const Positions& positions() const { return positions_; }
    // How many partitions each source has.
    std::vector<size_t> partitions() const;
    bool has_more();
    // The shortest of the sources'; negative: none asks for one.
    Duration poll() const;

    // Keeps the oldest input that may be read again after a crash: that of the oldest plan needed,
    // or what is not planned yet. `passed`: what is older is not asked for again.
    void hold(const std::string& flow, const Journal* journal, bool passed);
    // Everything before the positions is committed.
    void passed();

    void subscribe(const std::function<void()>& wake);
    void unsubscribe();

    // Positions for people; those of `uncommitted` (null: none) are not reached yet.
    std::vector<PartitionPosition> shown(const Journal& journal,
                                         const EpochPlan* uncommitted) const;
    void refresh(std::vector<PartitionPosition>& positions) const;

  private:
    void set_positions(const Journal* journal);
    Status check_ids(const Journal* journal, const std::string& state_folder);

    const std::vector<std::unique_ptr<Source>> sources_;
    std::vector<Uuid> ids_;
    Positions positions_, until_;
};

}  // namespace tarn::flow
