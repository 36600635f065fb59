#pragma once

// Child processes and what the operating system says of a process.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::host {

struct Usage {
    Duration cpu;           // user + system
    int64_t rss_bytes = 0;  // now
    int64_t peak_rss_bytes = 0;
};
// Of a running process; nothing if it is gone.
std::optional<Usage> usage_of(pid_t pid);

struct ExitStatus {
    int code = 0;    // if it ended by itself
    int signal = 0;  // if a signal ended it
    Usage usage;     // by the kernel's account at its end
    bool ok() const { return code == 0 && signal == 0; }
    std::string str() const;
};

// A child that is killed (SIGTERM, then SIGKILL after a grace of 5 s) when the object goes, and by
// the kernel should this process die first. One thread uses it.
class Child {
  public:
    // stdout goes to the pipe read_line() reads if `pipe_stdout`, else to stderr of this process.
    // stderr is inherited, or goes to `stderr_file` if named.
    static Result<Child> start(const std::vector<std::string>& arguments, bool pipe_stdout,
                               const std::string& stderr_file = {});
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child();

    pid_t pid() const { return pid_; }
    // One line of its stdout without the newline. kUnavailable when the time ran out, kCancelled at
    // its end.
    Result<std::string> read_line(Duration timeout);
    void signal(int number) const;
    // Nothing if it still runs after the time.
    std::optional<ExitStatus> wait(Duration timeout);

  private:
    Child() = default;
    pid_t pid_ = -1;
    int out_ = -1;
    std::string buffered_;
    std::optional<ExitStatus> ended_;
};

// The path of this program: of what is running, also when its file was replaced or removed since.
std::string own_path();

}  // namespace tarn::host
