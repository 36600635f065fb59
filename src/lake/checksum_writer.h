#pragma once

// Checksums of versions, put beside their commits by a thread of its own: a commit is made and
// answered without them, and tables are whole without.

#include <condition_variable>
#include <deque>
#include <string>
#include <thread>

#include "tarn/base/logger.h"
#include "tarn/base/mutex.h"
#include "tarn/io/file_system.h"

namespace tarn::lake {

// Thread-safe.
class ChecksumWriter {
  public:
    ChecksumWriter(io::FileSystem& fs, Logger logger);
    // Writes what waits.
    ~ChecksumWriter();
    ChecksumWriter(const ChecksumWriter&) = delete;
    ChecksumWriter& operator=(const ChecksumWriter&) = delete;

    // Returns at once. Of more than kMostWaiting the oldest is left out.
    void put(std::string path, std::string text);
    // Until all that was put is written.
    void flush();

    static constexpr size_t kMostWaiting = 256;

  private:
    void run();

    io::FileSystem& fs_;
    Logger logger_;
    Mutex mutex_;
    Condition changed_;
    std::deque<std::pair<std::string, std::string>> waiting_ TARN_GUARDED_BY(mutex_);
    bool busy_ TARN_GUARDED_BY(mutex_) = false;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    std::thread thread_;  // the last: it uses the others
};

}  // namespace tarn::lake
