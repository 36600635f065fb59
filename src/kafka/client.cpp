#include "tarn/kafka/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "broker.h"
#include "client_socket.h"
#include "messages.h"
#include "tarn/log/error_ids.h"

namespace tarn::kafka {
namespace {

constexpr std::string_view kClientId = "tarn";
constexpr int32_t kServerTimeoutMs = 30'000;
// Produce and Fetch name topics up to these versions, and by id after them.
constexpr int16_t kMaxProduceVersion = 12;
constexpr int16_t kMaxFetchVersion = 12;

const ErrorId& id_of(int16_t error) {
    if (error == int16_t(KafkaError::kUnknownTopicOrPartition)) return errors::kNoTopic;
    if (error == int16_t(KafkaError::kTopicAlreadyExists)) return errors::kTopicExists;
    return generic_id(from_kafka(error));
}

Status check(int16_t error, std::string_view what, const std::optional<std::string>& message) {
    if (error == 0) return {};
    return fail(id_of(error),
                fmt::format("{}: {} ({}, {})", what, message.value_or("refused by the broker"),
                            kafka_error_name(error), error));
}

}  // namespace

class Client::Impl {
  public:
    Impl(std::unique_ptr<ClientSocket> socket, Duration timeout)
        : socket_(std::move(socket)), timeout_(timeout) {}

    Status learn_versions() {
        ApiVersionsRequest request;
        request.client_software_name = request.client_software_version = kClientId;
        TARN_TRY(const auto answer, call<ApiVersionsResponse>(request, 3, timeout_));
        TARN_RETURN_IF_ERROR(check(answer.error_code, "cannot learn the broker's versions", {}));
        for (const auto& api : answer.api_keys)
            versions_.push_back({api.api_key, api.min_version, api.max_version});
        return {};
    }

    // The newest version that both sides speak.
    template <class Q>
    Result<int16_t> version(int16_t newest = Q::kMaxVersion) const {
        const auto found = std::ranges::find(versions_, Q::kApiKey, &ApiVersionRange::api_key);
        if (found != versions_.end()) {
            const auto v = std::min(newest, found->max_version);
            if (v >= std::max(Q::kMinVersion, found->min_version)) return v;
        }
        return fail(ErrorCode::kUnsupported,
                    fmt::format("the broker speaks no version of {} that Tarn does", Q::kName));
    }

    template <class Q>
    Status send(const Q& request, int16_t version, int32_t correlation) {
        Encoder out(false);
        out.write_int32(0);
        out.write_int16(Q::kApiKey);
        out.write_int16(version);
        out.write_int32(correlation);
        out.write_string(kClientId);
        const bool flexible = version >= Q::kFlexibleFrom;
        Encoder body(flexible);
        body.write_no_tags();  // of the header
        request.encode(body, version);
        auto frame = body.take();
        const auto head = out.take().bytes;
        frame.bytes.insert(0, head);
        for (auto& splice : frame.splices)
            splice.at += head.size();
        store_be<int32_t>(frame.bytes.data(), int32_t(frame.size() - 4));
        return socket_->send(frame, timeout_);
    }

    // Nothing if it does not come in time. The response's records, if any, are views into `frame`.
    template <class A>
    Result<std::optional<A>> receive(int16_t version, int32_t correlation, Duration wait,
                                     std::string& frame) {
        TARN_TRY(auto received, socket_->receive(wait));
        if (!received) return std::optional<A>();
        frame = std::move(*received);
        Decoder in(frame, version >= A::kFlexibleFrom && A::kApiKey != 18);
        int32_t got = 0;
        in.read_int32(got);
        in.skip_tags();
        in.set_flexible(version >= A::kFlexibleFrom);
        A answer;
        answer.decode(in, version);
        if (!in.ok() || got != correlation)
            return fail(ErrorCode::kCorrupted,
                        fmt::format("the broker's response to {} cannot be read", A::kName));
        return std::optional<A>(std::move(answer));
    }

    template <class A, class Q>
    Result<A> call(const Q& request, int16_t version, Duration wait, std::string* frame = nullptr) {
        if (!in_flight_.empty())
            return fail(ErrorCode::kFailedPrecondition,
                        "receive the answers of what is being produced first");
        const int32_t correlation = next_correlation_++;
        TARN_RETURN_IF_ERROR(send(request, version, correlation));
        std::string own;
        TARN_TRY(auto answer, receive<A>(version, correlation, wait, frame ? *frame : own));
        if (!answer)
            return fail(
                ErrorCode::kUnavailable,
                fmt::format("the broker did not answer {} in time ({} ms)", A::kName, wait.ms()));
        return std::move(*answer);
    }
    template <class A, class Q>
    Result<A> call(const Q& request) {
        TARN_TRY(const auto v, version<Q>());
        return call<A>(request, v, timeout_);
    }

