// Fetch: batches as they lie in the log, sent from where they lie. Waits for data without polling.
//
// Fetch sessions (KIP-227) are an optimisation that a broker may decline: every response carries
// session id 0, so that clients send full requests. A request that names a session is told that it
// does not exist.

#include <algorithm>

#include "fetch_waiters.h"
#include "handlers.h"

namespace tarn::kafka {
namespace {

using FetchCall = Call<FetchRequest, FetchResponse>;

// Longest wait granted, whatever the client asks.
constexpr int32_t kMaxWaitMs = 300'000;

// One partition of a request, resolved once.
struct Target {
    const FetchRequest::Topic::Partition* ask;
    log::PartitionId id;
    KafkaError error = KafkaError::kNone;
};

class Fetch final : public FetchWaiter, public std::enable_shared_from_this<Fetch> {
  public:
    Fetch(std::shared_ptr<Broker> broker, FetchCall call)
        : broker_(std::move(broker)), call_(std::move(call)) {}

    // On the connection's thread, as are all but wake().
    void start();
    void wake() override {
        if (woken_.exchange(true)) return;
        call_.raw->peer->loop->post([self = shared_from_this()] {
            self->woken_.store(false);
            self->attempt(false);
        });
    }

  private:
    void resolve();
    // Reads; replies when there is enough, or an error, or no more time.
    void attempt(bool last);
    void read(const Target& target, size_t& budget, FetchResponse::Topic::Partition& answer);
    void reply(FetchResponse& response);

    std::shared_ptr<Broker> broker_;
    FetchCall call_;
    std::vector<std::vector<Target>> targets_;  // as the request's topics
    std::vector<log::PartitionId> waiting_on_;
    TimerQueue::Id timer_{};
    size_t bytes_ = 0;
    bool any_error_ = false;
    bool done_ = false;
    std::atomic<bool> woken_{false};
};

void Fetch::resolve() {
    const bool by_id = call_.version() >= 13;
    for (const auto& topic : call_.request.topics) {
        const auto info = by_id ? broker_->log().find_topic(topic.topic_id)
                                : broker_->log().find_topic(topic.topic);
        const auto denied = !info && by_id
                                ? KafkaError::kNone
                                : broker_->may(*call_.raw, info ? info->name : topic.topic);
        auto& targets = targets_.emplace_back();
        for (const auto& partition : topic.partitions) {
            Target target{&partition, {}, KafkaError::kNone};
            if (denied != KafkaError::kNone)
                target.error = denied;
            else if (!info)
                target.error =
                    by_id ? KafkaError::kUnknownTopicId : KafkaError::kUnknownTopicOrPartition;
            else if (partition.partition < 0 || partition.partition >= info->config.partitions)
                target.error = KafkaError::kUnknownTopicOrPartition;
            else if (partition.current_leader_epoch > kLeaderEpoch)
                target.error = KafkaError::kUnknownLeaderEpoch;
            else
                target.id = {info->id, partition.partition};
            if (target.error == KafkaError::kNone) waiting_on_.push_back(target.id);
            targets.push_back(target);
        }
    }
}

void Fetch::start() {
    const auto& request = call_.request;
    // Epochs 0 and -1 ask for a new session or none; any other belongs to a session, and there are
    // none.
    if (request.session_epoch > 0 || (request.session_id != 0 && request.session_epoch == 0)) {
        FetchResponse response;
        response.error_code = code(KafkaError::kFetchSessionIdNotFound);
        return call_.reply(response);
    }
    resolve();
    const bool may_wait = request.max_wait_ms > 0 && request.min_bytes > 0;
    attempt(!may_wait);
    if (done_) return;
    broker_->fetch_waiters->add(shared_from_this(), waiting_on_);
    const auto wait = Duration::millis(std::min(request.max_wait_ms, kMaxWaitMs));
    timer_ = broker_->timers.schedule(wait, [self = shared_from_this()] {
        self->call_.raw->peer->loop->post([self] { self->attempt(true); });
    });
    // What was committed between the first look and the registration woke nobody.
    attempt(false);
}

void Fetch::attempt(bool last) {
    if (done_) return;
    if (call_.raw->peer->closed) last = true;
    FetchResponse response;
    bytes_ = 0;
    any_error_ = false;
    size_t budget =
        std::min(size_t(std::max(call_.request.max_bytes, 0)), broker_->options.max_fetch_bytes);
    for (size_t t = 0; t < targets_.size(); ++t) {
        auto& topic = response.topics.emplace_back();
        topic.topic = call_.request.topics[t].topic;
        topic.topic_id = call_.request.topics[t].topic_id;
        topic.partitions.resize(targets_[t].size());
        for (size_t p = 0; p < targets_[t].size(); ++p)
            read(targets_[t][p], budget, topic.partitions[p]);
    }
    const bool enough = bytes_ > 0 && bytes_ >= size_t(std::max(call_.request.min_bytes, 0));
    if (last || enough || any_error_ || targets_.empty()) reply(response);
}

void Fetch::read(const Target& target, size_t& budget, FetchResponse::Topic::Partition& answer) {
    answer.partition_index = target.ask->partition;
    answer.high_watermark = -1;
    answer.records = Records::of(std::string_view());
    if (call_.request.isolation_level == 1) answer.aborted_transactions.emplace();
    auto error = target.error;
    if (error == KafkaError::kNone) {
        const auto wanted = size_t(std::max(target.ask->partition_max_bytes, 0));
        // A spent budget still reports where the partition stands. The first batch of a response
        // may go over it.
        auto result = broker_->log().fetch(target.id, target.ask->fetch_offset,
                                           std::max<size_t>(std::min(wanted, budget), 1));
        size_t size = 0;
        for (const auto& slice : result.slices)
            size += slice.bytes.size();
        answer.high_watermark = result.high_watermark;
        answer.last_stable_offset = result.last_stable_offset;
        answer.log_start_offset = result.log_start_offset;
        error = to_kafka(result.code);
        if (size > 0 && (size <= budget || bytes_ == 0)) {
            answer.records = Records::of(std::move(result.slices));
            bytes_ += size;
            budget -= std::min(size, budget);
        }
    }
    answer.error_code = code(error);
    any_error_ |= error != KafkaError::kNone;
}

void Fetch::reply(FetchResponse& response) {
    done_ = true;
    if (timer_ != TimerQueue::Id{}) {
        broker_->timers.cancel(timer_);
        broker_->fetch_waiters->remove(this, waiting_on_);
    }
    broker_->metrics.fetched_bytes.add(double(bytes_));
    call_.reply(response);
}

}  // namespace

void fetch(Broker& broker, FetchCall call) {
    std::make_shared<Fetch>(broker.shared_from_this(), std::move(call))->start();
}

}  // namespace tarn::kafka
