#pragma once

// What rates, lags and latencies were: of the last five minutes each second, of the last hour each
// ten seconds, of the last day each five minutes. Bounded: kMaxSeries series, 3.8 kB each. The hour
// and the day are kept in a file (grammar in history.cpp), written each five minutes and at the
// end, so that kill -9 loses five minutes of them at most. Nothing else depends on it.
// Thread-safe.

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host_names.h"
#include "tarn/base/logger.h"
#include "tarn/base/mutex.h"

namespace tarn::server {

// One value of now. A point over many of them has their mean, or the greatest of what hurts most
// when it is great.
struct Reading {
    enum class Kind { kMean, kGreatest };
    std::string series;  // "lag:live.clicks_windows"
    Kind kind = Kind::kMean;
    double value = 0;
};

class History {
  public:
    static constexpr size_t kMaxSeries = 2048;
    struct Range {
        std::string_view name;
        Duration step;
        size_t points;
        bool kept;  // in the file
    };
    static constexpr std::array<Range, 3> kRanges = {{
        {"5m", Duration::seconds(1), 300, false},
        {"1h", Duration::seconds(10), 360, true},
        {"1d", Duration::seconds(300), 288, true},
    }};

    // `path`: of the file.
    History(io::FileSystem& disk, std::string path, Logger logger);
    // Reads the file if there is one. What cannot be read is as if it were not there, and said.
    void load(Timestamp now);
    // Of those beyond kMaxSeries the last ones are left out. Writes the file when it is time.
    void add(Timestamp now, std::span<const Reading> readings);
    // Writes the file.
    void save();

    struct Series {
        std::string name;
        std::vector<std::optional<double>> values;  // oldest first; none: not known
    };
    struct Window {
        Timestamp first;  // when the first point begins
        Duration step;
        std::vector<Series> series;
        int64_t left_out = 0;  // series there was no room for
    };
    // Up to the last add(). Of the series named, where they are known; of all if none is named.
    // Errors: kInvalidArgument (no such range).
    Result<Window> read(std::string_view range, std::span<const std::string> names) const;

  private:
    // The values of one series and range: a ring of points, of which the newest is open.
    struct Ring {
        std::vector<float> points;  // NaN: not known
        double sum = 0;             // of the open point, or the greatest
        uint32_t count = 0;
    };
    using Rings = std::array<Ring, kRanges.size()>;
    struct Kept {
        Reading::Kind kind = Reading::Kind::kMean;
        Rings rings;
    };
    static Kept make(Reading::Kind kind);
    static float open_point(const Ring& ring, Reading::Kind kind);
    // Brings the rings of a range to the point of this time. True if that is another one.
    bool move_to(size_t range, Timestamp now) TARN_REQUIRES(mutex_);
    void forget_silent() TARN_REQUIRES(mutex_);
    std::string encode() const TARN_REQUIRES(mutex_);
    Status decode(std::string_view bytes, Timestamp now) TARN_REQUIRES(mutex_);

    io::FileSystem& disk_;
    const std::string path_;
    const Logger logger_;
    mutable Mutex mutex_;
    std::map<std::string, Kept, std::less<>> series_ TARN_GUARDED_BY(mutex_);
    // Of each range the number of the open point since 1970; -1: none yet.
    std::array<int64_t, kRanges.size()> at_ TARN_GUARDED_BY(mutex_) = {-1, -1, -1};
    int64_t left_out_ TARN_GUARDED_BY(mutex_) = 0;
    bool write_failed_ TARN_GUARDED_BY(mutex_) = false;  // said once, until it works again
};

// History of openapi.yaml.
std::string history_json(std::string_view range, const History::Window& window);

}  // namespace tarn::server
