#include "source_set.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/base/check.h"
#include "tarn/flow/error_ids.h"

namespace tarn::errors {
extern const ErrorId kSourceReplaced;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

// The place of a range in positions; null if its source or partition is not there.
Position* find(Positions& positions, const PartitionRange& range) {
    if (size_t(range.source) >= positions.size()) return nullptr;
    auto& partitions = positions[size_t(range.source)];
    return size_t(range.partition) < partitions.size() ? &partitions[size_t(range.partition)]
                                                       : nullptr;
}

}  // namespace

SourceSet::SourceSet(std::vector<std::unique_ptr<Source>> sources)
    : sources_(std::move(sources)), positions_(sources_.size()) {
    TARN_CHECK(!sources_.empty(), "a flow has a source");
}

std::vector<Node> SourceSet::nodes() const {
    std::vector<Node> out;
    for (const auto& source : sources_)
        out.push_back(source->node());
    return out;
}

Journal::OldSource SourceSet::old() const {
    const auto& first = *sources_.front();
    return {.node = first.node(),
            .position = [&first](int64_t packed) { return first.unpacked(packed); }};
}

// Each source is there, and the one that the flow has read so far.
Status SourceSet::check_ids(const Journal* journal, const std::string& state_folder) {
    ids_.clear();
    for (const auto& source : sources_) {
        const auto s = ids_.size();
        const bool known = journal && s < journal->header().sources.size();
        auto id = source->id();
        if (!id && known && id.error().code() == ErrorCode::kUnavailable)
            return fail(errors::kSourceGone,
                        fmt::format("{} is not there, and this flow has read of it: put it back "
                                    "and resume the flow; or begin anew with one that is made "
                                    "anew: tarn flow rebuild {}",
                                    source->node().text(), io::file_name(state_folder)));
        if (!id) return fail(std::move(id).error().with_context(source->node().text()));
        ids_.push_back(*id);
        if (!known || journal->header().sources[s].id == *id) continue;
        return fail(errors::kSourceReplaced,
                    fmt::format("{} is not the one this flow has read: it was deleted and created "
                                "anew; to begin anew with it: tarn flow rebuild {}",
                                source->node().text(), io::file_name(state_folder)));
    }
    return {};
}

// Also of a flow that cannot run, since they are what it holds.
void SourceSet::set_positions(const Journal* journal) {
    for (size_t s = 0; s < sources_.size(); ++s) {
        auto& at = positions_[s];
        if (!journal || s >= journal->header().sources.size()) {
            at = sources_[s]->start(s < until_.size() ? std::span<const Position>(until_[s])
                                                      : std::span<const Position>());
            continue;
        }
        const auto& done = journal->done();
        at = journal->header().sources[s].start;
        if (done.epoch >= 0 && s < done.next.size()) at = done.next[s];
        at.resize(sources_[s]->partitions());
    }
    if (!journal) return;
    for (const auto& plan : journal->plans())
        if (plan.epoch > journal->done().epoch) advance(plan);
}

Status SourceSet::open(const Journal* journal, const std::string& state_folder) {
    set_positions(journal);
    return check_ids(journal, state_folder);
}

std::vector<JournalSource> SourceSet::starts() const {
    std::vector<JournalSource> out;
    for (size_t s = 0; s < sources_.size(); ++s)
        out.push_back({sources_[s]->node(), ids_[s], positions_[s]});
    return out;
}

// Of each source while there is room, beginning with another one each epoch, so that a backlog of
// one does not keep the others waiting.
Status SourceSet::read(int64_t epoch, const InputLimits& most, Input& input) {
    std::vector<SourceInput> read(sources_.size());
    int64_t rows = 0, bytes = 0;
    for (size_t i = 0; i < sources_.size(); ++i) {
        const auto s = (size_t(epoch) + i) % sources_.size();
        const InputLimits limits{
            .rows = most.rows - rows,
            .bytes = most.bytes - bytes,
            .some = rows == 0 && bytes == 0,
            .until = s < until_.size() ? std::span(until_[s]) : std::span<const Position>()};
        TARN_TRY(read[s], sources_[s]->read(positions_[s], limits));
        rows += read[s].records;
        bytes += read[s].bytes;
    }
    for (size_t s = 0; s < sources_.size(); ++s) {
        for (auto& range : read[s].ranges) {
            range.source = int32_t(s);
            input.plan.ranges.push_back(range);
        }
        input.add(int32_t(s), std::move(read[s]));
    }
    return {};
}

