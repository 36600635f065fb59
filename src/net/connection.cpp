#include "tarn/net/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tarn::net {
namespace {

// The machine's clock, as that of the sockets: how long a client is silent decides nothing else.
int64_t now_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Connection::Connection(std::unique_ptr<Stream> stream, std::shared_ptr<Loop> loop, Ends ends,
                       Duration idle, std::move_only_function<void()> closed)
    : loop_(std::move(loop)),
      stream_(std::move(stream)),
      ends_(std::move(ends)),
      idle_(idle),
      on_close_(std::move(closed)),
      principal_(std::make_shared<const Principal>()) {}

Connection::~Connection() { close(); }

void Connection::set_principal(Principal who) {
    principal_ = std::make_shared<const Principal>(std::move(who));
}

void Connection::heard() {
    if (idle_.us > 0) expires_after(idle_);
}

void Connection::expires_after(Duration limit) {
    if (closed_) return;
    const auto now = now_us();
    deadline_us_ = now + limit.us;
    if (deadline_us_ < armed_us_) arm(now);
}

void Connection::arm(int64_t now) {
    if (!timer_)
        timer_ = loop_->timer([weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->due();
        });
    armed_us_ = deadline_us_;
    timer_->arm(Duration{std::max<int64_t>(deadline_us_ - now, 0)});
}

void Connection::due() {
    armed_us_ = kNever;
    if (closed_ || deadline_us_ == kNever) return;
    const auto now = now_us();
    if (now < deadline_us_) return arm(now);
    deadline_us_ = kNever;
    const auto session = session_.lock();
    session ? session->expired() : close();
}

void Connection::close() {
    if (std::exchange(closed_, true)) return;
    timer_.reset();
    stream_->close();
    on_close_();
}

}  // namespace tarn::net