    struct InFlight {
        int32_t correlation;
        int16_t version;
    };
    std::unique_ptr<ClientSocket> socket_;
    Duration timeout_;
    std::vector<ApiVersionRange> versions_;
    int32_t next_correlation_ = 1;
    std::deque<InFlight> in_flight_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(const std::string& host, uint16_t port,
                                                Duration timeout) {
    TARN_TRY(auto socket, ClientSocket::connect(host, port, timeout));
    auto impl = std::make_unique<Impl>(std::move(socket), timeout);
    TARN_RETURN_IF_ERROR(impl->learn_versions());
    return std::unique_ptr<Client>(new Client(std::move(impl)));
}

const std::vector<ApiVersionRange>& Client::api_versions() const { return impl_->versions_; }

Status Client::create_topic(const std::string& topic, int32_t partitions,
                            const std::map<std::string, std::string>& config) {
    CreateTopicsRequest request;
    auto& t = request.topics.emplace_back();
    t.name = topic;
    t.num_partitions = partitions;
    t.replication_factor = 1;
    for (const auto& [name, value] : config)
        t.configs.push_back({name, value});
    request.timeout_ms = kServerTimeoutMs;
    TARN_TRY(const auto answer, impl_->call<CreateTopicsResponse>(request));
    for (const auto& r : answer.topics)
        TARN_RETURN_IF_ERROR(check(r.error_code, "cannot create topic " + topic, r.error_message));
    return {};
}

Status Client::delete_topic(const std::string& topic) {
    DeleteTopicsRequest request;
    request.topic_names.push_back(topic);
    request.topics.push_back({topic, Uuid{}});
    request.timeout_ms = kServerTimeoutMs;
    TARN_TRY(const auto answer, impl_->call<DeleteTopicsResponse>(request));
    for (const auto& r : answer.responses)
        TARN_RETURN_IF_ERROR(check(r.error_code, "cannot delete topic " + topic, r.error_message));
    return {};
}

Result<std::vector<TopicMetadata>> Client::metadata() {
    MetadataRequest request;
    request.allow_auto_topic_creation = false;
    TARN_TRY(const auto answer, impl_->call<MetadataResponse>(request));
    std::vector<TopicMetadata> topics;
    for (const auto& t : answer.topics)
        topics.push_back({t.name.value_or(""), t.topic_id.base64(), t.is_internal,
                          int32_t(t.partitions.size())});
    return topics;
}

Result<int32_t> Client::partition_count(const std::string& topic) {
    MetadataRequest request;
    request.allow_auto_topic_creation = false;
    request.topics.emplace().push_back({Uuid{}, topic});
    TARN_TRY(const auto answer, impl_->call<MetadataResponse>(request));
    if (answer.topics.size() != 1)
        return fail(ErrorCode::kInternal, "the broker's answer leaves out topic " + topic);
    TARN_RETURN_IF_ERROR(
        check(answer.topics[0].error_code, "topic " + topic, "not there or not readable"));
    return int32_t(answer.topics[0].partitions.size());
}

Result<ProducerIdentity> Client::init_producer_id() {
    InitProducerIdRequest request;
    request.transaction_timeout_ms = kServerTimeoutMs;
    TARN_TRY(const auto answer, impl_->call<InitProducerIdResponse>(request));
    TARN_RETURN_IF_ERROR(check(answer.error_code, "cannot get a producer id", std::nullopt));
    return ProducerIdentity{answer.producer_id, answer.producer_epoch};
}

Status Client::send_produce(const std::string& topic, const std::vector<ProduceBatch>& batches) {
    TARN_TRY(const auto version, impl_->version<ProduceRequest>(kMaxProduceVersion));
    ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = kServerTimeoutMs;
    auto& t = request.topics.emplace_back();
    t.name = topic;
    for (const auto& b : batches)
        t.partitions.push_back({b.partition, Records::of(b.batch)});
    const int32_t correlation = impl_->next_correlation_++;
    TARN_RETURN_IF_ERROR(impl_->send(request, version, correlation));
    impl_->in_flight_.push_back({correlation, version});
    return {};
}

Result<std::optional<ProduceAnswer>> Client::receive_produce(Duration wait) {
    if (impl_->in_flight_.empty())
        return fail(ErrorCode::kFailedPrecondition, "nothing is being produced");
    const auto oldest = impl_->in_flight_.front();
    std::string frame;
    TARN_TRY(const auto response,
             impl_->receive<ProduceResponse>(oldest.version, oldest.correlation, wait, frame));
    if (!response) return std::optional<ProduceAnswer>();
    impl_->in_flight_.pop_front();
    ProduceAnswer answer;
    for (const auto& t : response->topics) {
        for (const auto& p : t.partitions) {
            // A repeat whose first offset is forgotten was stored all the same.
            const bool ok =
                p.error_code == 0 || p.error_code == code(KafkaError::kDuplicateSequenceNumber);
            const auto error = from_kafka(p.error_code);
            // A broker whose disk refuses may get room again (KAFKA_STORAGE_ERROR is retriable).
            const bool passing = error == ErrorCode::kUnavailable ||
                                 error == ErrorCode::kResourceExhausted || error == ErrorCode::kIo;
            answer.partitions.push_back(
                {p.index, ok ? int16_t(0) : p.error_code, !ok && passing, p.base_offset,
                 ok ? ""
                    : fmt::format("{} ({})", p.error_message.value_or("refused by the broker"),
                                  kafka_error_name(p.error_code))});
        }
    }
    return std::optional<ProduceAnswer>(std::move(answer));
}

size_t Client::produces_in_flight() const { return impl_->in_flight_.size(); }

Status Client::produce(const std::string& topic, int32_t partition, std::string_view batch) {
    TARN_RETURN_IF_ERROR(send_produce(topic, {{partition, std::string(batch)}}));
    TARN_TRY(const auto answer, receive_produce(impl_->timeout_));
    if (!answer)
        return fail(ErrorCode::kUnavailable, "the broker did not answer in time: topic " + topic);
    for (const auto& p : answer->partitions)
        TARN_RETURN_IF_ERROR(check(
            p.error_code, fmt::format("cannot append to {}-{}", topic, partition), p.message));
    return {};
}

Result<int64_t> Client::list_offset(const std::string& topic, int32_t partition,
                                    int64_t timestamp_ms) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    auto& t = request.topics.emplace_back();
    t.name = topic;
    t.partitions.push_back({partition, -1, timestamp_ms});
    TARN_TRY(const auto answer, impl_->call<ListOffsetsResponse>(request));
    if (answer.topics.size() != 1 || answer.topics[0].partitions.size() != 1)
        return fail(ErrorCode::kInternal, "the broker's answer leaves out topic " + topic);
    const auto& p = answer.topics[0].partitions[0];
    TARN_RETURN_IF_ERROR(
        check(p.error_code, fmt::format("cannot look up offsets of {}-{}", topic, partition), {}));
    return p.offset;
}

Result<std::string> Client::fetch(const std::string& topic, int32_t partition, int64_t offset,
                                  size_t max_bytes, Duration max_wait) {
    TARN_TRY(const auto version, impl_->version<FetchRequest>(kMaxFetchVersion));
    FetchRequest request;
    request.max_wait_ms = int32_t(max_wait.ms());
    request.min_bytes = 1;
    request.max_bytes = int32_t(std::min<size_t>(max_bytes, INT32_MAX));
    auto& t = request.topics.emplace_back();
    t.topic = topic;
    auto& p = t.partitions.emplace_back();
    p.partition = partition;
    p.fetch_offset = offset;
    p.partition_max_bytes = request.max_bytes;
    std::string frame;
    TARN_TRY(const auto answer,
             impl_->call<FetchResponse>(request, version, impl_->timeout_ + max_wait, &frame));
    TARN_RETURN_IF_ERROR(check(answer.error_code, "cannot fetch from " + topic, {}));
    if (answer.topics.size() != 1 || answer.topics[0].partitions.size() != 1)
        return fail(ErrorCode::kInternal, "the broker's answer leaves out topic " + topic);
    const auto& result = answer.topics[0].partitions[0];
    TARN_RETURN_IF_ERROR(
        check(result.error_code,
              fmt::format("cannot fetch offset {} of {}-{}", offset, topic, partition), {}));
    return std::string(result.records.view);
}

}  // namespace tarn::kafka
