// The demo's producers: an open-loop schedule of finished batches, an idempotent producer with up
// to five requests in flight, and a ledger of what came back. A broker that goes away is waited
// for; what was not acknowledged is sent again with the same sequence numbers, so that nothing is
// lost and nothing is duplicated.

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <deque>

#include <fmt/format.h>

#include "click_data.h"
#include "click_ring.h"
#include "edit_replay.h"
#include "generator.h"
#include "ledger.h"
#include "tarn/base/bytes.h"
#include "tarn/codec/record_batch.h"
#include "tarn/host/common.h"
#include "tarn/host/serving.h"
#include "tarn/kafka/client.h"

namespace tarn::demo {
namespace {

std::atomic<bool> g_stop{false};
void on_stop(int) { g_stop = true; }

constexpr size_t kMaxInFlight = 5;  // what a broker remembers of a producer, a partition
constexpr Duration kAnswerTimeout = Duration::seconds(10);
constexpr int64_t kRoundsBetweenRuns = 1000;
constexpr Duration kGiveUp = Duration::seconds(120);  // without any answer

// Writes the producer's fields into a batch and seals it (record_batch.h: positions 43, 51, 53; crc
// at 17 of 21…).
void sign(std::string& batch, const kafka::ProducerIdentity& producer, int32_t sequence) {
    store_be<int64_t>(batch.data() + 43, producer.id);
    store_be<int16_t>(batch.data() + 51, producer.epoch);
    store_be<int32_t>(batch.data() + 53, sequence);
    store_be<uint32_t>(batch.data() + 17, crc32c(std::string_view(batch).substr(21)));
}

// What was sent together and is not acknowledged yet.
struct Request {
    std::vector<kafka::ProduceBatch> batches;
    std::vector<LedgerEntry> entries;  // one for each batch
};

// Counts of latencies in buckets of 4 % width: quantiles of a run without keeping every value.
class LatencyCounts {
  public:
    void add(Duration d, uint32_t n) {
        size_t bucket = 0;
        for (double bound = 100; bound < double(d.us) && bucket + 1 < counts_.size(); bound *= 1.04)
            ++bucket;
        counts_[bucket] += n;
        total_ += n;
    }
    double quantile_ms(double q) const {
        int64_t left = int64_t(q * double(total_));
        double bound = 100;
        for (auto n : counts_) {
            if ((left -= n) < 0) break;
            bound *= 1.04;
        }
        return bound / 1000;
    }

  private:
    std::vector<int64_t> counts_ = std::vector<int64_t>(400);
    int64_t total_ = 0;
};

class Generator {
  public:
    Generator(const GeneratorOptions& options, Clock& clock, Ledger ledger)
        : options_(options), clock_(clock), ledger_(std::move(ledger)) {}
    Status run();
    nlohmann::ordered_json report() const;

  private:
    Status connect();
    Status resend();
    Status make_load();
    Status send_slot();
    Status receive(Duration wait);
    Status acknowledge(const kafka::ProduceAnswer& answer);
    Status survive(Status status);

