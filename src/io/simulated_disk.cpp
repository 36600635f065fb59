#include "tarn/io/simulated_disk.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "simulated_tree.h"
#include "tarn/base/failing_allocation.h"

namespace tarn::io {

namespace {

Error power_is_off() { return Error(ErrorCode::kCancelled, "simulated crash: the power is off"); }
Error failed_sync(const std::string& path) { return errno_error(EIO, "sync", path); }

std::unexpected<Error> refuse(int number, std::string_view what, const std::string& path) {
    return fail(errno_error(number, what, path));
}

bool aligned(uint64_t offset, const void* address, size_t n) {
    return (offset | reinterpret_cast<uintptr_t>(address) | n) % kDirectAlignment == 0;
}

bool is_inside(const SimulatedNodePtr& node, const SimulatedNodePtr& folder) {
    if (node == folder) return true;
    return std::ranges::any_of(folder->live,
                               [&](const auto& child) { return is_inside(node, child.second); });
}

}  // namespace

// All state, shared with the open files and locks. The mutex guards everything and is taken by
// look, change and the controls of SimulatedDisk; the other functions run under it (in lambdas,
// where clang's analysis cannot follow).
class SimulatedDisk::Impl : public std::enable_shared_from_this<SimulatedDisk::Impl> {
  public:
    class OpenFile;
    class Lock;

    Impl(uint64_t seed, Clock& the_clock, DiskFaults the_faults)
        : random(seed), clock(the_clock), faults(the_faults) {}

    // Runs a call that only reads. `files_life` is that of the open file it came through, 0 if
    // none.
    template <class T, class Effect>
    Result<T> look(uint64_t files_life, Effect effect) {
        NoFailingAllocation of_the_disk;
        MutexLock lock(mutex);
        if (crashed || (files_life && files_life != life)) return fail(power_is_off());
        return effect();
    }

    // Runs a call that could change the disk; the armed crash strikes in it. effect(struck): struck
    // tells that the power goes off within the call, so that a call of several steps may do only
    // some of them.
    template <class T, class Effect>
    Result<T> change(uint64_t files_life, Effect effect) {
        NoFailingAllocation of_the_disk;
        MutexLock lock(mutex);
        if (crashed || (files_life && files_life != life)) return fail(power_is_off());
        ++calls;
        if (crash_in == 0 || --crash_in > 0) return effect(false);
        if (random.chance(0.5)) (void)effect(true);
        power_off();
        return fail(power_is_off());
    }

    void power_off() {
        if (crashed) return;
        crashed = true;
        crash_in = 0;
        ++life;
        tree.crash(random, faults.lost_name, faults.torn_write);
    }

    bool sync_fails() { return faults.failed_sync > 0 && random.chance(faults.failed_sync); }
    uint64_t free_space() {
        return faults.capacity_bytes - std::min(faults.capacity_bytes, tree.used_bytes());
    }

    Result<SimulatedNodePtr> open_node(const std::string& path, OpenMode mode);
    Status write(SimulatedNode& node, uint64_t offset, std::string_view bytes,
                 const std::string& path);
    Status put(const std::string& path, std::string_view bytes, bool may_replace);
    Status rename(const std::string& from, const std::string& to);
    Status remove(const std::string& path);
    void remove_children(const SimulatedNodePtr& folder, bool struck);
    Status create_folders(const std::string& path, bool struck);
    Status sync_folder(const std::string& path);

