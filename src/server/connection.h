#pragma once

// One client's connection: reads requests, one at a time, within limits of size and time, and
// writes the answers. Runs on the loop of the listener; API calls run on worker threads,
// queries in their slots.

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "api.h"
#include "assets.h"
#include "events.h"
#include "host_names.h"
#include "origin.h"
#include "sql_service.h"
#include "tarn/net/connection.h"
#include "tarn/server/server.h"

namespace tarn::server {

// What connections share. Outlives them.
struct Shared {
    const ServerOptions& options;
    const OriginCheck& origin;
    const Assets& assets;
    Api& api;
    EventHub& events;
    SqlService& sql;
    boost::asio::thread_pool& workers;
    boost::asio::thread_pool& slow;  // for routes that say so
    Counter& requests;
    Counter& refused;
};

class Connection final : public net::Session, public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<net::Connection> connection, Shared& shared);
    ~Connection() override;
    void start() override { read(); }
    void close() override;

  private:
    class Subscriber;
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    using Code = boost::system::error_code;

    void read();
    // Takes what is there into the parser, and reads more until it has a request.
    void parse();
    void on_read(Code error);
    void refuse_malformed(Code error);
    void dispatch(Request request, Target target);
    void run_api(boost::asio::thread_pool& where, Request request, Target target, RouteMatch match);
    void run_sql(const Request& request);
    void answer(Response response);
    void on_written(std::error_code error);
    // Closed while a client still sends, a connection takes the answer with it: for a while what
    // comes is thrown away.
    void linger();
    void discard();
    // Calls `gone` when the client goes away while nothing is read from it.
    void watch(std::function<void()> gone);
    void start_events(const Target& target);
    void enqueue(std::shared_ptr<const std::string> bytes);
    void write_next();
    // From any thread.
    template <class F>
    void post(F&& work) {
        connection().loop()->post(std::forward<F>(work));
    }

    boost::beast::flat_buffer buffer_;
    Shared& shared_;
    std::optional<Parser> parser_;
    std::string head_;
    Response response_;
    bool head_only_ = false, keep_alive_ = false, answered_ = true, streaming_ = false,
         refused_unread_ = false;
    std::shared_ptr<Subscriber> subscriber_;
    std::deque<std::shared_ptr<const std::string>> events_;
};

}  // namespace tarn::server
