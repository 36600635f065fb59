// Produce and InitProducerId.

#include <atomic>

#include "handlers.h"
#include "tarn/codec/record_batch.h"
#include "topic_config.h"

namespace tarn::kafka {
namespace {

using ProduceCall = Call<ProduceRequest, ProduceResponse>;
using PartitionAnswer = ProduceResponse::Topic::Partition;

// A request whose batches are on their way. Each append fills in its own partition's answer; the
// last one replies.
struct Produce {
    Produce(std::shared_ptr<Broker> b, ProduceCall c) : broker(std::move(b)), call(std::move(c)) {}

    std::shared_ptr<Broker> broker;
    ProduceCall call;
    ProduceResponse response;
    std::atomic<size_t> left{
        1};  // the starter holds one, so that none finishes before all are started
    std::atomic<bool> failed{false};

    void refuse(PartitionAnswer& answer, KafkaError error, std::string message) {
        answer.error_code = code(error);
        answer.base_offset = -1;
        answer.error_message = std::move(message);
        failed.store(true, std::memory_order_relaxed);
        broker->metrics.refused_batches.add();
    }
    void done(PartitionAnswer& answer, log::AppendOutcome outcome, size_t bytes) {
        auto error = to_kafka(outcome.code);
        // Acknowledged before, at an offset that is no longer known.
        if (outcome.code == log::AppendCode::kDuplicate && outcome.base_offset < 0)
            error = KafkaError::kDuplicateSequenceNumber;
        if (error == KafkaError::kNone || error == KafkaError::kDuplicateSequenceNumber) {
            answer.error_code = code(error);
            answer.base_offset = outcome.base_offset;
            answer.log_append_time_ms = outcome.log_append_time_ms;
            answer.log_start_offset = outcome.log_start_offset;
            broker->metrics.produced_batches.add();
            broker->metrics.produced_bytes.add(double(bytes));
        } else {
            refuse(answer, error, std::move(outcome.message));
        }
        finish_one();
    }
    void finish_one() {
        if (left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        response.throttle_time_ms = broker->throttle_ms();
        if (call.request.acks != 0) return call.reply(response);
        // Nobody waits for an answer; the end of the connection is what tells the client of an
        // error.
        failed.load(std::memory_order_relaxed)
            ? call.close()
            : call.reply_nothing(Duration::millis(response.throttle_time_ms));
    }
};

// Why a client's records are not appended, before the log has looked at them.
struct Refusal {
    KafkaError error;
    std::string message;
};

// What Kafka takes for damaged on its way, after which clients try again; any other batch that
// cannot be read never will be.
bool is_garbage(std::string_view bytes) {
    if (bytes.size() < codec::kBatchHeaderSize) return false;
    constexpr auto kLeast = int32_t(codec::kBatchHeaderSize - codec::kBatchLengthOverhead);
    const auto magic = bytes[16];
    return magic < 0 || magic > 2 || (magic == 2 && load_be<int32_t>(bytes.data() + 8) < kLeast);
}

std::optional<Refusal> check_records(const ProduceRequest& request,
                                     const ProduceRequest::Topic::Partition& partition) {
    if (request.acks < -1 || request.acks > 1)
        return Refusal{KafkaError::kInvalidRequiredAcks, "acks must be 0, 1 or all"};
    if (request.transactional_id)
        return Refusal{KafkaError::kTransactionalIdAuthorizationFailed,
                       "transactions are not supported"};
    const auto bytes = partition.records.view;
    const auto header = codec::parse_batch_header(bytes);
    if (!header)
        return Refusal{is_garbage(bytes) ? KafkaError::kCorruptMessage : KafkaError::kInvalidRecord,
                       header.error().message()};
    if (header->total_size() != bytes.size())
        return Refusal{KafkaError::kInvalidRecord, "a partition's records must be one batch"};
    if (header->base_offset != 0)
        return Refusal{KafkaError::kInvalidRecord, "a batch's base offset must be 0"};
    if (header->transactional())
        return Refusal{KafkaError::kTransactionalIdAuthorizationFailed,
                       "transactions are not supported"};
    if (header->control())
        return Refusal{KafkaError::kInvalidRecord, "clients must not write control batches"};
    return std::nullopt;
}

void start_topic(const std::shared_ptr<Produce>& state, const ProduceRequest::Topic& topic,
                 ProduceResponse::Topic& answers) {
    auto& log = state->broker->log();
    const bool by_id = state->call.version() >= 13;
    const auto info = by_id ? log.find_topic(topic.topic_id) : log.find_topic(topic.name);
    // An id that is nobody's has no name to ask for.
    const auto denied = !info && by_id
                            ? KafkaError::kNone
                            : state->broker->may(*state->call.raw, info ? info->name : topic.name);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
        const auto& partition = topic.partitions[i];
        auto& answer = answers.partitions[i];
        answer.index = partition.index;
        if (denied != KafkaError::kNone) {
            state->refuse(answer, denied, "not permitted");
            continue;
        }
        if (!info || partition.index < 0 || partition.index >= info->config.partitions) {
            state->refuse(
                answer,
                !info && by_id ? KafkaError::kUnknownTopicId : KafkaError::kUnknownTopicOrPartition,
                "no such topic or partition");
            continue;
        }
        if (info->internal) {
            state->refuse(answer, KafkaError::kInvalidTopic, "the topic is internal");
            continue;
        }
        if (auto refusal = check_records(state->call.request, partition)) {
            state->refuse(answer, refusal->error, std::move(refusal->message));
            continue;
        }
        log::AppendRequest append;
        append.partition = {info->id, partition.index};
        append.times = time_bounds(info->config, state->broker->context.clock.now());
        append.batch.assign(partition.records.view);  // the one copy between socket and store
        const size_t bytes = append.batch.size();
        state->left.fetch_add(1, std::memory_order_relaxed);
        log.append(std::move(append), [state, &answer, bytes](log::AppendOutcome outcome) {
            state->done(answer, std::move(outcome), bytes);
        });
    }
}

}  // namespace

void produce(Broker& broker, ProduceCall call) {
    auto state = std::make_shared<Produce>(broker.shared_from_this(), std::move(call));
    const auto& topics = state->call.request.topics;
    // All answers stand in place before the first append: callbacks keep references into them.
    state->response.topics.resize(topics.size());
    for (size_t i = 0; i < topics.size(); ++i) {
        auto& answers = state->response.topics[i];
        answers.name = topics[i].name;
        answers.topic_id = topics[i].topic_id;
        answers.partitions.resize(topics[i].partitions.size());
    }
    for (size_t i = 0; i < topics.size(); ++i)
        start_topic(state, topics[i], state->response.topics[i]);
    // The frame's bytes are with the log now; free them before the wait for the disk.
    state->call.raw->body = {};
    std::string().swap(state->call.raw->frame);
    state->finish_one();
}

void init_producer_id(Broker& broker, Call<InitProducerIdRequest, InitProducerIdResponse> call) {
    InitProducerIdResponse response;
    response.producer_epoch = -1;
    if (const auto denied = broker.may(*call.raw, ""); denied != KafkaError::kNone) {
        response.error_code = code(denied);
        return call.reply(response);
    }
    if (call.request.transactional_id && !call.request.transactional_id->empty()) {
        broker.context.logger.warn(
            "refused a transactional producer: transactions are not supported",
            {{"transactional_id", *call.request.transactional_id},
             {"client", call.raw->peer->host}});
        response.error_code = code(KafkaError::kTransactionalIdAuthorizationFailed);
        return call.reply(response);
    }
    if (call.request.transactional_id) {
        response.error_code = code(KafkaError::kInvalidRequest);
        return call.reply(response);
    }
    // An idempotent producer always gets a new id: its old one, if any, stays as it is.
    const auto id = broker.log().new_producer_id();
    if (id) {
        response.producer_id = *id;
        response.producer_epoch = 0;
    } else {
        response.error_code = code(to_kafka(id.error().code()));
    }
    call.reply(response);
}

}  // namespace tarn::kafka
