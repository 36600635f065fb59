#include "connection.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

namespace tarn::server {
namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr uint32_t kMaxHeaderBytes = 16 << 10;
constexpr size_t kMinReadBytes = 512, kMaxReadBytes = 64 << 10;  // of one read
constexpr auto kReadTime = Duration::seconds(30);   // idle time and one whole request together
constexpr auto kWriteTime = Duration::seconds(30);  // one answer
constexpr auto kEventTime = Duration::seconds(15);  // one write of events
constexpr auto kLingerTime = Duration::seconds(5);  // a refused client's time to stop and read why
constexpr size_t kDiscardBytes = 64 << 10;
constexpr size_t kMaxEventBacklog = 4 << 20;  // bytes a listener may be behind

constexpr std::string_view kSecurityHeaders =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Frame-Options: DENY\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'\r\n";

std::string reason(int status) {
    if (status == 499) return "Client Closed Request";
    return std::string(http::obsolete_reason(http::status(status)));
}

std::string head_of(const Response& response, bool keep_alive) {
    std::string head =
        fmt::format("HTTP/1.1 {} {}\r\nServer: Tarn\r\n", response.status, reason(response.status));
    bool cached = false;
    for (const auto& [name, value] : response.headers) {
        head += fmt::format("{}: {}\r\n", name, value);
        cached |= name == "Cache-Control";
    }
    if (!cached) head += "Cache-Control: no-store\r\n";
    if (response.status != 304)
        head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type,
                            response.bytes().size());
    head += kSecurityHeaders;
    head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return head;
}

template <class Fields>
Request to_request(const Fields& message) {
    Request out;
    out.method = std::string(message.method_string());
    out.target = std::string(message.target());
    auto header = [&](http::field name) { return std::string(message[name]); };
    out.host = header(http::field::host);
    out.origin = header(http::field::origin);
    out.fetch_site = std::string(message["Sec-Fetch-Site"]);
    out.content_type = header(http::field::content_type);
    out.if_none_match = header(http::field::if_none_match);
    out.accept = header(http::field::accept);
    out.accept_encoding = header(http::field::accept_encoding);
    out.body = message.body();
    return out;
}

}  // namespace

// The hub's end of an event stream: hands bytes over to the connection's loop.
class Connection::Subscriber final : public EventSubscriber {
  public:
    explicit Subscriber(const std::shared_ptr<Connection>& to)
        : to_(to), loop_(to->connection().loop()) {}
    Push push(std::shared_ptr<const std::string> bytes) override {
        if (gone) return Push::kGone;
        if (backlog > kMaxEventBacklog) return Push::kFull;
        backlog += bytes->size();
        loop_->post([to = to_, bytes = std::move(bytes)]() mutable {
            if (auto self = to.lock()) self->enqueue(std::move(bytes));
        });
        return Push::kTaken;
    }
    std::atomic<size_t> backlog = 0;
    std::atomic<bool> gone = false;

  private:
    std::weak_ptr<Connection> to_;
    std::shared_ptr<net::Loop> loop_;
};

Connection::Connection(std::shared_ptr<net::Connection> connection, Shared& shared)
    : Session(std::move(connection)), shared_(shared) {}

Connection::~Connection() {
    if (subscriber_) subscriber_->gone = true;
}

void Connection::read() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(shared_.options.max_body_bytes);
    connection().expires_after(kReadTime);
    parse();
}

void Connection::parse() {
    while (buffer_.size() > 0 && !parser_->is_done()) {
        Code error;
        const auto taken = parser_->put(buffer_.data(), error);
        buffer_.consume(taken);
        if (error && error != http::error::need_more) return on_read(error);
        if (error || taken == 0) break;
    }
    if (parser_->is_done()) return on_read({});
    const auto room = buffer_.capacity() - buffer_.size();
    const auto into = buffer_.prepare(std::clamp(room, kMinReadBytes, kMaxReadBytes));
    connection().stream().read_some({static_cast<char*>(into.data()), into.size()},
                                    [self = shared_from_this()](std::error_code error, size_t n) {
                                        if (error) return self->on_read(http::error::end_of_stream);
                                        self->buffer_.commit(n);
                                        self->parse();
                                    });
}

void Connection::refuse_malformed(Code error) {
    shared_.refused.add();
    keep_alive_ = false;
    head_only_ = false;
    refused_unread_ = true;
    if (error == http::error::header_limit)
        return answer(error_response(431, ErrorCode::kInvalidArgument,
                                     "the request's headers are larger than 16 KiB",
                                     "Send fewer or smaller headers."));
    if (error == http::error::body_limit)
        return answer(error_response(413, ErrorCode::kInvalidArgument,
                                     fmt::format("the request's body is larger than {} bytes",
                                                 shared_.options.max_body_bytes),
                                     "Send less."));
    if (error.category() != http::make_error_code(http::error::bad_method).category() ||
        error == http::error::end_of_stream || error == http::error::partial_message)
        return close();
    answer(error_response(400, ErrorCode::kInvalidArgument,
                          fmt::format("this is no HTTP request: {}", error.message()),
                          "Send HTTP/1.1."));
}

