#include "tarn/host/ports.h"
#include "tarn/base/error_ids.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <fmt/format.h>

namespace tarn::host {
namespace {

namespace fs = std::filesystem;

// The inodes of the sockets that listen on a port, from a table of Linux (proc(5), /proc/net/tcp):
// fields are number, local address:port in hex, remote, state (0A is LISTEN), …, inode as the
// tenth.
void add_listeners(const char* table, uint16_t port, std::set<std::string>& inodes) {
    std::ifstream in(table);
    std::string line;
    std::getline(in, line);  // the heading
    while (std::getline(in, line)) {
        std::istringstream words(line);
        std::vector<std::string> fields(std::istream_iterator<std::string>(words), {});
        if (fields.size() < 10 || fields[3] != "0A") continue;
        auto& local = fields[1];
        auto colon = local.rfind(':');
        unsigned found = 0;
        if (colon == std::string::npos) continue;
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), found, 16);
        if (found == port) inodes.insert("socket:[" + fields[9] + "]");
    }
}

bool has_one_of(const fs::path& process, const std::set<std::string>& sockets) {
    std::error_code error;
    for (fs::directory_iterator it(process / "fd", error), end; !error && it != end;
         it.increment(error)) {
        auto target = fs::read_symlink(it->path(), error);
        if (!error && sockets.contains(target.string())) return true;
        error.clear();  // it has closed in the meantime
    }
    return false;
}

std::string command_of(const fs::path& process) {
    std::ifstream in(process / "cmdline", std::ios::binary);
    std::string line(std::istreambuf_iterator<char>(in), {});
    std::ranges::replace(line, '\0', ' ');
    for (auto& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    line.erase(line.find_last_not_of(' ') + 1);
    if (line.size() > 80) line = line.substr(0, 77) + "...";
    return line;
}

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;
};

std::optional<Endpoint> endpoint(const std::string& address, uint16_t port) {
    Endpoint out;
    auto text = address == "localhost" ? std::string("127.0.0.1") : address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.address);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out.size = sizeof *v4;
        return out;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.address);
    if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
    return out;
}

}  // namespace

std::string PortHolder::str() const {
    return command.empty() ? fmt::format("process {}", pid)
                           : fmt::format("process {} ({})", pid, command);
}

std::optional<PortHolder> port_holder(uint16_t port) {
    std::set<std::string> sockets;
    add_listeners("/proc/net/tcp", port, sockets);
    add_listeners("/proc/net/tcp6", port, sockets);
    if (sockets.empty()) return std::nullopt;
    std::error_code error;
    for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
        auto name = it->path().filename().string();
        PortHolder holder;
        auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), holder.pid);
        if (bad != std::errc() || rest != name.data() + name.size()) continue;
        if (!has_one_of(it->path(), sockets)) continue;
        holder.command = command_of(it->path());
        return holder;
    }
    return std::nullopt;
}

bool can_listen(const std::string& address, uint16_t port) {
    auto where = endpoint(address, port);
    if (!where) return false;
    int fd = ::socket(where->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    int on = 1;
    (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&where->address), where->size) == 0 &&
                ::listen(fd, 1) == 0;
    ::close(fd);
    return free;
}

uint16_t next_free_port(const std::string& address, uint16_t port) {
    for (int next = port + 1; next <= port + 100 && next <= 65'535; ++next)
        if (can_listen(address, uint16_t(next))) return uint16_t(next);
    return 0;
}

Error port_in_use(std::string_view listener, const std::string& address, uint16_t port,
                  std::string_view flag) {
    auto holder = port_holder(port);
    return Error(
        errors::kPortInUse,
        fmt::format(
            "the {} listener cannot open: port {} of {} is in use by {}. Stop it, or "
            "take another port: {} {}",
            listener, port, address,
            holder ? holder->str() : "a process of another user (as root, ss -ltnp shows it)", flag,
            next_free_port(address, port)));
}

std::vector<std::string> step_around_ports(const Settings& settings, Settings::Values& flags) {
    std::vector<std::string> said;
    for (std::string listener : {"kafka", "http"}) {
        auto name = listener + ".port";
        auto port = uint16_t(settings.integer(name));
        auto& address = settings.text(listener + ".address");
        if (settings.source(name) != SettingSource::kDefault || can_listen(address, port)) continue;
        auto holder = port_holder(port);
        auto next = next_free_port(address, port);
        flags[name] = std::to_string(next);
        said.push_back(fmt::format("Port {} is in use{}; the {} listener takes {}.", port,
                                   holder ? " by " + holder->str() : "",
                                   listener == "kafka" ? "Kafka" : "HTTP",
                                   next == 0 ? "any free one" : std::to_string(next)));
    }
    return said;
}

}  // namespace tarn::host