    Mutex mutex;
    Random random;
    Clock& clock;
    DiskFaults faults;
    SimulatedTree tree;
    bool crashed = false;
    uint64_t life = 1;  // grows at each crash: older files and locks are dead
    uint64_t calls = 0;
    uint64_t crash_in = 0;  // calls until the armed crash, 0 if none
    uint64_t next_lock_id = 1;
};

Result<SimulatedNodePtr> SimulatedDisk::Impl::open_node(const std::string& path, OpenMode mode) {
    TARN_TRY(auto place, tree.find(path));
    if (place.node && place.node->folder) return refuse(EISDIR, "open", path);
    bool creates = mode == OpenMode::kCreate || mode == OpenMode::kCreateNew;
    if (place.node && mode == OpenMode::kCreateNew) return refuse(EEXIST, "open", path);
    if (!place.node && !creates) return refuse(ENOENT, "open", path);
    if (!place.node) {
        place.node = std::make_shared<SimulatedNode>();
        place.node->modified = clock.now();
        auto node = place.node;
        place.node = nullptr;
        tree.link(place, node);
        return node;
    }
    return place.node;
}

// Page by page, so that a disk that fills up keeps what went before.
Status SimulatedDisk::Impl::write(SimulatedNode& node, uint64_t offset, std::string_view bytes,
                                  const std::string& path) {
    auto before = node.charge();
    bool full = false;
    for (size_t done = 0; done < bytes.size() && !full;) {
        constexpr size_t kPage = SimulatedContent::kPage;
        uint64_t at = offset + done;
        auto part = bytes.substr(done, kPage - at % kPage);
        bool reserved = at + part.size() <= node.allocated;
        full = !reserved && node.linked && node.content.new_bytes(at, part.size()) > free_space();
        if (full) break;
        node.content.write(at, part);
        tree.recharge(node, before);
        before = node.charge();
        done += part.size();
    }
    node.modified = clock.now();
    if (full) return refuse(ENOSPC, "write", path);
    return {};
}

// Atomic and durable, with everything that its folder has pending.
Status SimulatedDisk::Impl::put(const std::string& path, std::string_view bytes, bool may_replace) {
    TARN_TRY(auto place, tree.find(path));
    if (place.node && !may_replace) return refuse(EEXIST, "create", path);
    if (!place.folder || (place.node && place.node->folder)) return refuse(EISDIR, "replace", path);
    auto node = std::make_shared<SimulatedNode>();
    if (node->content.new_bytes(0, bytes.size()) > free_space())
        return refuse(ENOSPC, "write", path);
    bool fails = sync_fails();
    if (fails && random.chance(0.5)) return fail(failed_sync(path));
    node->content.write(0, bytes);
    node->content.sync();
    node->modified = clock.now();
    tree.link(place, node);
    tree.sync(place.folder);
    if (fails) return fail(failed_sync(path));
    return {};
}

Status SimulatedDisk::Impl::rename(const std::string& from, const std::string& to) {
    TARN_TRY(auto source, tree.find(from));
    TARN_TRY(auto target, tree.find(to));
    if (!source.node) return refuse(ENOENT, "rename to " + to, from);
    if (!source.folder || !target.folder) return refuse(EBUSY, "rename to " + to, from);
    if (source.node == target.node) return {};
    if (source.node->folder && is_inside(target.folder, source.node))
        return refuse(EINVAL, "rename to " + to, from);
    if (target.node && target.node->folder && !source.node->folder)
        return refuse(EISDIR, "rename to " + to, from);
    if (target.node && !target.node->folder && source.node->folder)
        return refuse(ENOTDIR, "rename to " + to, from);
    if (target.node && !target.node->live.empty())
        return refuse(ENOTEMPTY, "rename to " + to, from);
    tree.rename(source, target);
    return {};
}

Status SimulatedDisk::Impl::remove(const std::string& path) {
    TARN_TRY(auto place, tree.find(path));
    if (!place.node) return refuse(ENOENT, "remove", path);
    if (!place.folder) return refuse(EBUSY, "remove", path);
    if (!place.node->live.empty()) return refuse(ENOTEMPTY, "remove", path);
    tree.unlink(place);
    return {};
}

void SimulatedDisk::Impl::remove_children(const SimulatedNodePtr& folder, bool struck) {
    auto children = folder->live;
    for (const auto& [name, child] : children) {
        if (struck && random.chance(0.5)) continue;
        remove_children(child, struck);
        if (child->live.empty()) tree.unlink({folder, name, child});
    }
}

Status SimulatedDisk::Impl::create_folders(const std::string& path, bool struck) {
    for (size_t slash = 0; slash != std::string::npos;) {
        slash = path.find('/', slash + 1);
        auto prefix = path.substr(0, slash);
        TARN_TRY(auto place, tree.find(prefix));
        if (place.node && !place.node->folder) return refuse(ENOTDIR, "create folder", path);
        if (place.node) continue;
        if (struck && random.chance(0.3)) return {};
        auto node = std::make_shared<SimulatedNode>();
        node->folder = true;
        node->modified = clock.now();
        tree.link(place, node);
        if (sync_fails()) return fail(failed_sync(prefix));
        tree.sync(place.folder);
    }
    return {};
}

Status SimulatedDisk::Impl::sync_folder(const std::string& path) {
    TARN_TRY(auto node, tree.get(path));
    if (!node->folder) return refuse(ENOTDIR, "sync folder", path);
    if (sync_fails()) return fail(failed_sync(path));
    tree.sync(node);
    return {};
}

class SimulatedDisk::Impl::OpenFile final : public File {
  public:
    OpenFile(std::shared_ptr<Impl> disk, SimulatedNodePtr node, std::string path,
             OpenOptions options, uint64_t life)
        : disk_(std::move(disk)),
          node_(std::move(node)),
          path_(std::move(path)),
          options_(options),
          life_(life) {}

