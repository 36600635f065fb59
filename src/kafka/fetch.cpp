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
// A fetch that has waited for room so long beyond its time is answered without records.
constexpr Duration kRoomWait = Duration::seconds(1);

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
            self->attempt();
        });
    }

  private:
    void resolve();
    // Reads, if there is room for an answer; replies when there is enough, or an error, or no more
    // time.
    void attempt();
    bool take_room();
    bool anything_to_read() const;
    size_t most_bytes() const;
    void read(const Target& target, size_t& budget, FetchResponse::Topic::Partition& answer);
    void settle_room(FetchResponse& response);
    void set_timer(Duration wait);
    void time_over();
    void reply(FetchResponse& response);

    std::shared_ptr<Broker> broker_;
    FetchCall call_;
    std::vector<std::vector<Target>> targets_;  // as the request's topics
    std::vector<log::PartitionId> waiting_on_;
    TimerQueue::Id timer_{};
    std::unique_ptr<Lease> room_;  // for the records of the answer
    bool waits_for_room_ = false;
    bool waits_for_data_ = false;  // the client lets it
    bool waited_longer_ = false;
    bool last_ = false;  // there is no more time
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
    waits_for_data_ = request.max_wait_ms > 0 && request.min_bytes > 0;
    attempt();
    if (done_) return;
    broker_->fetch_waiters->add(shared_from_this(), waiting_on_);
    set_timer(waits_for_data_ ? Duration::millis(std::min(request.max_wait_ms, kMaxWaitMs))
                              : kRoomWait);
    // What was committed between the first look and the registration woke nobody.
    attempt();
}

void Fetch::set_timer(Duration wait) {
    timer_ = broker_->timers.schedule(wait, [self = shared_from_this()] {
        self->call_.raw->peer->loop->post([self] { self->time_over(); });
    });
}

void Fetch::time_over() {
    if (done_) return;
    if (waits_for_room_ && !std::exchange(waited_longer_, true)) return set_timer(kRoomWait);
    last_ = true;
    attempt();
}

// The most that the records of the answer may take.
size_t Fetch::most_bytes() const {
    constexpr size_t kLeast = 64 << 10;
    size_t wanted = 0;
    for (const auto& topic : targets_)
        for (const auto& target : topic)
            wanted += size_t(std::max(target.ask->partition_max_bytes, 0));
    wanted = std::min(wanted, size_t(std::max(call_.request.max_bytes, 0)));
    return std::clamp(wanted, kLeast, std::max(broker_->answers->limit() / 8, kLeast));
}

bool Fetch::anything_to_read() const {
    for (const auto& topic : targets_)
        for (const auto& target : topic) {
            if (target.error != KafkaError::kNone) continue;
            const auto offsets = broker_->log().offsets(target.id);
            if (offsets && target.ask->fetch_offset < offsets->high_watermark) return true;
        }
    return false;
}

// False: it waits for room, and attempts again then.
bool Fetch::take_room() {
    if (room_ || !anything_to_read()) return true;
    room_ = broker_->answers->lease();
    waits_for_room_ = !room_->grow_to(most_bytes(), [self = shared_from_this()] {
        self->call_.raw->peer->loop->post([self] {
            self->waits_for_room_ = false;
            self->attempt();
        });
    });
    return !waits_for_room_;
}

void Fetch::attempt() {
    if (done_) return;
    last_ |= call_.raw->peer->closed;
    if (waits_for_room_) {
        if (!last_) return;
        waits_for_room_ = false;
        room_.reset();  // answered without records
    } else if (!take_room()) {
        if (std::exchange(last_, false)) set_timer(kRoomWait);
        return;
    }
    FetchResponse response;
    bytes_ = 0;
    any_error_ = false;
    size_t budget =
        room_ ? std::min(room_->bytes(), size_t(std::max(call_.request.max_bytes, 0))) : 0;
    for (size_t t = 0; t < targets_.size(); ++t) {
        auto& topic = response.topics.emplace_back();
        topic.topic = call_.request.topics[t].topic;
        topic.topic_id = call_.request.topics[t].topic_id;
        topic.partitions.resize(targets_[t].size());
        for (size_t p = 0; p < targets_[t].size(); ++p)
            read(targets_[t][p], budget, topic.partitions[p]);
    }
    // No more is waited for than an answer can take, with batches as large as half of it.
    const auto least =
        std::min(size_t(std::max(call_.request.min_bytes, 0)), room_ ? room_->bytes() / 2 : 0);
    const bool enough = bytes_ > 0 && bytes_ >= least;
    if (last_ || !waits_for_data_ || enough || any_error_ || targets_.empty())
        return reply(response);
    room_.reset();
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
        if (room_ && size > 0 && (size <= budget || bytes_ == 0)) {
            answer.records = Records::of(std::move(result.slices));
            bytes_ += size;
            budget -= std::min(size, budget);
        }
    }
    answer.error_code = code(error);
    any_error_ |= error != KafkaError::kNone;
}

// The lease holds what the records keep from being freed. A slice may keep a whole block of the
// log's: what there is no room for is copied, and the block let go.
void Fetch::settle_room(FetchResponse& response) {
    if (bytes_ == 0) return room_.reset();
    size_t held = 0;
    const void* last = nullptr;
    for (const auto& topic : response.topics)
        for (const auto& partition : topic.partitions)
            for (const auto& slice : partition.records.slices)
                if (std::exchange(last, slice.owner.get()) != slice.owner.get())
                    held += std::max(slice.held, slice.bytes.size());
    if (!room_->try_grow_to(held)) {
        for (auto& topic : response.topics)
            for (auto& partition : topic.partitions)
                partition.records.gather();
        held = bytes_;
        room_->force_to(held);
    }
    room_->shrink_to(held);
}

void Fetch::reply(FetchResponse& response) {
    done_ = true;
    if (room_) settle_room(response);
    if (timer_ != TimerQueue::Id{}) {
        broker_->timers.cancel(timer_);
        broker_->fetch_waiters->remove(this, waiting_on_);
    }
    broker_->metrics.fetched_bytes.add(double(bytes_));
    response.throttle_time_ms = broker_->throttle_ms();
    call_.reply(response, std::move(room_));
}

}  // namespace

void fetch(Broker& broker, FetchCall call) {
    std::make_shared<Fetch>(broker.shared_from_this(), std::move(call))->start();
}

}  // namespace tarn::kafka
