#pragma once

// The bytes of a connection: today those of its socket. TLS is to be one more of these, around a
// stream.

#include <functional>
#include <span>
#include <string_view>
#include <system_error>

namespace tarn::net {

// Used on the loop of its connection alone. An operation calls back once, from the loop; until
// then its memory must stand, and what it calls must keep the stream alive. One read and one write
// may be on their way at a time.
class Stream {
  public:
    // How it ended, and how many bytes went over. The end of the stream is an error.
    using Done = std::move_only_function<void(std::error_code error, size_t bytes)>;

    virtual ~Stream() = default;
    // What is there, at least a byte.
    virtual void read_some(std::span<char> into, Done done) = 0;
    // All of the parts, in their order, as one.
    virtual void write(std::span<const std::string_view> parts, Done done) = 0;
    // Calls `gone` when the other side goes away while nothing is read; never, once there is
    // something to read.
    virtual void watch(std::move_only_function<void()> gone) = 0;
    virtual void stop_watching() = 0;
    // No more is written; the other side sees the end of what it reads.
    virtual void end_writing() = 0;
    // What is on its way ends with an error. Idempotent.
    virtual void close() = 0;
};

}  // namespace tarn::net