    Result<size_t> read_at(uint64_t offset, char* to, size_t n) override {
        return disk_->look<size_t>(life_, [&]() -> Result<size_t> {
            if (options_.direct && !aligned(offset, to, n))
                return refuse(EINVAL, "read unaligned from", path_);
            return node_->content.read(offset, to, n);
        });
    }
    Status write_at(uint64_t offset, std::string_view bytes) override {
        return change([&]() -> Status {
            if (options_.direct && !aligned(offset, bytes.data(), bytes.size()))
                return refuse(EINVAL, "write unaligned to", path_);
            return disk_->write(*node_, offset, bytes, path_);
        });
    }
    Status sync() override {
        return change([&]() -> Status {
            if (!disk_->sync_fails()) {
                node_->content.sync();
                return {};
            }
            node_->content.fail_sync(disk_->random, disk_->faults.torn_write);
            return fail(failed_sync(path_));
        });
    }
    Result<uint64_t> size() override {
        return disk_->look<uint64_t>(life_,
                                     [&]() -> Result<uint64_t> { return node_->content.size(); });
    }
    Status truncate(uint64_t size) override {
        return change([&]() -> Status {
            auto before = node_->charge();
            node_->content.resize(size);
            node_->allocated = std::min(node_->allocated, size);
            disk_->tree.recharge(*node_, before);
            return {};
        });
    }
    Status allocate(uint64_t size) override {
        return change([&]() -> Status {
            auto before = node_->charge(), old = node_->allocated;
            node_->allocated = std::max(old, size);
            if (node_->charge() - before > disk_->free_space()) {
                node_->allocated = old;
                return refuse(ENOSPC, "allocate", path_);
            }
            disk_->tree.recharge(*node_, before);
            if (size > node_->content.size()) node_->content.resize(size);
            return {};
        });
    }

  private:
    template <class Effect>
    Status change(Effect effect) {
        return disk_->change<void>(life_, [&](bool) -> Status {
            if (options_.mode == OpenMode::kRead)
                return refuse(EBADF, "change (it is open for reading)", path_);
            return effect();
        });
    }

    std::shared_ptr<Impl> disk_;
    SimulatedNodePtr node_;
    std::string path_;
    OpenOptions options_;
    uint64_t life_;
};

class SimulatedDisk::Impl::Lock final : public FileLock {
  public:
    Lock(std::shared_ptr<Impl> disk, SimulatedNodePtr node, uint64_t id)
        : disk_(std::move(disk)), node_(std::move(node)), id_(id) {}
    ~Lock() override {
        MutexLock lock(disk_->mutex);
        if (node_->lock_id == id_) node_->lock_id = 0;
    }

  private:
    std::shared_ptr<Impl> disk_;
    SimulatedNodePtr node_;
    uint64_t id_;
};

SimulatedDisk::SimulatedDisk(uint64_t seed, Clock& clock, DiskFaults faults)
    : impl_(std::make_shared<Impl>(seed, clock, faults)) {}
SimulatedDisk::~SimulatedDisk() = default;

void SimulatedDisk::crash_at_call(uint64_t n) {
    MutexLock lock(impl_->mutex);
    impl_->crash_in = n;
}

void SimulatedDisk::crash() {
    MutexLock lock(impl_->mutex);
    impl_->power_off();
}

bool SimulatedDisk::crashed() const {
    MutexLock lock(impl_->mutex);
    return impl_->crashed;
}

void SimulatedDisk::restart() {
    MutexLock lock(impl_->mutex);
    impl_->power_off();  // for whom pulled no plug before
    impl_->crashed = false;
}

uint64_t SimulatedDisk::calls() const {
    MutexLock lock(impl_->mutex);
    return impl_->calls;
}

Status SimulatedDisk::rot(const std::string& path, uint64_t offset) {
    MutexLock lock(impl_->mutex);
    TARN_TRY(auto node, impl_->tree.get(path));
    if (!node->content.rot(offset, int(impl_->random.below(8))))
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("no synced byte {} in {}", offset, path));
    return {};
}