    GeneratorOptions options_;
    Clock& clock_;
    Ledger ledger_;
    std::unique_ptr<Load> load_;
    std::unique_ptr<kafka::Client> client_;
    kafka::ProducerIdentity producer_;
    std::vector<int32_t> sequences_;
    std::deque<Request> in_flight_;
    LatencyCounts latency_;
    Timestamp start_;
    int64_t slot_ = 0, reconnects_ = 0, last_answer_us_ = 0;
    bool connected_once_ = false;
};

Status Generator::connect() {
    TARN_TRY(auto address, host::parse_address(options_.kafka));
    TARN_TRY(client_, kafka::Client::connect(address.host, address.port, Duration::seconds(2)));
    if (connected_once_) return resend();
    TARN_TRY(auto partitions, client_->partition_count(options_.topic));
    sequences_.assign(size_t(partitions), 0);
    TARN_TRY(producer_, client_->init_producer_id());
    connected_once_ = true;
    return {};
}

Status Generator::resend() {
    ++reconnects_;
    for (auto& request : in_flight_)
        TARN_RETURN_IF_ERROR(client_->send_produce(options_.topic, request.batches));
    return {};
}

Status Generator::make_load() {
    int partitions = int(sequences_.size());
    if (options_.stream == "edits") {
        ReplayShape shape;
        shape.day = options_.day;
        shape.partitions = partitions;
        shape.first_round = ledger_.last_round() + 1;
        TARN_TRY(auto replay, EditReplay::open(shape));
        load_ = std::make_unique<EditReplay>(std::move(replay));
        return {};
    }
    TARN_TRY(auto data, load_click_data());
    LoadShape shape;
    shape.rate = options_.rate;
    shape.partitions = partitions;
    shape.seed = options_.seed;
    if (options_.first_round >= 0) shape.first_round = options_.first_round;
    // Further on than any session of the run before reaches.
    if (ledger_.last_round() >= 0) shape.first_round = ledger_.last_round() + kRoundsBetweenRuns;
    if (options_.late >= 0) shape.late = options_.late;
    if (options_.broken >= 0) shape.broken = options_.broken;
    shape.late_from = options_.late_from;
    load_ = std::make_unique<ClickRing>(data, shape);
    return {};
}

Status Generator::send_slot() {
    auto intended = start_ + load_->slot_length() * slot_;
    auto& batches = load_->stamp(slot_++, intended);
    ledger_.set_round(load_->round());
    Request request;
    for (size_t p = 0; p < batches.size(); ++p) {
        auto& b = batches[p];
        if (!b.count) continue;
        LedgerEntry entry{int32_t(p), 0,        b.count, crc32_of_values(b), b.late, b.twice,
                          b.broken,   intended, {}};
        sign(b.batch, producer_, sequences_[p]);
        // Sequence numbers wrap to 0 after 2^31 - 1.
        sequences_[p] = int32_t((int64_t(sequences_[p]) + b.count) & INT32_MAX);
        request.batches.push_back({int32_t(p), b.batch});
        request.entries.push_back(entry);
        ledger_.add_sent(b.count);
    }
    if (request.batches.empty()) return {};
    in_flight_.push_back(std::move(request));
    return client_->send_produce(options_.topic, in_flight_.back().batches);
}

Status Generator::acknowledge(const kafka::ProduceAnswer& answer) {
    auto& request = in_flight_.front();
    auto now = clock_.now();
    for (size_t i = 0; i < request.entries.size(); ++i) {
        auto found = std::ranges::find(answer.partitions, request.entries[i].partition,
                                       &kafka::ProduceAnswer::Partition::partition);
        if (found == answer.partitions.end())
            return fail(ErrorCode::kInternal, "the broker's answer leaves out a partition");
        if (found->error_code != 0 || found->base_offset < 0)
            return fail(found->retryable ? ErrorCode::kUnavailable : ErrorCode::kInternal,
                        fmt::format("the broker refused a batch of partition {}: {}",
                                    found->partition, found->message));
    }
    for (auto& entry : request.entries) {
        entry.base_offset = std::ranges::find(answer.partitions, entry.partition,
                                              &kafka::ProduceAnswer::Partition::partition)
                                ->base_offset;
        entry.acked = now;
        latency_.add(now - entry.sent, entry.count);
        ledger_.add(entry);
    }
    in_flight_.pop_front();
    last_answer_us_ = clock_.monotonic_us();
    return {};
}

Status Generator::receive(Duration wait) {
    TARN_TRY(auto answer, client_->receive_produce(wait));
    return answer ? acknowledge(*answer) : Status{};
}

// A broken connection is made anew for as long as the broker may come back; any other error ends
// the run. Asked to stop with nothing unanswered, it does not wait for the broker.
Status Generator::survive(Status status) {
    while (!status) {
        bool passing = status.error().retryable() || status.error().code() == ErrorCode::kIo;
        if (!passing || clock_.monotonic_us() - last_answer_us_ > kGiveUp.us) return status;
        client_.reset();
        if (g_stop && in_flight_.empty()) return {};
        clock_.sleep(Duration::millis(20));
        status = connect();
    }
    return {};
}

Status Generator::run() {
    last_answer_us_ = clock_.monotonic_us();
    TARN_RETURN_IF_ERROR(survive(connect()));
    if (!client_) return fail(ErrorCode::kCancelled, "stopped before a broker answered");
    TARN_RETURN_IF_ERROR(make_load());
    start_ = clock_.now();
    auto start_us = clock_.monotonic_us();
    auto last_slot = options_.run_for ? options_.run_for->us / load_->slot_length().us : INT64_MAX;
    int64_t flushed_us = 0;
    while (!in_flight_.empty() || (slot_ < last_slot && !g_stop)) {
        auto now = clock_.monotonic_us();
        if (now - flushed_us > 500'000) {
            TARN_RETURN_IF_ERROR(ledger_.flush(clock_.now(), true));
            flushed_us = now;
        }
        bool more = slot_ < last_slot && !g_stop;
        // A slot is due when the last of its events would have been made.
        auto due = start_us + load_->slot_length().us * (slot_ + 1);
        Status status;
        if (more && in_flight_.size() < kMaxInFlight && now >= due) {
            status = send_slot();
        } else if (in_flight_.empty()) {
            clock_.sleep(Duration::micros(std::clamp<int64_t>(due - now, 0, 100'000)));
        } else {
            auto until_due = more && in_flight_.size() < kMaxInFlight
                                 ? std::max<int64_t>(0, due - now)
                                 : kAnswerTimeout.us;
            status = receive(Duration::micros(until_due));
            if (status && until_due == kAnswerTimeout.us &&
                clock_.monotonic_us() - now >= kAnswerTimeout.us)
                status = fail(ErrorCode::kUnavailable, "the broker did not answer in time");
        }
        TARN_RETURN_IF_ERROR(survive(std::move(status)));
    }
    return ledger_.flush(clock_.now(), false);
}

nlohmann::ordered_json Generator::report() const {
    auto json = ledger_.sums().json();
    json["seconds"] = (clock_.now() - start_).sec();
    json["reconnects"] = reconnects_;
    json["latency"] = {{"p50_ms", latency_.quantile_ms(0.5)},
                       {"p99_ms", latency_.quantile_ms(0.99)}};
    return json;
}

}  // namespace

Result<int> run_generator(const GeneratorOptions& options) {
    struct sigaction action{};
    action.sa_handler = on_stop;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    io::LocalFileSystem fs;
    SystemClock clock;
    TARN_TRY(auto ledger, Ledger::open(fs, options.ledger, options.topic));
    Generator generator(options, clock, std::move(ledger));
    TARN_RETURN_IF_ERROR(generator.run());
    fmt::print("{}\n", generator.report().dump());
    return host::kExitOk;
}

}  // namespace tarn::demo
