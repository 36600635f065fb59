// The file:
//
//   file    := "TARNHIST" version u32 = 1 | crc32c u32 of the payload | payload
//   payload := n range×n n series×n
//   range   := step points at
//                 step in µs; at: number of the newest point since 1970
//   series  := name greatest (f32×points)×n
//                 greatest 1: not the mean; by range, oldest first; NaN: not known
//
// Little-endian; numbers varints, texts with varint length. Of another version or damaged: as if it
// were not there.

#include "history.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tarn/base/bytes.h"

namespace tarn::server {
namespace {

constexpr std::string_view kMagic = "TARNHIST";
constexpr uint32_t kVersion = 1;
constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr size_t kDay = History::kRanges.size() - 1;

size_t slot_of(int64_t at, size_t points) { return size_t(at % int64_t(points)); }

}  // namespace

History::History(io::FileSystem& disk, std::string path, Logger logger)
    : disk_(disk), path_(std::move(path)), logger_(std::move(logger)) {}

History::Kept History::make(Reading::Kind kind) {
    Kept kept{.kind = kind, .rings = {}};
    for (size_t r = 0; r < kRanges.size(); ++r)
        kept.rings[r].points.assign(kRanges[r].points, kUnknown);
    return kept;
}

float History::open_point(const Ring& ring, Reading::Kind kind) {
    if (ring.count == 0) return kUnknown;
    return float(kind == Reading::Kind::kMean ? ring.sum / ring.count : ring.sum);
}

bool History::move_to(size_t range, Timestamp now) {
    const auto [name, step, points, kept] = kRanges[range];
    const int64_t to = std::max<int64_t>(0, now.us / step.us);
    int64_t& at = at_[range];
    if (to == at) return false;
    // Points between are not known; after a clock that went back, nor are those ahead of it.
    const int64_t first = at < 0 ? to - int64_t(points) + 1 : to > at ? at + 1 : to;
    const int64_t last = std::max(at, to);
    const int64_t from = std::max(first, last - int64_t(points) + 1);
    for (auto& [series, of] : series_) {
        auto& ring = of.rings[range];
        for (int64_t n = std::max<int64_t>(0, from); n <= last; ++n)
            ring.points[slot_of(n, points)] = kUnknown;
        ring.sum = 0;
        ring.count = 0;
    }
    at = to;
    return true;
}

void History::forget_silent() {
    std::erase_if(series_, [](const auto& entry) {
        return std::ranges::all_of(entry.second.rings, [](const Ring& ring) {
            return std::ranges::all_of(ring.points, [](float v) { return std::isnan(v); });
        });
    });
}

void History::add(Timestamp now, std::span<const Reading> readings) {
    bool due = false;
    {
        MutexLock lock(mutex_);
        for (size_t r = 0; r < kRanges.size(); ++r)
            if (move_to(r, now) && r == kDay) due = true;
        if (due) forget_silent();
        left_out_ = 0;
        for (const auto& reading : readings) {
            auto it = series_.find(reading.series);
            if (it == series_.end()) {
                if (series_.size() >= kMaxSeries) {
                    ++left_out_;
                    continue;
                }
                it = series_.emplace(reading.series, make(reading.kind)).first;
            }
            auto& kept = it->second;
            for (size_t r = 0; r < kRanges.size(); ++r) {
                auto& ring = kept.rings[r];
                const bool first = ring.count++ == 0;
                ring.sum = kept.kind == Reading::Kind::kMean || first
                               ? ring.sum + reading.value
                               : std::max(ring.sum, reading.value);
                ring.points[slot_of(at_[r], kRanges[r].points)] = open_point(ring, kept.kind);
            }
        }
    }
    if (due) save();
}

Result<History::Window> History::read(std::string_view range,
                                      std::span<const std::string> names) const {
    const auto it = std::ranges::find(kRanges, range, &Range::name);
    if (it == kRanges.end())
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("range is 5m, 1h or 1d, not '{}'", range));
    const auto r = size_t(it - kRanges.begin());
    const auto points = int64_t(it->points);
    MutexLock lock(mutex_);
    Window window{.first = {}, .step = it->step, .series = {}, .left_out = left_out_};
    if (at_[r] < 0) return window;
    const int64_t first = std::max<int64_t>(0, at_[r] - points + 1);
    window.first = {first * it->step.us};
    const auto add = [&](const std::string& name, const Kept& kept) {
        auto& series = window.series.emplace_back();
        series.name = name;
        for (int64_t n = first; n <= at_[r]; ++n) {
            const float v = kept.rings[r].points[slot_of(n, it->points)];
            series.values.push_back(std::isnan(v) ? std::nullopt : std::optional<double>(v));
        }
    };
    if (names.empty())
        for (const auto& [name, kept] : series_)
            add(name, kept);
    for (const auto& name : names)
        if (const auto found = series_.find(name); found != series_.end())
            add(found->first, found->second);
    return window;
}