void SimulatedDisk::set_faults(DiskFaults faults) {
    MutexLock lock(impl_->mutex);
    impl_->faults = faults;
}

uint64_t SimulatedDisk::used_bytes() const {
    MutexLock lock(impl_->mutex);
    return impl_->tree.used_bytes();
}

Result<std::unique_ptr<File>> SimulatedDisk::open(const std::string& path, OpenOptions options) {
    using Opened = std::unique_ptr<File>;
    auto effect = [&](bool = false) -> Result<Opened> {
        TARN_TRY(auto node, impl_->open_node(path, options.mode));
        return std::make_unique<Impl::OpenFile>(impl_, std::move(node), path, options, impl_->life);
    };
    bool creates = options.mode == OpenMode::kCreate || options.mode == OpenMode::kCreateNew;
    return creates ? impl_->change<Opened>(0, effect) : impl_->look<Opened>(0, effect);
}

Result<std::string> SimulatedDisk::read_all(const std::string& path) {
    return impl_->look<std::string>(0, [&]() -> Result<std::string> {
        TARN_TRY(auto node, impl_->open_node(path, OpenMode::kRead));
        std::string out(node->content.size(), '\0');
        node->content.read(0, out.data(), out.size());
        return out;
    });
}

Status SimulatedDisk::put_if_absent(const std::string& path, std::string_view bytes) {
    return impl_->change<void>(0, [&](bool) { return impl_->put(path, bytes, false); });
}

Status SimulatedDisk::replace(const std::string& path, std::string_view bytes) {
    return impl_->change<void>(0, [&](bool) { return impl_->put(path, bytes, true); });
}

Status SimulatedDisk::rename(const std::string& from, const std::string& to) {
    return impl_->change<void>(0, [&](bool) { return impl_->rename(from, to); });
}

Status SimulatedDisk::remove(const std::string& path) {
    return impl_->change<void>(0, [&](bool) { return impl_->remove(path); });
}

Status SimulatedDisk::remove_tree(const std::string& path) {
    return impl_->change<void>(0, [&](bool struck) -> Status {
        TARN_TRY(auto place, impl_->tree.find(path));
        if (!place.node) return {};
        impl_->remove_children(place.node, struck);
        if (place.folder && place.node->live.empty()) impl_->tree.unlink(place);
        return {};
    });
}

Result<FileInfo> SimulatedDisk::stat(const std::string& path) {
    return impl_->look<FileInfo>(0, [&]() -> Result<FileInfo> {
        TARN_TRY(auto node, impl_->tree.get(path));
        return FileInfo{file_name(path), node->content.size(), node->folder, node->modified};
    });
}

Result<std::vector<FileInfo>> SimulatedDisk::list(const std::string& folder) {
    using Infos = std::vector<FileInfo>;
    return impl_->look<Infos>(0, [&]() -> Result<Infos> {
        TARN_TRY(auto node, impl_->tree.get(folder));
        if (!node->folder) return refuse(ENOTDIR, "list", folder);
        Infos out;
        for (const auto& [name, child] : node->live)
            out.push_back({name, child->content.size(), child->folder, child->modified});
        return out;
    });
}

Status SimulatedDisk::create_folders(const std::string& path) {
    return impl_->change<void>(0, [&](bool struck) { return impl_->create_folders(path, struck); });
}

Status SimulatedDisk::sync_folder(const std::string& path) {
    return impl_->change<void>(0, [&](bool) { return impl_->sync_folder(path); });
}

Result<std::unique_ptr<FileLock>> SimulatedDisk::lock(const std::string& path) {
    using Held = std::unique_ptr<FileLock>;
    return impl_->change<Held>(0, [&](bool struck) -> Result<Held> {
        TARN_TRY(auto node, impl_->open_node(path, OpenMode::kCreate));
        if (node->lock_id != 0)
            return fail(ErrorCode::kFailedPrecondition, path + " is locked by another process");
        if (struck) return nullptr;
        node->lock_id = impl_->next_lock_id++;
        return std::make_unique<Impl::Lock>(impl_, node, node->lock_id);
    });
}

Result<uint64_t> SimulatedDisk::free_bytes(const std::string& path) {
    return impl_->look<uint64_t>(0, [&]() -> Result<uint64_t> {
        TARN_RETURN_IF_ERROR(impl_->tree.get(path));
        return impl_->free_space();
    });
}

}  // namespace tarn::io
