#include "tarn/host/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

namespace tarn::host {
namespace {

// A number of bytes from a file of the control group; nothing for "max" or without one.
std::optional<int64_t> group_bytes(const char* file) {
    std::ifstream in(file);
    int64_t bytes = 0;
    if (in >> bytes) return bytes;
    return std::nullopt;
}

void add_memory(Machine& out) {
    std::ifstream in("/proc/meminfo");
    std::string name, unit;
    int64_t kib = 0;
    while (in >> name >> kib) {
        if (name == "MemTotal:") out.memory_bytes = kib * 1024;
        if (name == "MemAvailable:") out.available_bytes = kib * 1024;
        std::getline(in, unit);
    }
    auto limit = group_bytes("/sys/fs/cgroup/memory.max");
    if (!limit || *limit >= out.memory_bytes) return;
    out.memory_bytes = *limit;
    auto used = group_bytes("/sys/fs/cgroup/memory.current").value_or(0);
    out.available_bytes = std::min(out.available_bytes, *limit - used);
}

}  // namespace

Machine this_machine() {
    Machine out;
    utsname name{};
    if (::uname(&name) == 0) out.kernel = fmt::format("{} {}", name.sysname, name.release);
    cpu_set_t cores;
    if (::sched_getaffinity(0, sizeof cores, &cores) == 0) out.cores = CPU_COUNT(&cores);
    add_memory(out);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) out.open_files = limit.rlim_cur;
    return out;
}

// Numbers of statfs(2).
std::string file_system_of(const std::string& folder) {
    struct statfs st{};
    if (::statfs(folder.c_str(), &st) != 0) return "unknown";
    switch (uint32_t(st.f_type)) {
        case 0xef53:
            return "ext4";
        case 0x58465342:
            return "xfs";
        case 0x9123683e:
            return "btrfs";
        case 0x2fc12fc1:
            return "zfs";
        case 0x01021994:
            return "tmpfs";
        case 0x794c7630:
            return "overlayfs";
        case 0x6969:
            return "nfs";
        case 0xff534d42:
        case 0xfe534d42:
            return "cifs";
        case 0x65735546:
            return "fuse";
        case 0x01021997:
            return "9p";
        default:
            return fmt::format("file system {:#x}", uint32_t(st.f_type));
    }
}

std::optional<int64_t> lock_holder(const std::string& data) {
    auto path = data + "/LOCK";
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    bool held = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
    ::close(fd);
    if (!held) return std::nullopt;
    std::ifstream in(path);
    int64_t pid = 0;
    in >> pid;
    return pid;
}

}  // namespace tarn::host
