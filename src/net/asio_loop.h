#pragma once

// A Loop on Boost.Asio: a thread's event loop.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "tarn/base/mutex.h"
#include "tarn/net/loop.h"

namespace tarn::net {

// Connections and queued work keep it alive; close() ends it.
class AsioLoop final : public Loop {
  public:
    void post(std::move_only_function<void()> work) override;
    std::unique_ptr<Timer> timer(std::move_only_function<void()> due) override;

    boost::asio::io_context& context() { return context_; }
    // Runs the loop until close().
    void run();
    // Stops the loop. What is posted from now on is dropped.
    void close();
    // After the loop's thread has ended: lets go of what is still queued.
    void drain();

  private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        context_.get_executor()};
    Mutex mutex_;
    bool closed_ TARN_GUARDED_BY(mutex_) = false;
};

}  // namespace tarn::net
