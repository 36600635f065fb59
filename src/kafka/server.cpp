#include "tarn/kafka/server.h"

#include <array>

#include "connection.h"
#include "coordinator.h"
#include "tarn/net/listener.h"

namespace tarn::kafka {
namespace {

// Kafka's protocol over the broker, whose timers run on the listener's first loop.
class KafkaProtocol final : public net::Protocol,
                            public std::enable_shared_from_this<KafkaProtocol> {
  public:
    explicit KafkaProtocol(std::shared_ptr<Broker> broker) : broker_(std::move(broker)) {}

    std::string_view name() const override { return "Kafka"; }
    std::shared_ptr<net::Session> serve(std::shared_ptr<net::Connection> connection) override {
        return std::make_shared<Connection>(std::move(connection), broker_);
    }
    void ended() override {
        broker_->stop();
        timer_.reset();
    }

    void keep_timers(const std::shared_ptr<net::Loop>& loop) {
        timer_ = loop->timer([weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->run_timers();
        });
        broker_->timers.set_waker([weak = weak_from_this(), loop] {
            loop->post([weak] {
                if (const auto self = weak.lock()) self->run_timers();
            });
        });
    }

  private:
    // Runs what is due and sleeps until the next deadline.
    void run_timers() {
        const auto next = broker_->timers.run_due();
        if (next && timer_) timer_->arm(*next);
    }

    const std::shared_ptr<Broker> broker_;
    std::unique_ptr<net::Timer> timer_;
};

}  // namespace

struct Server::Impl {
    std::shared_ptr<Broker> broker;
    std::unique_ptr<net::Listener> listener;
};

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, ServerContext context) {
    try {
        const auto broker = std::make_shared<Broker>(std::move(options), std::move(context));
        const auto protocol = std::make_shared<KafkaProtocol>(broker);
        const auto& o = broker->options;
        net::ListenerOptions listening{.address = o.address,
                                       .port = o.port,
                                       .threads = o.io_threads,
                                       .max_connections = o.max_connections,
                                       .idle_timeout = o.idle_timeout,
                                       .logger = broker->context.logger,
                                       .connections = &broker->context.metrics.gauge(
                                           "tarn_kafka_connections", "Connections open now.")};
        auto impl = std::make_unique<Impl>();
        impl->broker = broker;
        TARN_TRY(impl->listener, net::Listener::open(protocol, std::move(listening)));
        broker->port = impl->listener->port();
        TARN_RETURN_IF_ERROR(broker->start());
        protocol->keep_timers(impl->listener->first_loop());
        impl->listener->start();
        return std::unique_ptr<Server>(new Server(std::move(impl)));
    } catch (const std::exception& e) {
        return fail(ErrorCode::kIo,
                    fmt::format("the Kafka listener cannot be opened: {}", e.what()));
    }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }
void Server::stop() { impl_->listener->stop(); }
uint16_t Server::port() const { return impl_->listener->port(); }
std::string Server::address() const { return impl_->listener->address(); }
std::vector<GroupInfo> Server::groups() const { return list_all_groups(*impl_->broker); }
std::optional<GroupInfo> Server::group(const std::string& name) const {
    return describe_group(*impl_->broker, name);
}

namespace {

constexpr std::array kSettings = {
    SettingDeclaration{"kafka.address", SettingType::kText, "127.0.0.1",
                       "Numeric address the Kafka listener listens on.", "0.0.0.0"},
    SettingDeclaration{"kafka.port", SettingType::kInt, "9092",
                       "Port of the Kafka listener; 0 takes any free one.", "19092", 0, 65535},
    SettingDeclaration{"kafka.advertised_host", SettingType::kText, "",
                       "Host name that Kafka clients are told to connect to; empty: the address at "
                       "which each of them reached the server.",
                       "tarn.example.com"},
    SettingDeclaration{"kafka.auto_create_topics", SettingType::kBool, "true",
                       "Whether asking for an unknown topic creates it, when the client allows it.",
                       "false"},
    SettingDeclaration{"kafka.default_partitions", SettingType::kInt, "1",
                       "Partitions of topics that are created without a number.", "6", 1, 100'000},
    SettingDeclaration{"kafka.io_threads", SettingType::kInt, "2",
                       "Threads that serve Kafka connections.", "4", 1, 64},
    SettingDeclaration{"kafka.max_frame_bytes", SettingType::kBytes, "100MB",
                       "Largest request; a larger one closes its connection.", "32MB", 1024,
                       INT32_MAX},
    SettingDeclaration{"kafka.max_connections", SettingType::kInt, "10000",
                       "Connections open at once; more are refused.", "500", 1, 1'000'000},
    SettingDeclaration{"kafka.max_inflight_bytes", SettingType::kBytes, "48MB",
                       "Bytes of requests that have arrived and are not answered, of all "
                       "connections together; past it reading pauses.",
                       "16MB", 1 << 20, int64_t(1) << 40},
    SettingDeclaration{"kafka.max_answer_bytes", SettingType::kBytes, "64MB",
                       "Bytes of answers that clients have not read yet, of all connections "
                       "together; past it fetches wait. One fetch gets at most an eighth of it.",
                       "16MB", 1 << 20, int64_t(1) << 40},
    SettingDeclaration{"kafka.idle_timeout", SettingType::kDuration, "10m",
                       "A connection that is silent for so long is closed.", "5m", 1'000'000},
    SettingDeclaration{"kafka.stall_timeout", SettingType::kDuration, "10s",
                       "While others wait for memory, a client that sends no more of its request "
                       "or reads no more of its answer is closed after so long.",
                       "30s", 100'000},
    SettingDeclaration{"kafka.group_initial_delay", SettingType::kDuration, "500ms",
                       "How long a new consumer group waits for its first members.", "3s", 0},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kSettings; }

ServerOptions options_from(const Settings& settings) {
    ServerOptions options;
    options.address = settings.text("kafka.address");
    options.port = uint16_t(settings.integer("kafka.port"));
    options.advertised_host = settings.text("kafka.advertised_host");
    options.auto_create_topics = settings.boolean("kafka.auto_create_topics");
    options.default_partitions = int32_t(settings.integer("kafka.default_partitions"));
    options.io_threads = int(settings.integer("kafka.io_threads"));
    options.max_frame_bytes = size_t(settings.bytes("kafka.max_frame_bytes"));
    options.max_connections = size_t(settings.integer("kafka.max_connections"));
    options.max_inflight_bytes = size_t(settings.bytes("kafka.max_inflight_bytes"));
    options.max_answer_bytes = size_t(settings.bytes("kafka.max_answer_bytes"));
    options.stall_timeout = settings.duration("kafka.stall_timeout");
    options.idle_timeout = settings.duration("kafka.idle_timeout");
    options.group_initial_delay = settings.duration("kafka.group_initial_delay");
    return options;
}

}  // namespace tarn::kafka