Status SourceSet::reread(Input& input) {
    const auto& ranges = input.plan.ranges;
    for (auto from = ranges.begin(); from != ranges.end();) {
        auto to = std::find_if(from, ranges.end(),
                               [&](const auto& range) { return range.source != from->source; });
        if (size_t(from->source) >= sources_.size())
            return fail(errors::kJournalDamaged,
                        fmt::format("batch {} of a flow's journal has a source {}, the flow has {}",
                                    input.plan.epoch, from->source, sources_.size()));
        TARN_TRY(auto read, sources_[size_t(from->source)]->reread({from, to}));
        input.add(from->source, std::move(read));
        from = to;
    }
    return {};
}

void SourceSet::advance(const EpochPlan& plan) {
    for (const auto& range : plan.ranges)
        if (auto* at = find(positions_, range)) *at = range.to;
}

std::vector<size_t> SourceSet::partitions() const {
    std::vector<size_t> out;
    for (const auto& of_source : positions_)
        out.push_back(of_source.size());
    return out;
}

bool SourceSet::reached() {
    for (size_t s = 0; s < sources_.size(); ++s) {
        if (s >= until_.size() || !sources_[s]->has_more(positions_[s])) continue;
        for (size_t p = 0; p < std::min(positions_[s].size(), until_[s].size()); ++p)
            if (positions_[s][p] < until_[s][p]) return false;
    }
    return true;
}

bool SourceSet::has_more() {
    for (size_t s = 0; s < sources_.size(); ++s)
        if (sources_[s]->has_more(positions_[s])) return true;
    return false;
}

Duration SourceSet::poll() const {
    Duration out{-1};
    for (const auto& source : sources_)
        if (auto poll = source->poll(); poll.us >= 0 && (out.us < 0 || poll < out)) out = poll;
    return out;
}

void SourceSet::hold(const std::string& flow, const Journal* journal, bool passed) {
    auto holds = positions_;
    for (size_t i = journal ? journal->plans().size() : 0; i-- > 0;) {
        const auto& plan = journal->plans()[i];
        if (plan.epoch < journal->needed()) break;
        for (const auto& range : plan.ranges)
            if (auto* at = find(holds, range)) *at = range.from;
    }
    for (size_t s = 0; s < sources_.size(); ++s) {
        sources_[s]->hold(flow, holds[s]);
        if (passed) sources_[s]->passed(holds[s]);
    }
}

void SourceSet::passed() {
    for (size_t s = 0; s < sources_.size(); ++s)
        sources_[s]->passed(positions_[s]);
}

void SourceSet::subscribe(const std::function<void()>& wake) {
    for (const auto& source : sources_)
        source->subscribe(wake);
}

void SourceSet::unsubscribe() {
    for (const auto& source : sources_)
        source->unsubscribe();
}

std::vector<PartitionPosition> SourceSet::shown(const Journal& journal,
                                                const EpochPlan* uncommitted) const {
    auto committed = positions_;
    if (uncommitted)
        for (const auto& range : uncommitted->ranges)
            if (auto* at = find(committed, range)) *at = range.from;
    const auto& known = journal.header().sources;
    std::vector<PartitionPosition> out;
    for (size_t s = 0; s < committed.size(); ++s)
        for (size_t p = 0; p < committed[s].size(); ++p)
            out.push_back({.partition = int32_t(p),
                           .start_offset = s < known.size() && p < known[s].start.size()
                                               ? known[s].start[p].at
                                               : 0,
                           .next_offset = committed[s][p].at,
                           .source = int32_t(s)});
    refresh(out);
    return out;
}

void SourceSet::refresh(std::vector<PartitionPosition>& positions) const {
    for (auto& position : positions)
        if (auto end = sources_[size_t(position.source)]->end(position.partition))
            position.high_watermark = *end;
}

}  // namespace tarn::flow
