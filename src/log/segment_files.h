#pragma once

// The files of a lane's folder and their names: segments in use, spares waiting for reuse, index
// files.
//
//   <number, 16 hex digits>.seg   a segment; has this name only once its header is on stable
//                                 storage
//   <number, 16 hex digits>.idx   index of a sealed segment (segment.h)
//   spare-<counter>               a file of segment_bytes whose contents mean nothing, or one that
//                                 is about to become a segment
//   snapshot                      stores.h
//
// A freed segment is renamed to a spare and reused: unlinking a large file stalls the disk, and
// writing over blocks that exist costs less than into new ones. Thread-safe.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "buffer_pool.h"
#include "lane.h"
#include "tarn/base/mutex.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"

namespace tarn::log {

class SegmentFiles {
  public:
    struct Options {
        std::string folder;
        uint64_t segment_bytes = 0;
        uint64_t disk_limit_bytes = UINT64_MAX;
        size_t max_spares = 4;
        uint64_t first_bytes = UINT64_MAX;  // of a new file; it grows by as much as it has
    };
    struct Opened {
        std::string path;
        std::unique_ptr<io::File> writer;  // O_DIRECT
        std::unique_ptr<io::File> reader;
        uint64_t bytes = 0;  // that it may be written to without growing
    };

    SegmentFiles(io::FileSystem& fs, io::Failpoints& failpoints, Options options)
        : fs_(fs), failpoints_(failpoints), options_(std::move(options)) {}

    // Numbers of the segments there are, ascending; forgets index files without a segment and
    // spares of a wrong size, and remembers the others.
    Result<std::vector<uint64_t>> load();
    std::string path_of(uint64_t number) const;

    // A file with this header, durable under its name: a spare, else a new one, `whole` or of the
    // first size. Errors: kResourceExhausted (no space, or the limit: nothing has changed then),
    // others leave the lane in doubt.
    Result<Opened> open_segment(const SegmentHeader& header, BufferPool& pool, bool whole);
    // Lets a segment of `has` bytes grow, to `need` at least. Returns its size then. Errors:
    // kResourceExhausted.
    Result<uint64_t> grow(io::File& file, uint64_t has, uint64_t need);
    // Gives back what lies behind `end`, unless so little that the file is better reused as it is.
    // Returns its size then. Nobody writes to it any more.
    Result<uint64_t> trim(uint64_t number, uint64_t end);
    // Makes the segment a spare, or removes it when it is short or there are enough spares.
    Status retire(uint64_t number);
    // Has a spare ready, so that the next segment opens faster. No error if there is no room.
    Status prepare_spare();

    // Of segments and spares.
    uint64_t disk_bytes() const;
    // Whether the last kResourceExhausted was disk_limit_bytes, not the disk.
    bool limit_reached() const;

  private:
    struct Spare {
        std::string path;
        uint64_t bytes = 0;
    };
    Result<Spare> take_spare(bool whole) TARN_REQUIRES(mutex_);
    Result<Spare> create_spare(uint64_t bytes) TARN_REQUIRES(mutex_);
    Status reserve(io::File& file, uint64_t has, uint64_t bytes) TARN_REQUIRES(mutex_);

    io::FileSystem& fs_;
    io::Failpoints& failpoints_;
    const Options options_;
    mutable Mutex mutex_;
    std::vector<Spare> spares_ TARN_GUARDED_BY(mutex_);
    uint64_t next_spare_ TARN_GUARDED_BY(mutex_) = 1;
    uint64_t disk_bytes_ TARN_GUARDED_BY(mutex_) = 0;
    bool limit_reached_ TARN_GUARDED_BY(mutex_) = false;
};

}  // namespace tarn::log