void Connection::on_read(Code error) {
    connection().never_expires();
    if (error) return refuse_malformed(error);
    shared_.requests.add();
    auto message = parser_->release();
    keep_alive_ = message.keep_alive();
    head_only_ = message.method() == http::verb::head;
    Request request = to_request(message);
    answered_ = false;
    if (auto allowed = shared_.origin.allow(request); !allowed) {
        shared_.refused.add();
        const bool host = allowed.error().code() == ErrorCode::kInvalidArgument;
        return answer(error_response(host ? 421 : 403, allowed.error().code(),
                                     allowed.error().message(),
                                     host ? "Open the address that tarn up printed, or let the "
                                            "server be asked by this name: setting http.hosts."
                                          : "Open the address that tarn up printed."));
    }
    if (message.count(http::field::upgrade) > 0 && request.target.starts_with("/api/"))
        return answer(error_response(400, ErrorCode::kUnsupported,
                                     "this server speaks no other protocol than HTTP",
                                     "Leave out the Upgrade header."));
    auto target = parse_target(request.target);
    if (!target) return answer(error_response(target.error()));
    dispatch(std::move(request), std::move(*target));
}

void Connection::dispatch(Request request, Target target) {
    auto found = shared_.api.find(request, target, *connection().principal());
    if (found.refusal) return answer(std::move(*found.refusal));
    if (!found.match.route) return answer(shared_.assets.serve(request, target));
    switch (found.match.route->answer) {
        case Answer::kEvents:
            return start_events(target);
        case Answer::kQuery:
            if (!request.content_type.starts_with("application/json"))
                return answer(json_required());
            return run_sql(request);
        case Answer::kPlain:
            return run_api(shared_.workers, std::move(request), std::move(target),
                           std::move(found.match));
        case Answer::kSlow:
            return run_api(shared_.slow, std::move(request), std::move(target),
                           std::move(found.match));
    }
}

void Connection::run_api(asio::thread_pool& where, Request request, Target target,
                         RouteMatch match) {
    asio::post(where, [self = shared_from_this(), who = connection().principal(),
                       request = std::move(request), target = std::move(target),
                       match = std::move(match)]() mutable {
        self->post([self, response = self->shared_.api.handle(request, target, std::move(match),
                                                              *who)]() mutable {
            self->answer(std::move(response));
        });
    });
}

void Connection::run_sql(const Request& request) {
    auto ticket =
        shared_.sql.submit(request.body, request.accept, *connection().principal(),
                           [self = shared_from_this()](Response response) {
                               self->post([self, response = std::move(response)]() mutable {
                                   self->answer(std::move(response));
                               });
                           });
    watch([ticket] { ticket->cancel(); });
}

void Connection::watch(std::function<void()> gone) {
    connection().stream().watch([self = shared_from_this(), gone = std::move(gone)] {
        if (self->answered_) return;
        gone();
        self->keep_alive_ = false;
    });
}

void Connection::answer(Response response) {
    answered_ = true;
    connection().stream().stop_watching();
    response_ = std::move(response);
    head_ = head_of(response_, keep_alive_);
    const bool body = !head_only_ && response_.status != 304;
    const std::string_view bytes = body ? response_.bytes() : std::string_view();
    const std::array parts = {std::string_view(head_), bytes};
    connection().expires_after(kWriteTime);
    connection().stream().write(parts, [self = shared_from_this()](std::error_code error, size_t) {
        self->connection().never_expires();
        self->on_written(error);
    });
}

void Connection::on_written(std::error_code error) {
    if (!error && refused_unread_) return linger();
    if (error || !keep_alive_) return close();
    response_ = {};
    read();
}

void Connection::linger() {
    connection().stream().end_writing();
    connection().expires_after(kLingerTime);
    discard();
}

void Connection::discard() {
    buffer_.clear();
    const auto into = buffer_.prepare(kDiscardBytes);
    connection().stream().read_some({static_cast<char*>(into.data()), into.size()},
                                    [self = shared_from_this()](std::error_code error, size_t) {
                                        if (error) return self->close();
                                        self->discard();
                                    });
}

void Connection::start_events(const Target& target) {
    auto choice = parse_choice(target, shared_.events.sources());
    if (!choice) return answer(error_response(choice.error()));
    streaming_ = true;
    Response response;
    response.content_type = "text/event-stream";
    std::string head =
        "HTTP/1.1 200 OK\r\nServer: Tarn\r\nContent-Type: text/event-stream\r\nCache-Control: "
        "no-store\r\n"
        "X-Accel-Buffering: no\r\n";
    head += kSecurityHeaders;
    head += "Connection: close\r\n\r\n";
    subscriber_ = std::make_shared<Subscriber>(shared_from_this());
    subscriber_->backlog += head.size();
    enqueue(std::make_shared<const std::string>(std::move(head)));
    shared_.events.subscribe(subscriber_, *connection().principal(), std::move(*choice));
    watch([self = shared_from_this()] { self->close(); });
}

void Connection::enqueue(std::shared_ptr<const std::string> bytes) {
    if (connection().closed()) return;
    events_.push_back(std::move(bytes));
    if (events_.size() == 1) write_next();
}

void Connection::write_next() {
    const std::array parts = {std::string_view(*events_.front())};
    connection().expires_after(kEventTime);
    connection().stream().write(parts, [self = shared_from_this()](std::error_code error, size_t) {
        self->connection().never_expires();
        if (error || self->connection().closed()) return self->close();
        self->subscriber_->backlog -= self->events_.front()->size();
        self->events_.pop_front();
        if (!self->events_.empty()) self->write_next();
    });
}

void Connection::close() {
    if (subscriber_) subscriber_->gone = true;
    connection().close();
}

}  // namespace tarn::server
