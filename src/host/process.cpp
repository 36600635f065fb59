#include "tarn/host/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

namespace tarn::host {

namespace {

constexpr const char* kOwnLink = "/proc/self/exe";

struct OwnProgram {
    std::string path;  // empty if it cannot be told
    bool there = false;
};

// So proc(5) shows a file that was replaced or removed, as by a build: what is running can still be
// run by the link itself.
OwnProgram own_program() {
    constexpr std::string_view kGone = " (deleted)";
    char path[4096];
    const auto n = readlink(kOwnLink, path, sizeof path);
    std::string_view found(path, size_t(std::max<ssize_t>(0, n)));
    const bool gone = found.ends_with(kGone);
    if (gone) found.remove_suffix(kGone.size());
    return {std::string(found), n > 0 && !gone};
}

}  // namespace

std::optional<Usage> usage_of(pid_t pid) {
    Usage usage;
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (!std::getline(stat, line)) return std::nullopt;
    // Fields after the command's closing parenthesis: utime and stime are the 12th and 13th
    // (proc(5)).
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i)
        fields >> skipped;
    int64_t user = 0, system = 0;
    fields >> user >> system;
    usage.cpu = Duration::micros((user + system) * 1'000'000 / sysconf(_SC_CLK_TCK));
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    while (std::getline(status, line)) {
        auto number = [&] { return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024; };
        if (line.starts_with("VmRSS:")) usage.rss_bytes = number();
        if (line.starts_with("VmHWM:")) usage.peak_rss_bytes = number();
    }
    return usage;
}

std::string ExitStatus::str() const {
    return signal ? fmt::format("ended by signal {} ({})", signal, strsignal(signal))
                  : fmt::format("ended with exit code {}", code);
}

Result<Child> Child::start(const std::vector<std::string>& arguments, bool pipe_stdout,
                           const std::string& stderr_file) {
    int ends[2] = {-1, -1};
    if (pipe_stdout && pipe2(ends, O_CLOEXEC) < 0)
        return fail(errno_error(errno, "make a pipe for", arguments[0]));
    std::vector<char*> argv;
    for (auto& a : arguments)
        argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    const bool own = arguments[0] == own_program().path;
    auto parent = getpid();
    auto pid = fork();
    if (pid < 0) return fail(errno_error(errno, "start", arguments[0]));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) _exit(1);
        setpgid(0, 0);  // Ctrl-C goes to the parent alone, which then stops its children in order
        dup2(pipe_stdout ? ends[1] : STDERR_FILENO, STDOUT_FILENO);
        if (!stderr_file.empty()) {
            int fd = open(stderr_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            if (fd >= 0) dup2(fd, STDERR_FILENO);
        }
        execv(argv[0], argv.data());
        // It may have been replaced or removed since its path was asked for.
        if (own) execv(kOwnLink, argv.data());
        _exit(127);
    }
    if (pipe_stdout) close(ends[1]);
    Child child;
    child.pid_ = pid;
    child.out_ = ends[0];
    return child;
}

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(out_, other.out_);
    std::swap(buffered_, other.buffered_);
    std::swap(ended_, other.ended_);
    return *this;
}

Child::~Child() {
    if (pid_ > 0 && !ended_) {
        signal(SIGTERM);
        if (!wait(Duration::seconds(5))) {
            signal(SIGKILL);
            wait(Duration::seconds(5));
        }
    }
    if (out_ >= 0) close(out_);
}

Result<std::string> Child::read_line(Duration timeout) {
    SystemClock clock;
    auto deadline = clock.monotonic_us() + timeout.us;
    for (;;) {
        if (auto end = buffered_.find('\n'); end != std::string::npos) {
            auto line = buffered_.substr(0, end);
            buffered_.erase(0, end + 1);
            return line;
        }
        auto left_ms = (deadline - clock.monotonic_us()) / 1000;
        pollfd poll_fd{out_, POLLIN, 0};
        if (left_ms <= 0 || poll(&poll_fd, 1, int(left_ms)) == 0)
            return fail(ErrorCode::kUnavailable, "the process said nothing in time");
        char buffer[4096];
        auto n = read(out_, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(ErrorCode::kCancelled, "the process closed its output");
        buffered_.append(buffer, size_t(n));
    }
}

void Child::signal(int number) const {
    if (pid_ > 0 && !ended_) kill(pid_, number);
}

std::optional<ExitStatus> Child::wait(Duration timeout) {
    if (ended_ || pid_ <= 0) return ended_;
    SystemClock clock;
    auto deadline = clock.monotonic_us() + timeout.us;
    for (;;) {
        int status = 0;
        rusage used{};
        auto got = wait4(pid_, &status, WNOHANG, &used);
        if (got == pid_) {
            ExitStatus end;
            end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
            end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            end.usage.cpu =
                Duration::micros((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1'000'000 +
                                 used.ru_utime.tv_usec + used.ru_stime.tv_usec);
            end.usage.peak_rss_bytes = used.ru_maxrss * 1024;
            return ended_ = end;
        }
        if (clock.monotonic_us() >= deadline) return std::nullopt;
        clock.sleep(Duration::millis(5));
    }
}

std::string own_path() {
    const auto own = own_program();
    if (own.path.empty()) return "tarn";
    return own.there ? own.path : kOwnLink;
}

}  // namespace tarn::host