std::string History::encode() const {
    ByteWriter out;
    out.varint(uint64_t(std::ranges::count_if(kRanges, &Range::kept)));
    for (size_t r = 0; r < kRanges.size(); ++r) {
        if (!kRanges[r].kept) continue;
        out.varint(uint64_t(kRanges[r].step.us));
        out.varint(kRanges[r].points);
        out.varint(uint64_t(std::max<int64_t>(0, at_[r])));
    }
    out.varint(series_.size());
    for (const auto& [name, kept] : series_) {
        out.sized(name);
        out.varint(kept.kind == Reading::Kind::kGreatest);
        for (size_t r = 0; r < kRanges.size(); ++r) {
            const auto points = int64_t(kRanges[r].points);
            if (!kRanges[r].kept) continue;
            for (int64_t n = at_[r] - points + 1; n <= at_[r]; ++n)
                out.le<uint32_t>(std::bit_cast<uint32_t>(
                    n < 0 ? kUnknown : kept.rings[r].points[slot_of(n, size_t(points))]));
        }
    }
    ByteWriter file;
    file.raw(kMagic);
    file.le<uint32_t>(kVersion);
    file.le<uint32_t>(crc32c(out.buffer()));
    file.raw(out.buffer());
    return file.take();
}

Status History::decode(std::string_view bytes, Timestamp now) {
    const auto damaged = [] { return fail(ErrorCode::kCorrupted, "the file is damaged"); };
    ByteReader in(bytes);
    if (in.raw(kMagic.size()) != kMagic) return damaged();
    if (const auto version = in.le<uint32_t>(); version != kVersion)
        return fail(ErrorCode::kUnsupported, fmt::format("the file is of version {}", version));
    const auto crc = in.le<uint32_t>();
    if (!in.ok() || crc != crc32c(bytes.substr(bytes.size() - in.remaining()))) return damaged();
    if (in.varint() != uint64_t(std::ranges::count_if(kRanges, &Range::kept))) return damaged();
    std::array<int64_t, kRanges.size()> at = {-1, -1, -1};
    for (size_t r = 0; r < kRanges.size(); ++r) {
        if (!kRanges[r].kept) continue;
        if (int64_t(in.varint()) != kRanges[r].step.us || in.varint() != kRanges[r].points)
            return damaged();
        // One that is ahead of the clock, as after a clock that was wrong, cannot be placed.
        at[r] = int64_t(in.varint());
        if (at[r] < 0 || at[r] > now.us / kRanges[r].step.us)
            return fail(ErrorCode::kFailedPrecondition, "the file is of a later time than now");
    }
    const auto n = in.varint();
    if (!in.ok() || n > kMaxSeries) return damaged();
    decltype(series_) series;
    for (uint64_t i = 0; i < n && in.ok(); ++i) {
        std::string name(in.sized());
        auto kept = make(in.varint() ? Reading::Kind::kGreatest : Reading::Kind::kMean);
        for (size_t r = 0; r < kRanges.size(); ++r) {
            const auto points = int64_t(kRanges[r].points);
            if (!kRanges[r].kept) continue;
            for (int64_t p = at[r] - points + 1; p <= at[r]; ++p)
                if (const auto v = std::bit_cast<float>(in.le<uint32_t>()); p >= 0)
                    kept.rings[r].points[slot_of(p, size_t(points))] = v;
        }
        series.emplace(std::move(name), std::move(kept));
    }
    if (!in.ok() || in.remaining() > 0) return damaged();
    series_ = std::move(series);
    at_ = at;
    return {};
}

void History::load(Timestamp now) {
    const auto bytes = disk_.read_all(path_);
    if (!bytes && bytes.error().code() == ErrorCode::kNotFound) return;
    MutexLock lock(mutex_);
    const auto done = bytes ? decode(*bytes, now) : Status(fail(bytes.error()));
    if (!done)
        logger_.warn("the history of rates and lags begins anew",
                     {{"file", path_}, {"error", done.error().message()}});
}

void History::save() {
    std::string bytes;
    {
        MutexLock lock(mutex_);
        if (at_[kDay] < 0) return;
        bytes = encode();
    }
    const auto done = disk_.replace(path_, bytes);
    MutexLock lock(mutex_);
    if (!done && !write_failed_)
        logger_.warn("cannot keep the history of rates and lags",
                     {{"file", path_}, {"error", done.error().message()}});
    write_failed_ = !done;
}

std::string history_json(std::string_view range, const History::Window& window) {
    JsonWriter json;
    json.begin_object().field("range", range).field("first", window.first);
    json.field("step_ms", window.step.us / 1000).field("left_out", window.left_out);
    json.key("series").begin_array();
    for (const auto& series : window.series) {
        json.begin_object().field("name", series.name).key("values").begin_array();
        for (const auto& v : series.values)
            v ? json.raw(fmt::format("{:.7g}", *v)) : json.null();
        json.end_array().end_object();
    }
    return json.end_array().end_object().take();
}

}  // namespace tarn::server
