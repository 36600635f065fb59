// Appending to topics of a flow's own: late rows and quarantine.

#include <optional>

#include <fmt/format.h>

#include "flow.h"

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

}  // namespace

Status Flow::append_side(const log::TopicInfo& topic, std::string_view sink, int64_t epoch,
                         const SideRecords& records) {
    auto writer = writer_id(spec_.name, spec_.generation, sink);
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
            log::AppendRequest request{.partition = {topic.id, batch->partition},
                                       .batch = batch->bytes,
                                       .writer = log::Writer{writer, epoch, part}};
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
        if (wait->refused) return refusal(*wait->refused, topic.name);
    }
    return {};
}

}  // namespace tarn::flow
