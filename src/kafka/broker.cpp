#include "broker.h"

#include <array>

#include "coordinator.h"
#include "fetch_waiters.h"
#include "handlers.h"
#include "tarn/base/memory_level.h"

namespace tarn::kafka {
namespace {

// Long enough for a step of the flows, short against clients' time limits.
constexpr int32_t kThrottleMs = 250;

template <class Q, class A, void (*Handler)(Broker&, Call<Q, A>)>
bool handle(Broker& broker, std::unique_ptr<Request>& request, Respond& respond) {
    Call<Q, A> call;
    const int16_t version = request->header.version;
    Decoder in(request->body, version >= Q::kFlexibleFrom);
    call.request.decode(in, version);
    if (!in.ok()) return false;
    call.raw = std::move(request);
    call.respond = std::move(respond);
    Handler(broker, std::move(call));
    return true;
}

template <class Q, class A, void (*Handler)(Broker&, Call<Q, A>)>
constexpr Api row(net::Operation operation, std::string_view resource) {
    static_assert(Q::kApiKey == A::kApiKey);
    return {
        Q::kApiKey,       Q::kName,  Q::kMinVersion, Q::kMaxVersion,        Q::kAnnouncedMinVersion,
        Q::kFlexibleFrom, operation, resource,       &handle<Q, A, Handler>};
}

using net::Operation;

constexpr std::array kApis = {
    row<ProduceRequest, ProduceResponse, produce>(Operation::kWrite, "topic"),
    row<FetchRequest, FetchResponse, fetch>(Operation::kRead, "topic"),
    row<ListOffsetsRequest, ListOffsetsResponse, list_offsets>(Operation::kDescribe, "topic"),
    row<MetadataRequest, MetadataResponse, metadata>(Operation::kDescribe, "topic"),
    row<OffsetCommitRequest, OffsetCommitResponse, offset_commit>(Operation::kRead, "group"),
    row<OffsetFetchRequest, OffsetFetchResponse, offset_fetch>(Operation::kDescribe, "group"),
    row<FindCoordinatorRequest, FindCoordinatorResponse, find_coordinator>(Operation::kDescribe,
                                                                           "group"),
    row<JoinGroupRequest, JoinGroupResponse, join_group>(Operation::kRead, "group"),
    row<HeartbeatRequest, HeartbeatResponse, heartbeat>(Operation::kRead, "group"),
    row<LeaveGroupRequest, LeaveGroupResponse, leave_group>(Operation::kRead, "group"),
    row<SyncGroupRequest, SyncGroupResponse, sync_group>(Operation::kRead, "group"),
    row<DescribeGroupsRequest, DescribeGroupsResponse, describe_groups>(Operation::kDescribe,
                                                                        "group"),
    row<ListGroupsRequest, ListGroupsResponse, list_groups>(Operation::kDescribe, "group"),
    row<ApiVersionsRequest, ApiVersionsResponse, api_versions>(Operation::kDescribe, "platform"),
    row<CreateTopicsRequest, CreateTopicsResponse, create_topics>(Operation::kAlter, "topic"),
    row<DeleteTopicsRequest, DeleteTopicsResponse, delete_topics>(Operation::kAlter, "topic"),
    row<DeleteRecordsRequest, DeleteRecordsResponse, delete_records>(Operation::kAlter, "topic"),
    row<InitProducerIdRequest, InitProducerIdResponse, init_producer_id>(Operation::kWrite,
                                                                         "platform"),
    row<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, offset_for_leader_epoch>(
        Operation::kDescribe, "topic"),
    row<DescribeConfigsRequest, DescribeConfigsResponse, describe_configs>(Operation::kDescribe,
                                                                           "topic"),
    row<AlterConfigsRequest, AlterConfigsResponse, alter_configs>(Operation::kAlter, "topic"),
    row<CreatePartitionsRequest, CreatePartitionsResponse, create_partitions>(Operation::kAlter,
                                                                              "topic"),
    row<DeleteGroupsRequest, DeleteGroupsResponse, delete_groups>(Operation::kAlter, "group"),
    row<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, incremental_alter_configs>(
        Operation::kAlter, "topic"),
    row<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
        alter_partition_reassignments>(Operation::kAlter, "topic"),
    row<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
        list_partition_reassignments>(Operation::kDescribe, "platform"),
    row<OffsetDeleteRequest, OffsetDeleteResponse, offset_delete>(Operation::kAlter, "group"),
    row<DescribeClusterRequest, DescribeClusterResponse, describe_cluster>(Operation::kDescribe,
                                                                           "platform"),
};

ApiVersionsResponse announce(KafkaError error) {
    ApiVersionsResponse response;
    response.error_code = code(error);
    for (const auto& api : kApis) {
        if (error != KafkaError::kNone && api.key != ApiVersionsRequest::kApiKey) continue;
        response.api_keys.push_back({api.key, api.announced_min_version, api.max_version});
    }
    return response;
}

}  // namespace

std::span<const Api> api_table() { return kApis; }

const Api* find_api(int16_t key) {
    for (const auto& api : kApis)
        if (api.key == key) return &api;
    return nullptr;
}

BrokerMetrics::BrokerMetrics(Metrics& m)
    : malformed(m.counter("tarn_kafka_malformed_frames_total",
                          "Requests that could not be read; each closed its connection.")),
      produced_bytes(m.counter("tarn_kafka_produced_bytes_total", "Bytes of batches stored.")),
      produced_batches(m.counter("tarn_kafka_produced_batches_total", "Batches stored.")),
      refused_batches(
          m.counter("tarn_kafka_refused_batches_total", "Batches answered with an error.")),
      fetched_bytes(m.counter("tarn_kafka_fetched_bytes_total", "Bytes of batches sent.")),
      stalled(
          m.counter("tarn_kafka_stalled_connections_total",
                    "Connections closed in the middle of a request or answer that did not go on.")),
      throttled(m.counter("tarn_kafka_throttled_answers_total",
                          "Answers that asked their client to pause, since memory is full.")),
      request_bytes(m.gauge("tarn_kafka_request_bytes",
                            "Bytes of requests that have arrived and are not answered.")),
      answer_bytes(m.gauge("tarn_kafka_answer_bytes", "Bytes of answers that are not sent yet.")),
      rebalances(m.counter("tarn_kafka_group_rebalances_total", "Generations of all groups.")),
      commits(m.counter("tarn_kafka_offset_commits_total", "Offsets committed by groups.")) {}

Broker::Broker(ServerOptions o, ServerContext c)
    : options(std::move(o)),
      context(std::move(c)),
      metrics(context.metrics),
      timers(context.clock),
      requests(std::make_shared<MemoryGate>(options.max_inflight_bytes, context.memory,
                                            metrics.request_bytes)),
      answers(std::make_shared<MemoryGate>(options.max_answer_bytes, context.memory,
                                           metrics.answer_bytes)),
      fetch_waiters(std::make_unique<FetchWaiters>()) {}

Broker::~Broker() { stop(); }

Status Broker::start() {
    TARN_TRY(coordinator, Coordinator::open(*this));
    cluster_id = coordinator->offsets_topic().base64();
    fetch_waiters->listen(log());
    return {};
}

void Broker::stop() {
    fetch_waiters->stop(log());
    if (coordinator) coordinator->stop();
    timers.clear();
    requests->close();
    answers->close();
}

KafkaError Broker::may(const Request& request, std::string_view name) const {
    if (!context.authorizer) return KafkaError::kNone;
    return may(request, name, find_api(request.header.api_key)->operation);
}

KafkaError Broker::may(const Request& request, std::string_view name,
                       net::Operation operation) const {
    if (!context.authorizer) return KafkaError::kNone;
    const auto kind = find_api(request.header.api_key)->resource;
    const auto allowed =
        net::authorize(context.authorizer, *request.principal, operation, {kind, name});
    return allowed ? KafkaError::kNone : refused(kind);
}

int32_t Broker::throttle_ms() {
    if (memory_level(context.memory.get()) < MemoryLevel::kFull) return 0;
    metrics.throttled.add();
    return kThrottleMs;
}

std::string Broker::host_for(const Peer& peer) const {
    return options.advertised_host.empty() ? peer.local_host : options.advertised_host;
}

int32_t Broker::port_for() const {
    return options.advertised_port != 0 ? options.advertised_port : port;
}

Encoder begin_frame(const RequestHeader& header, bool flexible) {
    Encoder out(flexible);
    out.write_int32(0);  // the length, known at the end
    out.write_int32(header.correlation_id);
    out.write_no_tags();
    return out;
}

Encoded end_frame(Encoder encoder) {
    auto frame = encoder.take();
    store_be<int32_t>(frame.bytes.data(), int32_t(frame.size() - 4));
    return frame;
}

int16_t peek_api_key(std::string_view frame) {
    return frame.size() < 2 ? int16_t(-1) : load_be<int16_t>(frame.data());
}

Status parse_header(Request& request) {
    Decoder in(request.frame, false);
    auto& h = request.header;
    in.read_int16(h.api_key);
    in.read_int16(h.version);
    in.read_int32(h.correlation_id);
    std::optional<std::string> client_id;
    in.read_string(client_id, true);  // the old form in every version
    h.client_id = client_id.value_or("");
    const auto* api = find_api(h.api_key);
    const bool readable = api && h.version >= api->min_version && h.version <= api->max_version;
    if (readable && h.version >= api->flexible_from) {
        in.set_flexible(true);
        in.skip_tags();
    }
    if (!in.ok())
        return fail(ErrorCode::kCorrupted, "the request's header is cut short or malformed");
    request.body = std::string_view(request.frame).substr(request.frame.size() - in.remaining());
    return {};
}

void dispatch(Broker& broker, std::unique_ptr<Request> request, Respond respond) {
    const auto refuse = [&](std::string_view reason) {
        broker.metrics.malformed.add();
        broker.context.logger.warn("refused a request and closed its connection",
                                   {{"reason", reason},
                                    {"client", request->peer->host},
                                    {"client_id", request->header.client_id},
                                    {"api_key", request->header.api_key},
                                    {"version", request->header.version},
                                    {"bytes", request->frame.size()}});
        respond({std::nullopt, true});
    };
    if (auto status = parse_header(*request); !status) return refuse(status.error().message());
    const auto& header = request->header;
    const auto* api = find_api(header.api_key);
    if (!api) return refuse("the api key is not supported");
    if (header.version < api->min_version || header.version > api->max_version) {
        if (api->key != ApiVersionsRequest::kApiKey) return refuse("the version is not supported");
        // KIP-511: version 0, and the versions of ApiVersions that would do.
        Encoder out = begin_frame(header, false);
        announce(KafkaError::kUnsupportedVersion).encode(out, 0);
        return respond({end_frame(std::move(out)), false});
    }
    if (!api->handle(broker, request, respond)) refuse("the body is cut short or malformed");
}

void api_versions(Broker&, Call<ApiVersionsRequest, ApiVersionsResponse> call) {
    call.reply(announce(KafkaError::kNone));
}

}  // namespace tarn::kafka
