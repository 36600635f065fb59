// A topic as a flow's source: its positions are the next offsets of its partitions.

#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "sources/source.h"
#include "tarn/flow/error_ids.h"

namespace tarn::flow {
namespace {

constexpr size_t kLatencySamples = 64;  // of each chunk

class TopicSource final : public Source {
  public:
    TopicSource(TopicReader& reader, log::Log& log)
        : reader_(reader), log_(log), consumer_(reader.add_consumer()) {}
    ~TopicSource() override {
        stop_listening();
        reader_.remove_consumer(consumer_);
    }

    Node node() const override { return topic_node(reader_.topic().name); }
    std::string unit() const override { return "record"; }
    Result<Uuid> id() override { return reader_.info().id; }
    size_t partitions() override { return size_t(reader_.info().config.partitions); }

    std::vector<int64_t> start() override {
        std::vector<int64_t> out;
        for (int32_t p = 0; p < reader_.info().config.partitions; ++p) {
            auto offsets = log_.offsets({reader_.info().id, p});
            out.push_back(offsets ? offsets->log_start_offset : 0);
        }
        return out;
    }

    // Takes chunks, the partition with the oldest next record first, until the epoch is full.
    Result<bool> take(const std::vector<int64_t>& from, const RuntimeOptions& options,
                      Input& input) override {
        auto count = from.size();
        std::vector<int64_t> at = from, limit(count);
        std::vector<std::shared_ptr<const Chunk>> heads(count);
        std::vector<std::vector<std::shared_ptr<const Chunk>>> taken(count);
        for (size_t p = 0; p < count; ++p) {
            TARN_TRY(limit[p], available(int32_t(p), at[p]));
            if (at[p] < limit[p]) {
                TARN_TRY(heads[p], reader_.read(int32_t(p), at[p], limit[p]));
            }
        }
        for (;;) {
            size_t best = count;
            for (size_t p = 0; p < count; ++p) {
                if (heads[p] && (best == count ||
                                 heads[p]->first_timestamp_ms < heads[best]->first_timestamp_ms))
                    best = p;
            }
            if (best == count) break;
            auto rows = input.records + int64_t(heads[best]->records.size());
            auto bytes = input.bytes + int64_t(heads[best]->bytes);
            if (input.bytes > 0 && (rows > int64_t(options.max_epoch_rows) ||
                                    bytes > int64_t(options.max_epoch_bytes))) {
                input.more = true;
                break;
            }
            input.records = rows;
            input.bytes = bytes;
            at[best] = heads[best]->to;
            taken[best].push_back(std::move(heads[best]));
            heads[best] = nullptr;
            if (at[best] < limit[best]) {
                TARN_TRY(heads[best], reader_.read(int32_t(best), at[best], limit[best]));
            }
        }
        for (size_t p = 0; p < count; ++p) {
            if (taken[p].empty()) continue;
            input.plan.ranges.push_back({int32_t(p), from[p], at[p]});
            for (auto& chunk : taken[p])
                input.chunks.push_back(std::move(chunk));
        }
        return !input.plan.ranges.empty();
    }

    Status take_again(Input& input) override {
        for (const auto& range : input.plan.ranges) {
            for (auto at = range.from; at < range.to;) {
                TARN_TRY(auto chunk, reader_.read(range.partition, at, range.to));
                if (!chunk) {
                    return fail(
                        errors::kPositionBeyondLog,
                        fmt::format("the log ends before what epoch {} has read: topic {} "
                                    "partition {} offset {}: it was put back to an older state; "
                                    "drop the flow's sinks and its state folder to begin anew",
                                    input.plan.epoch, reader_.topic().name, range.partition, at));
                }
                input.records += int64_t(chunk->records.size());
                input.bytes += int64_t(chunk->bytes);
                at = chunk->to;
                input.chunks.push_back(std::move(chunk));
            }
        }
        return {};
    }

    bool has_more(const std::vector<int64_t>& at) override {
        for (size_t p = 0; p < at.size(); ++p) {
            auto offsets = log_.offsets({reader_.info().id, int32_t(p)});
            if (!offsets || at[p] != std::min(offsets->high_watermark, offsets->last_stable_offset))
                return true;
        }
        return false;
    }

    void hold(const std::string& flow, const std::vector<int64_t>& oldest) override {
        for (size_t p = 0; p < oldest.size(); ++p)
            log_.set_hold(flow, {reader_.info().id, int32_t(p)}, oldest[p]);
    }
    void passed(const std::vector<int64_t>& at) override {
        for (size_t p = 0; p < at.size(); ++p)
            reader_.passed(consumer_, int32_t(p), at[p]);
    }

    void listen(std::function<void()> wake) override {
        listener_ = log_.add_listener([topic = reader_.info().id, wake = std::move(wake)](
                                          std::span<const log::PartitionId> moved) {
            if (std::ranges::find(moved, topic, &log::PartitionId::topic) != moved.end()) wake();
        });
    }
    void stop_listening() override {
        if (listener_) log_.remove_listener(*listener_);
        listener_.reset();
    }

    RunRange shown(const PartitionRange& range) const override {
        return {range.partition, range.from, range.to};
    }
    void show(const std::vector<int64_t>& start, const std::vector<int64_t>& next,
              std::vector<PartitionPosition>& out) override {
        out.resize(next.size());
        for (size_t p = 0; p < next.size(); ++p) {
            out[p].partition = int32_t(p);
            out[p].start_offset = p < start.size() ? start[p] : 0;
            out[p].next_offset = next[p];
        }
        refresh(out);
    }
    void refresh(std::vector<PartitionPosition>& positions) const override {
        for (auto& position : positions)
            if (auto offsets = log_.offsets({reader_.info().id, position.partition}))
                position.high_watermark = offsets->high_watermark;
    }
    void arrivals(const Input& input, const std::function<void(int64_t us)>& each) override {
        for (const auto& chunk : input.chunks) {
            auto stride = std::max<size_t>(1, chunk->records.size() / kLatencySamples);
            for (size_t i = 0; i < chunk->records.size(); i += stride)
                each(chunk->records[i].timestamp_ms * 1000);
        }
    }

  private:
    Result<int64_t> available(int32_t partition, int64_t position) {
        auto offsets = log_.offsets({reader_.info().id, partition});
        auto where = fmt::format("topic {} partition {}", reader_.topic().name, partition);
        if (!offsets)
            return fail(errors::kSourceGone,
                        "the source is gone: " + where + ": the topic was deleted");
        if (position > offsets->high_watermark) {
            return fail(errors::kPositionBeyondLog,
                        fmt::format("the flow's position {} is beyond the log's end {}: {}: the "
                                    "log was put back to an older state; drop the flow's sinks "
                                    "and its state folder to begin anew",
                                    position, offsets->high_watermark, where));
        }
        if (position < offsets->log_start_offset) {
            return fail(errors::kPositionBeforeLog,
                        fmt::format("the flow's position {} is before the log's start {}: {}: "
                                    "records it has not read were deleted; drop the flow's sinks "
                                    "and its state folder to begin anew",
                                    position, offsets->log_start_offset, where));
        }
        return std::min(offsets->high_watermark, offsets->last_stable_offset);
    }

    TopicReader& reader_;
    log::Log& log_;
    const int consumer_;
    std::optional<uint64_t> listener_;
};

}  // namespace

std::unique_ptr<Source> make_topic_source(TopicReader& reader, log::Log& log) {
    return std::make_unique<TopicSource>(reader, log);
}

}  // namespace tarn::flow
