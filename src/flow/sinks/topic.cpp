// A topic of the flow's own as its sink (late rows, dead letters): appended under a writer id of
// the sink, with the epoch in the producer state of the log, which ignores a repeat. An epoch
// without records leaves no trace.

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "parts.h"
#include "side_known.h"
#include "tarn/log/error_ids.h"

namespace tarn::flow {
namespace {

// Appends under way.
struct Appends {
    Mutex mutex;
    Condition done;
    size_t left TARN_GUARDED_BY(mutex) = 0;
    std::optional<log::AppendOutcome> refused TARN_GUARDED_BY(mutex);
};

Status refusal(const log::AppendOutcome& outcome, const std::string& topic) {
    auto text = fmt::format("topic {} did not take the records: {}", topic, outcome.message);
    switch (outcome.code) {
        case log::AppendCode::kOk:
        case log::AppendCode::kDuplicate:
            return {};
        case log::AppendCode::kThrottled:
        case log::AppendCode::kReadOnly:
        case log::AppendCode::kShuttingDown:
            return fail(ErrorCode::kUnavailable, text);
        case log::AppendCode::kUnknownPartition:
            return fail(ErrorCode::kFailedPrecondition,
                        text + ": the topic is gone; restart to create it again");
        case log::AppendCode::kCorrupt:
        case log::AppendCode::kInvalidRecord:
        case log::AppendCode::kUnsupportedFormat:
        case log::AppendCode::kTooLarge:
        case log::AppendCode::kOutOfOrderSequence:
        case log::AppendCode::kInvalidProducerEpoch:
        case log::AppendCode::kUnknownProducerId:
        case log::AppendCode::kInvalidTimestamp:
            break;
    }
    return fail(ErrorCode::kInternal, text);
}

class TopicSink final : public Sink {
  public:
    TopicSink(const FlowIdentity& flow, log::TopicInfo topic, const SinkSpec& spec,
              const RuntimeOptions& options, RuntimeContext& world)
        : topic_(std::move(topic)),
          known_file_(spec.known),
          writer_(writer_id(flow.name, flow.generation, spec.port)),
          options_(options),
          world_(world),
          before_commit_("flow.commit.topic." + spec.port + ".before"),
          after_commit_("flow.commit.topic." + spec.port + ".after") {}

    Node node() const override { return topic_node(topic_.name); }
    Status open(bool) override {
        if (known_file_.empty()) return {};
        TARN_TRY(known_, SideKnown::read(world_.fs, known_file_));
        return {};
    }

    Result<SinkEpoch> epoch() override {
        SinkEpoch out{.every = false};
        for (int32_t p = 0; p < topic_.config.partitions; ++p) {
            if (auto position = world_.log.writer_position({topic_.id, p}, writer_))
                out.epoch = std::max(out.epoch, position->epoch);
        }
        return out;
    }

    Status commit(const EpochPlan& plan, const Changes& changes) override {
        if (!changes.records || changes.records->count() == 0) return {};
        TARN_RETURN_IF_ERROR(world_.failpoints.hit(before_commit_));
        if (known_) {
            TARN_TRY(auto fresh, without_known(*changes.records));
            TARN_RETURN_IF_ERROR(append(plan.epoch, fresh));
        } else {
            TARN_RETURN_IF_ERROR(append(plan.epoch, *changes.records));
        }
        return world_.failpoints.hit(after_commit_);
    }

  private:
    Result<SideRecords> without_known(const SideRecords& records) const {
        constexpr size_t kMaxInflated = 64 << 20;  // ours are not compressed
        SideRecords out(topic_.config.partitions);
        std::string scratch;
        std::vector<codec::RecordView> read;
        for (const auto& batch : records.batches()) {
            read.clear();
            TARN_RETURN_IF_ERROR(codec::read_records(batch.bytes, scratch, kMaxInflated, read));
            for (const auto& record : read) {
                TARN_TRY(auto place, place_of(record));
                if (!known_->contains(place.partition, place.offset))
                    TARN_RETURN_IF_ERROR(out.add(batch.partition, record, {}));
            }
        }
        TARN_RETURN_IF_ERROR(out.finish());
        return out;
    }

    // Waits until all of it is durable.
    Status append(int64_t epoch, const SideRecords& records) {
        auto left = records.batches().size();
        // A part goes out when the one before it stands: the log takes a lower part for a repeat.
        for (int32_t part = 0; left > 0; ++part) {
            auto wait = std::make_shared<Appends>();
            std::vector<const SideRecords::Batch*> round;
            for (const auto& batch : records.batches())
                if (batch.part == part) round.push_back(&batch);
            left -= round.size();
            {
                MutexLock lock(wait->mutex);
                wait->left = round.size();
            }
            for (const auto* batch : round) {
                log::AppendRequest request{.partition = {topic_.id, batch->partition},
                                           .batch = batch->bytes,
                                           .writer = log::Writer{writer_, epoch, part}};
                world_.log.append(std::move(request), [wait](log::AppendOutcome outcome) {
                    MutexLock lock(wait->mutex);
                    bool ok = outcome.code == log::AppendCode::kOk ||
                              outcome.code == log::AppendCode::kDuplicate;
                    if (!ok && !wait->refused) wait->refused = std::move(outcome);
                    if (--wait->left == 0) wait->done.notify_all();
                });
            }
            while (!options_.threads && world_.log.step()) {
            }
            MutexLock lock(wait->mutex);
            while (options_.threads && wait->left > 0)
                wait->done.wait(wait->mutex);
            if (wait->left > 0)
                return fail(ErrorCode::kCancelled, "the log stopped before it answered");
            if (wait->refused) return refusal(*wait->refused, topic_.name);
        }
        return {};
    }

    const log::TopicInfo topic_;
    const std::string known_file_;
    std::optional<SideKnown> known_;
    const int64_t writer_;
    const RuntimeOptions& options_;
    RuntimeContext& world_;
    const std::string before_commit_, after_commit_;
};

}  // namespace

SinkKind topic_sink() {
    return {kTopicKind,
            [](const FlowIdentity& flow, const SinkSpec& spec,
               PartContext& context) -> Result<std::unique_ptr<Sink>> {
                auto info = context.world.log.find_topic(spec.node.name);
                if (!info)
                    return fail(errors::kNoTopic,
                                "there is no topic named '" + spec.node.name + "'");
                return std::make_unique<TopicSink>(flow, std::move(*info), spec, context.options,
                                                   context.world);
            }};
}

}  // namespace tarn::flow
