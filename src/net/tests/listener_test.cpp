// A listener with a protocol of its own: an echo of lines is one class and one line, and gets
// limits, idle time and an end from the listener.

#include "tarn/net/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "tarn/base/error_ids.h"

namespace tarn::net::testing {
namespace {

using ::testing::HasSubstr;

class EchoSession final : public Session, public std::enable_shared_from_this<EchoSession> {
  public:
    EchoSession(std::shared_ptr<Connection> connection, const Authorizer* authorizer)
        : Session(std::move(connection)), authorizer_(authorizer) {}
    void start() override { read(); }

  private:
    void read() {
        connection().stream().read_some(buffer_, [self = shared_from_this()](auto error, size_t n) {
            if (error) return self->close();
            self->connection().heard();
            self->line_.append(self->buffer_.data(), n);
            self->answer();
        });
    }
    void answer() {
        const auto end = line_.find('\n');
        if (end == line_.npos) return line_.size() > 1000 ? close() : read();
        const auto allowed = authorize(authorizer_, *connection().principal(), Operation::kRead,
                                       {"line", line_.substr(0, end)});
        answer_ = allowed ? line_.substr(0, end + 1) : allowed.error().message() + "\n";
        line_.erase(0, end + 1);
        const std::array<std::string_view, 2> parts{"= ", answer_};
        connection().stream().write(parts, [self = shared_from_this()](auto error, size_t) {
            error ? self->close() : self->answer();
        });
    }

    const Authorizer* authorizer_;
    std::array<char, 64> buffer_{};
    std::string line_, answer_;
};

class Echo final : public Protocol {
  public:
    explicit Echo(const Authorizer* authorizer = nullptr) : authorizer_(authorizer) {}
    std::string_view name() const override { return "echo"; }
    std::shared_ptr<Session> serve(std::shared_ptr<Connection> connection) override {
        return std::make_shared<EchoSession>(std::move(connection), authorizer_);
    }
    void ending() override { order += "ending "; }
    void ended() override { order += "ended "; }
    std::string order;

