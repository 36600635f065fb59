#include "asio_loop.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tarn::net {
namespace {

class AsioTimer final : public Timer {
  public:
    AsioTimer(boost::asio::io_context& context, std::move_only_function<void()> due)
        : state_(std::make_shared<State>(context, std::move(due))) {}
    ~AsioTimer() override { cancel(); }

    void arm(Duration wait) override {
        state_->timer.expires_after(std::chrono::microseconds(wait.us));
        state_->timer.async_wait(
            [weak = std::weak_ptr(state_), number = uint64_t(++state_->number)](auto error) {
                const auto state = weak.lock();
                // One that was about to fire when it was set anew is not called off by Asio.
                if (!error && state && state->number == number) state->due();
            });
    }
    void cancel() override {
        ++state_->number;
        state_->timer.cancel();
    }

  private:
    struct State {
        State(boost::asio::io_context& context, std::move_only_function<void()> f)
            : timer(context), due(std::move(f)) {}
        boost::asio::steady_timer timer;
        std::move_only_function<void()> due;
        std::atomic<uint64_t> number = 0;  // of the setting that counts
    };
    std::shared_ptr<State> state_;
};

}  // namespace

void AsioLoop::post(std::move_only_function<void()> work) {
    MutexLock lock(mutex_);
    if (closed_) return;
    boost::asio::post(context_, std::move(work));
}

std::unique_ptr<Timer> AsioLoop::timer(std::move_only_function<void()> due) {
    return std::make_unique<AsioTimer>(context_, std::move(due));
}

void AsioLoop::run() { context_.run(); }

void AsioLoop::close() {
    {
        MutexLock lock(mutex_);
        closed_ = true;
    }
    work_.reset();
    context_.stop();
}

void AsioLoop::drain() {
    context_.restart();
    context_.poll();
}

}  // namespace tarn::net
