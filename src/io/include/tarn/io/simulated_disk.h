#pragma once

// A disk in memory that behaves as badly as disks do, driven by one seed: unsynced writes are lost or torn in a
// crash (any subset of the 512-byte sectors written since the last sync survives), names not made durable by
// sync_folder come and go, the disk fills up (ENOSPC), a sync fails, stored bytes rot, and a crash strikes at any
// call. Everything that runs on FileSystem is tested on it.
//
// After a crash every call returns kCancelled until restart(). Single-threaded use gives the same run for the same
// seed; it is also safe from several threads.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "tarn/base/ids.h"
#include "tarn/base/mutex.h"
#include "tarn/io/file_system.h"

namespace tarn::io {

struct DiskFaults {
    double torn_write = 0.5;  // in a crash: chance that an unsynced sector survives
    double lost_name = 0.5;   // in a crash: chance that an unsynced folder change is lost
    double failed_sync = 0;   // chance that a sync returns kIo and loses what it should have saved
    uint64_t capacity_bytes = UINT64_MAX;
};

class SimulatedDisk final : public FileSystem {
  public:
    SimulatedDisk(uint64_t seed, Clock& clock, DiskFaults faults = {});
    ~SimulatedDisk() override;

    // The crash strikes in the n-th call from now that could change the disk (1 = the next); 0 disarms.
    void crash_at_call(uint64_t n);
    // At once: applies the loss of unsynced data; everything fails until restart().
    void crash();
    bool crashed() const;
    // Power is back: what survived is what is there. Locks and open files of before are dead.
    void restart();
    // Mutating calls so far: a run without a crash tells how many crash points there are.
    uint64_t calls() const;
    // Flips a bit in the stored (synced) bytes of a file: rot.
    Status rot(const std::string& path, uint64_t offset);
    void set_faults(DiskFaults faults);
    uint64_t used_bytes() const;

    Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
    Result<std::string> read_all(const std::string& path) override;
    Status put_if_absent(const std::string& path, std::string_view bytes) override;
    Status replace(const std::string& path, std::string_view bytes) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status remove_tree(const std::string& path) override;
    Result<FileInfo> stat(const std::string& path) override;
    Result<std::vector<FileInfo>> list(const std::string& folder) override;
    Status create_folders(const std::string& path) override;
    Status sync_folder(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
    Result<uint64_t> free_bytes(const std::string& path) override;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace tarn::io
