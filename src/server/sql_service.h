#pragma once

// One SELECT at a time in each of a few slots, with a time limit and a row cap; the rest wait in a
// bounded queue. Thread-safe.

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "host_names.h"
#include "tarn/base/queue.h"
#include "tarn/net/principal.h"
#include "tarn/server/server.h"
#include "tarn/sql/parameters.h"

namespace tarn::server {

// Handed to whoever asked: cancel() ends the query, waiting or running, from any thread.
class SqlTicket {
  public:
    void cancel();
    bool cancelled() const { return cancelled_.load(); }

  private:
    friend class SqlService;
    std::atomic<bool> cancelled_ = false;
    Mutex mutex_;
    sql::Session* session_ TARN_GUARDED_BY(mutex_) = nullptr;
};

class SqlService {
  public:
    using Done = std::function<void(Response)>;
    SqlService(const ServerOptions& options, const Platform& context);
    ~SqlService();
    // `body` is a SqlRequest, asked by `who`; `accept`, that header, names the form of the result.
    // `done` is called once, from a slot's thread, or at once if the request is refused.
    std::shared_ptr<SqlTicket> submit(const std::string& body, std::string_view accept,
                                      const net::Principal& who, Done done);
    void stop();

  private:
    struct Job {
        std::string sql, accept;
        sql::Parameters parameters;
        net::Principal who;  // who asks
        int64_t max_rows = 0;
        int64_t queued_us = 0;  // monotonic
        std::shared_ptr<SqlTicket> ticket;
        Done done;
    };
    void run_slot();
    Response run(const Job& job);

    const ServerOptions& options_;
    const Platform& context_;
    BoundedQueue<Job> queue_;
    Mutex mutex_;
    std::vector<std::weak_ptr<SqlTicket>> open_ TARN_GUARDED_BY(mutex_);
    std::vector<std::thread> slots_;
};

}  // namespace tarn::server
