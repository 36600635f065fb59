#pragma once

// A small blocking client of Kafka's wire: for the command line, the demo's generator and tests.
// One connection to one broker, which it takes to lead everything (Tarn's own server does). Not
// thread-safe.
//
// After kUnavailable or kIo the connection is of no more use: connect anew. What was sent and not
// answered may or may not have been stored; an idempotent producer sends it again with the same
// sequence numbers.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::kafka {

// Special timestamps for list_offset.
inline constexpr int64_t kLatest = -1;
inline constexpr int64_t kEarliest = -2;

struct ProducerIdentity {
    int64_t id = -1;
    int16_t epoch = -1;
};

// One finished record batch (codec/record_batch.h) for a partition.
struct ProduceBatch {
    int32_t partition = 0;
    std::string batch;
};

struct ProduceAnswer {
    struct Partition {
        int32_t partition = 0;
        int16_t error_code = 0;  // Kafka's; 0 is success
        bool retryable = false;  // the same batch may be taken later
        int64_t base_offset = -1;
        std::string message;  // for people; empty on success
    };
    std::vector<Partition> partitions;  // one for each batch of the request
};

struct ApiVersionRange {
    int16_t api_key = 0;
    int16_t min_version = 0;
    int16_t max_version = 0;
};

struct TopicMetadata {
    std::string name;
    std::string id;  // Kafka's text form
    bool internal = false;
    int32_t partitions = 0;
};

class Client {
  public:
    // Connects and learns what the broker speaks; both within `timeout`, which also bounds every
    // later call that has no time of its own. Errors: kUnavailable (nobody listens, or no answer in
    // time), kInvalidArgument (host), kUnsupported (too old or too new a broker).
    static Result<std::unique_ptr<Client>> connect(const std::string& host, uint16_t port,
                                                   Duration timeout);
    ~Client();

    const std::vector<ApiVersionRange>& api_versions() const;

    // Errors: kAlreadyExists, kInvalidArgument.
    Status create_topic(const std::string& topic, int32_t partitions,
                        const std::map<std::string, std::string>& config = {});
    // Errors: kNotFound, kFailedPrecondition (something still reads it).
    Status delete_topic(const std::string& topic);
    Result<std::vector<TopicMetadata>> metadata();
    // Errors: kNotFound.
    Result<int32_t> partition_count(const std::string& topic);

    // A new identity for an idempotent producer.
    Result<ProducerIdentity> init_producer_id();

    // Appends one batch with acks=all and waits for it. No produce may be in flight.
    Status produce(const std::string& topic, int32_t partition, std::string_view batch);
    // Many in flight: each send_produce is answered, in order, through receive_produce. acks=all.
    Status send_produce(const std::string& topic, const std::vector<ProduceBatch>& batches);
    // The oldest outstanding answer; nothing if it does not come within `wait` (0: only look).
    // Refusals stand in the answer's partitions and are no error here.
    Result<std::optional<ProduceAnswer>> receive_produce(Duration wait);
    size_t produces_in_flight() const;

    // The offset of the first record at or after this time, or kEarliest or kLatest; -1 if there is
    // none.
    Result<int64_t> list_offset(const std::string& topic, int32_t partition, int64_t timestamp_ms);
    // Whole batches from the one that holds `offset` on, at least one if there is any; waits up to
    // `max_wait` for the first. Errors: kInvalidArgument (offset out of range), kNotFound.
    Result<std::string> fetch(const std::string& topic, int32_t partition, int64_t offset,
                              size_t max_bytes, Duration max_wait);

  private:
    class Impl;
    explicit Client(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::kafka
