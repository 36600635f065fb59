// A topic as a flow's source: its positions are the next offsets of its partitions.

#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "parts.h"
#include "tarn/flow/error_ids.h"
#include "tarn/log/error_ids.h"

namespace tarn::flow {
namespace {

class TopicSource final : public Source {
  public:
    TopicSource(TopicReader& reader, log::Log& log)
        : reader_(reader), log_(log), consumer_(reader.add_consumer()) {}
    ~TopicSource() override {
        unsubscribe();
        reader_.remove_consumer(consumer_);
    }

    Node node() const override { return topic_node(reader_.topic().name); }
    std::string unit() const override { return "record"; }
    Result<Uuid> id() override { return reader_.info().id; }
    size_t partitions() override { return size_t(reader_.info().config.partitions); }

    std::vector<Position> start(std::span<const Position>) override {
        std::vector<Position> out;
        for (int32_t p = 0; p < reader_.info().config.partitions; ++p) {
            auto offsets = log_.offsets({reader_.info().id, p});
            out.push_back({offsets ? offsets->log_start_offset : 0});
        }
        return out;
    }

    // The next piece of the topic in the order in which it was appended.
    Result<SourceInput> read(std::span<const Position> from, const InputLimits& limits) override {
        SourceInput out;
        std::vector<int64_t> at;
        for (const auto& position : from)
            at.push_back(position.at);
        auto next = log_.next_in_order(
            reader_.info().id, at,
            {.records = limits.rows, .bytes = limits.bytes, .some = limits.some});
        if (!next && next.error().code() == ErrorCode::kNotFound)
            return fail(errors::kSourceGone,
                        "the source is gone: topic " + reader_.topic().name + ": it was deleted");
        if (!next) return fail(next.error());
        for (size_t p = 0; p < next->to.size(); ++p) {
            TARN_RETURN_IF_ERROR(check(int32_t(p), at[p], next->offsets[p]));
            if (!limits.until.empty())
                next->to[p] = std::max(
                    at[p],
                    std::min(next->to[p], p < limits.until.size() ? limits.until[p].at : at[p]));
            if (at[p] == next->to[p]) continue;
            out.ranges.push_back({.partition = int32_t(p), .from = from[p], .to = {next->to[p]}});
            TARN_RETURN_IF_ERROR(read_range(out.ranges.back(), out));
        }
        out.more = next->more;
        return out;
    }

    Result<SourceInput> reread(std::span<const PartitionRange> ranges) override {
        SourceInput out;
        for (const auto& range : ranges)
            TARN_RETURN_IF_ERROR(read_range(range, out));
        return out;
    }

    bool has_more(std::span<const Position> at) override {
        for (size_t p = 0; p < at.size(); ++p) {
            auto offsets = log_.offsets({reader_.info().id, int32_t(p)});
            if (!offsets ||
                at[p].at != std::min(offsets->high_watermark, offsets->last_stable_offset))
                return true;
        }
        return false;
    }

    void hold(const std::string& flow, std::span<const Position> oldest) override {
        for (size_t p = 0; p < oldest.size(); ++p)
            log_.set_hold(flow, {reader_.info().id, int32_t(p)}, oldest[p].at);
    }
    void passed(std::span<const Position> at) override {
        for (size_t p = 0; p < at.size(); ++p)
            reader_.passed(consumer_, int32_t(p), at[p].at);
    }

    void subscribe(std::function<void()> wake) override {
        listener_ = log_.add_listener([topic = reader_.info().id, wake = std::move(wake)](
                                          std::span<const log::PartitionId> moved) {
            if (std::ranges::find(moved, topic, &log::PartitionId::topic) != moved.end()) wake();
        });
    }
    void unsubscribe() override {
        if (listener_) log_.remove_listener(*listener_);
        listener_.reset();
    }

    std::optional<int64_t> end(int32_t partition) const override {
        auto offsets = log_.offsets({reader_.info().id, partition});
        return offsets ? std::optional(offsets->high_watermark) : std::nullopt;
    }

  private:
    Status read_range(const PartitionRange& range, SourceInput& out) {
        for (auto at = range.from.at; at < range.to.at;) {
            TARN_TRY(auto chunk, reader_.read(range.partition, at, range.to.at));
            if (!chunk) {
                return fail(errors::kPositionBeyondLog,
                            fmt::format("the log ends before what a batch has read: topic {} "
                                        "partition {} offset {}: it was put back to an older "
                                        "state; `tarn flow rebuild` begins anew",
                                        reader_.topic().name, range.partition, at));
            }
            at = chunk->to.at;
            out.add(std::move(chunk));
        }
        return {};
    }

    // Whether a position is in the log.
    Status check(int32_t partition, int64_t position, const log::PartitionOffsets& offsets) const {
        auto where = fmt::format("topic {} partition {}", reader_.topic().name, partition);
        if (position > offsets.high_watermark) {
            return fail(errors::kPositionBeyondLog,
                        fmt::format("the flow's position {} is beyond the log's end {}: {}: the "
                                    "log was put back to an older state; `tarn flow rebuild` "
                                    "begins anew",
                                    position, offsets.high_watermark, where));
        }
        if (position < offsets.log_start_offset) {
            return fail(errors::kPositionBeforeLog,
                        fmt::format("the flow's position {} is before the log's start {}: {}: "
                                    "records it has not read were deleted; `tarn flow rebuild "
                                    "--from-retained` begins anew with what is there",
                                    position, offsets.log_start_offset, where));
        }
        return {};
    }

    TopicReader& reader_;
    log::Log& log_;
    const int consumer_;
    std::optional<uint64_t> listener_;
};

}  // namespace

SourceKind topic_source() {
    return {kTopicKind,
            [](const SourceSpec& spec, PartContext& context) -> Result<std::unique_ptr<Source>> {
                const auto& name = spec.node.name;
                auto* reader = context.readers.topic(name);
                if (!reader)
                    return fail(errors::kNoTopic, "there is no topic named '" + name + "'");
                return std::make_unique<TopicSource>(*reader, context.world.log);
            }};
}

}  // namespace tarn::flow
