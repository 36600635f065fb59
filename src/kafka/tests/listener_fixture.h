#pragma once

// A Kafka listener over a log on a simulated disk, on a free port of 127.0.0.1, and ways to speak
// to it.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "client_socket.h"
#include "messages.h"
#include "tarn/codec/record_batch.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/kafka/client.h"
#include "tarn/kafka/server.h"

namespace tarn::kafka {

class Listener {
  public:
    Listener() : disk_(1, clock_) {
        options_.port = 0;
        options_.group_initial_delay = Duration{0};
        log_options_.folder = "log";
        log_options_.segment_bytes = 32 << 20;
        log_options_.start_number = 0;
    }
    ~Listener() { stop(); }

    void start() {
        ++log_options_.start_number;
        auto log = log::Log::open(
            log_options_, {disk_, clock_, log_random_, failpoints_, log_metrics_, Logger()});
        ASSERT_TRUE(log.has_value()) << log.error().message();
        log_ = std::move(*log);
        auto server = Server::open(
            options_, {*log_, clock_, random_, metrics_, Logger(), memory_, authorizer_});
        ASSERT_TRUE(server.has_value()) << server.error().message();
        server_ = std::move(*server);
    }
    void stop() {
        server_.reset();
        log_.reset();
    }
    std::unique_ptr<Client> client() {
        auto c = Client::connect("127.0.0.1", server_->port(), Duration::seconds(20));
        EXPECT_TRUE(c.has_value()) << c.error().message();
        return std::move(*c);
    }
    // A bare connection, for requests that a good client does not make.
    std::unique_ptr<ClientSocket> socket() {
        auto s = ClientSocket::connect("127.0.0.1", server_->port(), Duration::seconds(20));
        EXPECT_TRUE(s.has_value()) << s.error().message();
        return std::move(*s);
    }

    SystemClock clock_;
    io::SimulatedDisk disk_;
    Random log_random_{1}, random_{2};
    io::Failpoints failpoints_;
    Metrics metrics_, log_metrics_;
    log::LogOptions log_options_;
    ServerOptions options_;
    const net::Authorizer* authorizer_ = nullptr;
    std::shared_ptr<MemoryBudget> memory_;
    std::unique_ptr<log::Log> log_;
    std::unique_ptr<Server> server_;
};

inline std::string batch_of(std::initializer_list<std::string_view> values,
                            codec::BatchOptions options = {}, int64_t timestamp_ms = 1000) {
    codec::BatchBuilder builder(options);
    int64_t behind = 0;  // of the first, in milliseconds
    for (const auto value : values)
        builder.add(timestamp_ms + behind++, std::nullopt, value);
    return *builder.finish();
}

// One request and its answer on a bare connection.
template <class A, class Q>
Result<A> ask(ClientSocket& socket, const Q& request, int16_t version, bool wait = true) {
    Encoder head(false);
    head.write_int32(0);
    head.write_int16(Q::kApiKey);
    head.write_int16(version);
    head.write_int32(7);
    head.write_string("test");
    Encoder body(version >= Q::kFlexibleFrom);
    body.write_no_tags();
    request.encode(body, version);
    auto frame = Encoded{head.take().bytes + body.take().flatten(), {}};
    store_be<int32_t>(frame.bytes.data(), int32_t(frame.bytes.size() - 4));
    TARN_RETURN_IF_ERROR(socket.send(frame, Duration::seconds(20)));
    A answer;
    if (!wait) return answer;
    TARN_TRY(auto bytes, socket.receive(Duration::seconds(20)));
    if (!bytes) return fail(ErrorCode::kUnavailable, "no answer");
    Decoder in(*bytes, version >= A::kFlexibleFrom && A::kApiKey != 18);
    int32_t correlation = 0;
    in.read_int32(correlation);
    in.skip_tags();
    in.set_flexible(version >= A::kFlexibleFrom);
    answer.decode(in, version);
    if (!in.ok() || correlation != 7) return fail(ErrorCode::kCorrupted, "unreadable answer");
    return answer;
}

// Whether the other side has ended the connection.
inline bool is_closed(ClientSocket& socket) {
    const auto received = socket.receive(Duration::seconds(20));
    return !received && received.error().code() == ErrorCode::kUnavailable;
}

}  // namespace tarn::kafka
