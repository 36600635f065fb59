#include "tarn/sql/query_log.h"

#include <algorithm>

namespace tarn::sql {
namespace {

constexpr std::string_view kRunning = "running";

// Cut where a character of UTF-8 begins.
std::string beginning(std::string_view text, size_t most) {
    if (text.size() <= most) return std::string(text);
    while (most > 0 && (text[most] & 0xC0) == 0x80)
        --most;
    return std::string(text.substr(0, most)) + "…";
}

}  // namespace

uint64_t QueryLog::begin(std::string_view sql) {
    Entry entry;
    entry.record.started = clock_.now();
    entry.record.state = kRunning;
    entry.record.text = beginning(sql, kMostText);
    entry.began_us = clock_.monotonic_us();
    MutexLock lock(mutex_);
    entry.record.id = ++last_;
    entries_.push_back(std::move(entry));
    return last_;
}

void QueryLog::end(uint64_t id, const Result<QueryStats>& stats) {
    const auto now = clock_.monotonic_us();
    MutexLock lock(mutex_);
    auto it = std::ranges::find(entries_, id, [](const Entry& e) { return e.record.id; });
    if (it == entries_.end() || it->record.state != kRunning) return;
    auto& record = it->record;
    record.elapsed = Duration::micros(now - it->began_us);
    if (stats) {
        record.state = "done";
        record.rows = stats->rows;
    } else {
        record.state = stats.error().code() == ErrorCode::kCancelled ? "cancelled" : "failed";
        record.error = to_string(stats.error().id());
    }
    if (++ended_ <= kMostEnded) return;
    entries_.erase(
        std::ranges::find_if(entries_, [](const Entry& e) { return e.record.state != kRunning; }));
    --ended_;
}

std::vector<QueryRecord> QueryLog::list() const {
    const auto now = clock_.monotonic_us();
    MutexLock lock(mutex_);
    std::vector<QueryRecord> out;
    for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
        out.push_back(it->record);
        if (it->record.state == kRunning) out.back().elapsed = Duration::micros(now - it->began_us);
    }
    return out;
}

}  // namespace tarn::sql