  private:
    const Authorizer* authorizer_;
};

std::unique_ptr<Listener> open(ListenerOptions options = {},
                               std::shared_ptr<Echo> protocol = std::make_shared<Echo>()) {
    auto listener = Listener::open(std::move(protocol), std::move(options));
    EXPECT_TRUE(listener) << listener.error().message();
    (*listener)->start();
    return std::move(*listener);
}

std::string echo(RawClient& client, const std::string& line) {
    return client.send(line + "\n") ? client.line() : "";
}

// The server learns a moment later that a client has gone. It may also still accept one that has
// gone already, so the number is looked at once a round.
bool comes_down_to(const Listener& listener, size_t connections) {
    for (int i = 0; i < 2000; ++i) {
        if (listener.connections() == connections) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

TEST(Listener, ServesAProtocol) {
    const auto listener = open({.threads = 2});
    EXPECT_EQ(listener->address(), "127.0.0.1:" + std::to_string(listener->port()));
    RawClient first(listener->port()), second(listener->port());
    EXPECT_EQ(echo(first, "a"), "= a");
    EXPECT_EQ(echo(second, std::string(500, 'x')), "= " + std::string(500, 'x'));
    ASSERT_TRUE(first.send("b\nc\n"));
    EXPECT_EQ(first.line(), "= b");
    EXPECT_EQ(first.line(), "= c");
    EXPECT_EQ(listener->connections(), 2u);
}

TEST(Listener, BoundsConnections) {
    constexpr size_t kBound = 8;
    Metrics metrics;
    auto& gauge = metrics.gauge("echo_connections", "");
    const auto listener = open({.threads = 2, .max_connections = kBound, .connections = &gauge});
    std::vector<std::unique_ptr<RawClient>> in, out;
    for (size_t i = 0; i < kBound; ++i)
        EXPECT_EQ(echo(*in.emplace_back(std::make_unique<RawClient>(listener->port())), "x"),
                  "= x");
    for (size_t i = 0; i < kBound; ++i)
        EXPECT_TRUE(out.emplace_back(std::make_unique<RawClient>(listener->port()))->ended());
    EXPECT_EQ(listener->connections(), kBound);
    EXPECT_EQ(gauge.value(), double(kBound));
    for (auto& client : in)
        EXPECT_EQ(echo(*client, "still"), "= still");
    in.pop_back();
    EXPECT_TRUE(comes_down_to(*listener, kBound - 1));
    RawClient next(listener->port());
    EXPECT_EQ(echo(next, "now"), "= now");
}

TEST(Listener, AsManyAtOnceAsItLetsIn) {
    constexpr size_t kBound = 16;
    const auto listener = open({.threads = 2, .max_connections = kBound});
    std::atomic<size_t> served = 0, refused = 0;
    std::vector<std::unique_ptr<RawClient>> clients(2 * kBound);
    std::vector<std::thread> threads;
    for (auto& client : clients)
        threads.emplace_back([&] {
            client = std::make_unique<RawClient>(listener->port());
            echo(*client, "x") == "= x" ? ++served : ++refused;
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(served, kBound);
    EXPECT_EQ(refused, kBound);
}

TEST(Listener, EndsConnectionsThatAreSilent) {
    const auto listener = open({.idle_timeout = Duration::millis(300)});
    RawClient silent(listener->port()), talking(listener->port());
    std::atomic<bool> over = false;
    size_t echoes = 0;
    std::thread talk([&] {
        for (; !over && echo(talking, "x") == "= x"; ++echoes)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
    EXPECT_TRUE(silent.ended());
    over = true;
    talk.join();
    EXPECT_GT(echoes, 0u);
    EXPECT_TRUE(talking.ended()) << "silent now, too";
    EXPECT_TRUE(comes_down_to(*listener, 0));
}

// Has a long time, then less: as an answer that must be taken sooner than a request may come.
class Flood final : public Protocol {
  public:
    class FloodSession final : public Session, public std::enable_shared_from_this<FloodSession> {
      public:
        FloodSession(std::shared_ptr<Connection> connection, std::atomic<int>& count)
            : Session(std::move(connection)), count_(count) {}
        void start() override {
            connection().expires_after(Duration::seconds(600));
            connection().expires_after(Duration::millis(100));
            const std::array<std::string_view, 1> parts{bytes_};
            connection().stream().write(parts, [self = shared_from_this()](auto error, size_t) {
                if (error) ++self->count_;
            });
        }
        void expired() override {
            ++count_;
            close();
        }

      private:
        const std::string bytes_ = std::string(64 << 20, 'x');
        std::atomic<int>& count_;
    };
    std::string_view name() const override { return "flood"; }
    std::shared_ptr<Session> serve(std::shared_ptr<Connection> connection) override {
        return std::make_shared<FloodSession>(std::move(connection), count);
    }
    std::atomic<int> count = 0;  // of limits that were reached, and of writes that they ended
};

TEST(Connection, ALimitEndsAWriteThatNobodyReads) {
    const auto protocol = std::make_shared<Flood>();
    auto listener = Listener::open(protocol, {});
    ASSERT_TRUE(listener) << listener.error().message();
    (*listener)->start();
    RawClient client((*listener)->port());
    ASSERT_TRUE(client.connected());
    for (int i = 0; i < 2000 && protocol->count < 2; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(protocol->count, 2);
    EXPECT_TRUE(comes_down_to(**listener, 0));
}

TEST(Listener, StopEndsEveryConnection) {
    const auto protocol = std::make_shared<Echo>();
    const auto listener = open({.threads = 3}, protocol);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(echo(*clients.emplace_back(std::make_unique<RawClient>(listener->port())), "x"),
                  "= x");
    listener->stop();
    listener->stop();
    EXPECT_EQ(protocol->order, "ending ended ");
    EXPECT_EQ(listener->connections(), 0u);
    for (auto& client : clients)
        EXPECT_TRUE(client->ended());
    EXPECT_FALSE(RawClient(listener->port()).connected());
}

TEST(Listener, LivesThroughQuickConnectsAndDisconnects) {
    const auto listener = open({.threads = 2, .max_connections = 50});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 300; ++i) {
                RawClient client(listener->port());
                if (i % 3 == 0) client.send("half a line");
                if (i % 3 == 1) client.send("a\nb\nc\n");
                if ((i + t) % 2 == 0) client.reset();
            }
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_TRUE(comes_down_to(*listener, 0));
    RawClient client(listener->port());
    EXPECT_EQ(echo(client, "alive"), "= alive");
}

TEST(Listener, StopsWhileClientsCome) {
    for (int round = 0; round < 20; ++round) {
        const auto listener = open({.threads = 2});
        std::atomic<bool> over = false;
        std::vector<std::thread> threads;
        for (int t = 0; t < 2; ++t)
            threads.emplace_back([&] {
                while (!over) {
                    RawClient client(listener->port());
                    client.send("x\n");
                }
            });
        RawClient client(listener->port());
        EXPECT_EQ(echo(client, "x"), "= x");
        listener->stop();
        EXPECT_EQ(listener->connections(), 0u);
        over = true;
        for (auto& thread : threads)
            thread.join();
    }
}

TEST(Listener, SaysWhyItCannotListen) {
    const auto listener = open();
    const auto refused = [](ListenerOptions options) {
        auto failed = Listener::open(std::make_shared<Echo>(), std::move(options));
        EXPECT_FALSE(failed);
        return failed.error();
    };
    const auto used = refused({.port = listener->port()});
    EXPECT_EQ(used.id(), errors::kPortInUse);
    EXPECT_THAT(used.message(), HasSubstr("the echo listener"));
    EXPECT_THAT(used.message(), HasSubstr(listener->address()));
    EXPECT_EQ(refused({.address = "nowhere"}).id(), errors::kSettingValue);
    EXPECT_EQ(refused({.address = "192.0.2.1"}).id(), errors::kAddressUnusable);
}

TEST(Listener, AListenerThatNeverOpensStops) {
    const auto protocol = std::make_shared<Echo>();
    {
        const auto listener = Listener::open(protocol, {});
    }
    EXPECT_EQ(protocol->order, "ending ended ");
}

class NoSecrets final : public Authorizer {
  public:
    bool may(const Principal& who, Operation operation, const Resource& resource) const override {
        EXPECT_EQ(operation, Operation::kRead);
        EXPECT_EQ(resource.kind, "line");
        return who.name != "anonymous" || resource.name != "secret";
    }
};

TEST(Principal, StandsInEachConnectionAndIsAskedFor) {
    const NoSecrets rules;
    const auto listener = open({}, std::make_shared<Echo>(&rules));
    RawClient client(listener->port());
    EXPECT_EQ(echo(client, "open"), "= open");
    EXPECT_EQ(echo(client, "secret"), "= anonymous may not read this: line 'secret'");
    EXPECT_EQ(authorize(&rules, {}, Operation::kRead, {"line", "secret"}).error().code(),
              ErrorCode::kPermissionDenied);
    EXPECT_TRUE(authorize(&rules, {"root"}, Operation::kRead, {"line", "secret"}));
    EXPECT_TRUE(authorize(nullptr, {}, Operation::kRead, {"line", "secret"}));
}

}  // namespace
}  // namespace tarn::net::testing
