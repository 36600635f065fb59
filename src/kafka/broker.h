#pragma once

// What the protocol's requests mean: everything of the Kafka listener but its sockets. Handlers are
// called on the thread of the connection that a request came from, and may answer later and from
// another thread.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "errors.h"
#include "memory_gate.h"
#include "tarn/kafka/server.h"
#include "tarn/net/connection.h"
#include "timers.h"
#include "wire.h"

namespace tarn::kafka {

class Coordinator;
class FetchWaiters;

// The protocol's node id of this, the only, broker; and the leader epoch of every partition.
inline constexpr int32_t kNodeId = 1;
inline constexpr int32_t kLeaderEpoch = 0;

// The other side of a connection, shared by its requests.
struct Peer : net::Ends {
    std::shared_ptr<net::Loop> loop;
    std::atomic<bool> closed{false};
};

struct RequestHeader {
    int16_t api_key = 0;
    int16_t version = 0;
    int32_t correlation_id = 0;
    std::string client_id;
};

struct Request {
    RequestHeader header;
    std::string frame;      // all of it, without its length
    std::string_view body;  // behind the header, in `frame`
    std::shared_ptr<Peer> peer;
    std::shared_ptr<const net::Principal> principal;  // who asks
};

// What becomes of a request: a frame to send, nothing (acks=0), or the end of the connection.
struct Answer {
    std::optional<Encoded> frame;
    bool close = false;
    std::unique_ptr<Lease> lease{};  // the memory it holds until it is sent, if it was asked for
    // For so long after it nothing more is read of its connection: what the answer asks of the
    // client too (throttle_time_ms, KIP-219).
    Duration mute{};
};
// Called exactly once, from any thread.
using Respond = std::move_only_function<void(Answer)>;

// An answer's frame with its length and header written, ready for the body.
Encoder begin_frame(const RequestHeader& header, bool flexible);
Encoded end_frame(Encoder encoder);

// A decoded request together with the means to answer it.
template <class Q, class A>
struct Call {
    Q request;
    std::unique_ptr<Request> raw;
    Respond respond;

    int16_t version() const { return raw->header.version; }
    void reply(const A& response, std::unique_ptr<Lease> lease = nullptr) {
        const bool flexible = version() >= A::kFlexibleFrom;
        // ApiVersions is answered under the old header, so that any client can read it (KIP-511).
        Encoder out = begin_frame(raw->header, flexible && A::kApiKey != 18);
        if (out.flexible() != flexible) out = reopen(std::move(out), flexible);
        response.encode(out, version());
        Answer answer{end_frame(std::move(out)), false, std::move(lease)};
        if constexpr (requires { response.throttle_time_ms; })
            answer.mute = Duration::millis(response.throttle_time_ms);
        respond(std::move(answer));
    }
    void reply_nothing(Duration mute = {}) { respond({std::nullopt, false, nullptr, mute}); }
    void close() { respond({std::nullopt, true}); }

  private:
    static Encoder reopen(Encoder old, bool flexible) {
        Encoder out(flexible);
        out.write_raw(old.take().bytes);
        return out;
    }
};

struct BrokerMetrics {
    explicit BrokerMetrics(Metrics& metrics);
    Counter& malformed;
    Counter& produced_bytes;
    Counter& produced_batches;
    Counter& refused_batches;
    Counter& fetched_bytes;
    Counter& stalled;
    Counter& throttled;
    Gauge& request_bytes;
    Gauge& answer_bytes;
    Counter& rebalances;
    Counter& commits;
};

struct Broker : std::enable_shared_from_this<Broker> {
    Broker(ServerOptions options, ServerContext context);
    ~Broker();
    // Replays the group offsets and begins to listen to the log.
    Status start();
    // Answers what waits and stops listening to the log. Idempotent.
    void stop();

    ServerOptions options;
    ServerContext context;
    BrokerMetrics metrics;
    TimerQueue timers;
    const std::shared_ptr<MemoryGate> requests;  // that have arrived, wholly or in part
    const std::shared_ptr<MemoryGate> answers;   // that are not sent yet
    uint16_t port = 0;  // the one listened on, set before the first request
    std::string cluster_id;
    std::unique_ptr<FetchWaiters> fetch_waiters;
    std::unique_ptr<Coordinator> coordinator;

    log::Log& log() { return context.log; }
    // What is answered if whoever asks may not do to something of this name what the request's row
    // of the api table says, or another operation; kNone if they may.
    KafkaError may(const Request& request, std::string_view name) const;
    KafkaError may(const Request& request, std::string_view name, net::Operation operation) const;
    // What an answer to a producer or a consumer asks of it, in ms: 0 unless memory is full. Counts
    // those that ask for more.
    int32_t throttle_ms();
    // Where this client is told to connect.
    std::string host_for(const Peer& peer) const;
    int32_t port_for() const;
};

// One row of the table of what this server understands; what ApiVersions answers comes from here.
struct Api {
    int16_t key;
    std::string_view name;
    int16_t min_version;
    int16_t max_version;
    int16_t announced_min_version;
    int16_t flexible_from;
    // Who may: those who may do this to what the request names, a kind of net::Resource.
    net::Operation operation;
    std::string_view resource;
    // Decodes and handles. False, and `respond` untouched, when the body is malformed.
    bool (*handle)(Broker& broker, std::unique_ptr<Request>& request, Respond& respond);
};
std::span<const Api> api_table();
const Api* find_api(int16_t key);

// Reads api key, version, correlation id and, where the api is known, client id and tags; sets
// request.body. Errors: kCorrupted.
Status parse_header(Request& request);

// Handles one frame; `respond` is called once in every case.
void dispatch(Broker& broker, std::unique_ptr<Request> request, Respond respond);

// For queueing decisions before the header is parsed: the api key of a frame, -1 when it has none.
int16_t peek_api_key(std::string_view frame);

}  // namespace tarn::kafka
