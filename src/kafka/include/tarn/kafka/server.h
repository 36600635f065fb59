#pragma once

// The Kafka listener: a TCP server that speaks Kafka's protocol over a Log, as one broker (node 1)
// that leads every partition and coordinates every group. Works with what others wrote for Kafka:
// librdkafka, the Java client, kafka-python, kcat. Transactions and access control are refused as
// the protocol says.
//
// Acknowledgements: acks=all and acks=1 are both answered once the batch is durable; acks=0 is not
// answered. Committed group offsets are durable before they are acknowledged (internal topic
// __consumer_offsets).

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tarn/base/ids.h"
#include "tarn/base/logger.h"
#include "tarn/base/memory.h"
#include "tarn/base/metrics.h"
#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/base/time.h"
#include "tarn/kafka/groups.h"
#include "tarn/log/log.h"
#include "tarn/net/principal.h"

namespace tarn::kafka {

struct ServerOptions {
    std::string address = "127.0.0.1";  // numeric; 0.0.0.0 or :: for every interface
    uint16_t port = 9092;               // 0: any free one
    // Name that clients are told to come back to. Empty: the address at which each of them reached
    // us.
    std::string advertised_host;
    uint16_t advertised_port = 0;  // 0: the port listened on
    int io_threads = 2;
    size_t max_frame_bytes = 100ull << 20;  // a larger request closes its connection
    size_t max_connections = 10'000;
    // Of all connections together. Requests, as far as they have arrived: past it reading pauses.
    size_t max_inflight_bytes = 48ull << 20;
    // Answers that are not sent yet: past it fetches wait. One fetch gets at most an eighth of it.
    size_t max_answer_bytes = 64ull << 20;
    // While others wait for memory, who sends no more of its request or reads no more of its answer
    // is closed after so long.
    Duration stall_timeout = Duration::seconds(10);
    Duration idle_timeout = Duration::seconds(600);
    bool auto_create_topics =
        false;  // Metadata for an unknown topic may create it, if the client allows
    int32_t default_partitions = 1;  // of topics created without a number
    Duration group_initial_delay =
        Duration::millis(500);  // a new group waits this long for its first members
    Duration min_session_timeout = Duration::seconds(1);
    Duration max_session_timeout = Duration::seconds(1800);
};

// The declarations behind ServerOptions, and the options they give, for `cli`.
std::span<const SettingDeclaration> setting_declarations();
ServerOptions options_from(const Settings& settings);

// What the server needs of the world. The referenced objects outlive the Server.
struct ServerContext {
    log::Log& log;
    Clock& clock;
    Random& random;  // the server's own: it is used under the server's locks
    Metrics& metrics;
    Logger logger;
    std::shared_ptr<MemoryBudget> memory;         // requests in flight draw on it; may be null
    const net::Authorizer* authorizer = nullptr;  // null: everybody may do everything
};

class Server {
  public:
    // Replays the group offsets, listens, and starts the IO threads. Errors: kUnavailable (the port
    // is taken; names it), kInvalidArgument (address), kCorrupted (offsets topic), kIo.
    static Result<std::unique_ptr<Server>> open(ServerOptions options, ServerContext context);
    // Stops.
    ~Server();

    uint16_t port() const;
    // "127.0.0.1:9092"
    std::string address() const;
    // Groups with members or committed offsets, by name; and one of them. From any thread, until
    // stop() was called.
    std::vector<GroupInfo> groups() const;
    std::optional<GroupInfo> group(const std::string& name) const;
    // Closes every connection and joins the threads; returns in well under a second. Idempotent.
    void stop();

  private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::kafka
