// Retention: log starts move partition by partition; a segment is freed when it holds nothing for
// anybody. What it said about producers and offsets is in the snapshot by then.

#include <fmt/format.h>

#include <algorithm>

#include "log_impl.h"
#include "tarn/log/error_ids.h"

namespace tarn::errors {
extern const ErrorId kRecordsHeld;
}  // namespace tarn::errors

namespace tarn::log {
namespace {
// While the disk is full: how often it is looked at.
constexpr Duration kRoomInterval = Duration::seconds(1);
// Kafka's producer.id.expiration.ms.
constexpr Duration kProducerExpiry = Duration::seconds(24 * 3600);
}  // namespace

int64_t Log::Impl::hold_of(const PartitionId& id) const {
    int64_t lowest = INT64_MAX;
    for (auto& [holder, partitions] : holds_) {
        auto found = partitions.find(id);
        if (found != partitions.end()) lowest = std::min(lowest, found->second);
    }
    return lowest;
}

std::string Log::Impl::holder_of(const PartitionId& id) const {
    std::string lowest_holder;
    int64_t lowest = INT64_MAX;
    for (auto& [holder, partitions] : holds_) {
        auto found = partitions.find(id);
        if (found == partitions.end() || found->second >= lowest) continue;
        lowest = found->second;
        lowest_holder = holder;
    }
    return lowest_holder;
}

void Log::Impl::set_hold(std::string_view holder, const PartitionId& id, int64_t offset) {
    MutexLock lock(mutex_);
    holds_[std::string(holder)][id] = offset;
}

void Log::Impl::release_holds(std::string_view holder) {
    MutexLock lock(mutex_);
    auto found = holds_.find(holder);
    if (found != holds_.end()) holds_.erase(found);
}

void Log::Impl::release_span(const Span& span) {
    auto found = segments_.find(span.segment);
    if (found != segments_.end()) --found->second->live_spans;
}

bool Log::Impl::move_log_start(Partition& p, int64_t offset) {
    offset = std::min(offset, p.high_watermark);
    if (offset <= p.log_start) return false;
    p.log_start = offset;
    while (!p.spans.empty() && p.spans.front().next_offset <= offset) {
        p.bytes -= p.spans.front().bytes;
        release_span(p.spans.front());
        p.spans.pop_front();
    }
    return true;
}

// Whole spans only. The time of the append counts where no record has one, and where a producer's
// lies in the future.
int64_t Log::Impl::expired_up_to(const Partition& p, Timestamp now) const {
    auto& config = p.topic->info.config;
    int64_t up_to = p.log_start;
    int64_t bytes = p.bytes;
    for (auto& span : p.spans) {
        int64_t appended_ms = Timestamp{span.last_time_us}.ms();
        int64_t newest_ms =
            span.max_timestamp_ms < 0 ? appended_ms : std::min(span.max_timestamp_ms, appended_ms);
        bool old = config.retention.us >= 0 && newest_ms < (now - config.retention).ms();
        bool active = span.segment == active_->header.number;
        bool much =
            config.retention_bytes >= 0 && !active && bytes - span.bytes >= config.retention_bytes;
        if (!old && !much) break;
        up_to = span.next_offset;
        bytes -= span.bytes;
    }
    return std::min(up_to, hold_of(p.id));
}

// Everything as it stands between two windows, with these segments gone.
Snapshot Log::Impl::make_snapshot(const std::vector<uint64_t>& freeing) {
    Snapshot s;
    s.up_to_sequence = active_->next_sequence - 1;
    s.freed.insert(freeing.begin(), freeing.end());
    for (auto& [number, segment] : segments_) {
        if (!segment->sealed || s.freed.contains(number)) continue;
        s.sealed[number] = {segment->end, segment->next_sequence};
    }
    s.partitions.reserve(partitions_.size());
    for (auto& [key, p] : partitions_) {
        s.partitions.push_back(
            {key, p->log_start, p->next_offset, p->producers, p->open_transactions});
    }
    std::sort(s.partitions.begin(), s.partitions.end(),
              [](auto& a, auto& b) { return a.key < b.key; });
    return s;
}

Status Log::Impl::write_snapshot(const Snapshot& snapshot) {
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.snapshot.before_replace"));
    TARN_RETURN_IF_ERROR(
        context_.fs.replace(lane_folder_ + "/snapshot", encode_snapshot(snapshot)));
    return context_.failpoints.hit("log.snapshot.after_replace");
}

// The snapshot that names them is durable.
Result<uint64_t> Log::Impl::free_segments(const std::vector<std::shared_ptr<Segment>>& segments) {
    uint64_t bytes = 0;
    for (auto& segment : segments) {
        TARN_RETURN_IF_ERROR(files_.retire(segment->header.number));
        bytes += segment->file_bytes;
        metrics_.segments_freed.add();
    }
    metrics_.disk_bytes.set(double(files_.disk_bytes()));
    return bytes;
}

// Moves log starts; the sealed segments that hold nothing any more.
std::vector<std::shared_ptr<Segment>> Log::Impl::pick_victims(uint64_t& lowest_kept) {
    auto now = context_.clock.now();
    for (auto& [key, p] : partitions_) {
        log_starts_dirty_ |= move_log_start(*p, expired_up_to(*p, now));
        p->producers.expire((now - kProducerExpiry).us);
    }
    std::vector<std::shared_ptr<Segment>> victims;
    lowest_kept = active_->header.number;
    for (auto& [number, segment] : segments_) {
        bool idle = segment->sealed && segment->live_spans == 0 && segment->pins == 0;
        if (idle)
            victims.push_back(segment);
        else
            lowest_kept = std::min(lowest_kept, number);
    }
    return victims;
}

Result<uint64_t> Log::Impl::run_retention() {
    MutexLock order(snapshot_mutex_);
    std::vector<std::shared_ptr<Segment>> victims;
    Snapshot snapshot;
    {
        MutexLock commit(commit_mutex_);
        MutexLock lock(mutex_);
        if (closed_) return fail(ErrorCode::kFailedPrecondition, "the log is closed");
        uint64_t lowest = 0;
        victims = pick_victims(lowest);
        if (!log_starts_dirty_ && victims.empty()) return 0;
        std::vector<uint64_t> numbers;
        for (auto& victim : victims)
            numbers.push_back(victim->header.number);
        snapshot = make_snapshot(numbers);
        snapshot.freed.insert(snapshot_freed_.begin(), snapshot_freed_.end());
        snapshot.freed_below = std::max(snapshot_freed_below_, lowest);
        std::erase_if(snapshot.freed, [&](uint64_t n) { return n < snapshot.freed_below; });
    }
    // Should this fail, nothing has been freed and the next run tries again.
    TARN_RETURN_IF_ERROR(write_snapshot(snapshot));
    log_starts_dirty_ = false;
    snapshot_freed_below_ = snapshot.freed_below;
    snapshot_freed_ = snapshot.freed;
    {
        MutexLock lock(mutex_);
        for (auto& victim : victims) {
            segments_.erase(victim->header.number);
            std::erase(unindexed_, victim);
            if (victim->index) index_bytes_ -= victim->index->bytes();
        }
    }
    return free_segments(victims);
}

Result<int64_t> Log::Impl::delete_records(const PartitionId& id, int64_t offset) {
    MutexLock order(snapshot_mutex_);
    Snapshot snapshot;
    int64_t log_start = 0;
    {
        MutexLock commit(commit_mutex_);
        MutexLock lock(mutex_);
        auto p = find_partition(id);
        if (!p) return fail(errors::kNoPartition, "no such partition");
        if (offset < 0 || offset > p->high_watermark) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("cannot delete up to offset {}: the partition ends at {}",
                                    offset, p->high_watermark));
        }
        if (offset > hold_of(id)) {
            return fail(errors::kRecordsHeld,
                        fmt::format("the records are needed by '{}' from offset {} on",
                                    holder_of(id), hold_of(id)));
        }
        log_starts_dirty_ |= move_log_start(*p, offset);
        log_start = p->log_start;
        snapshot = make_snapshot({});
        snapshot.freed = snapshot_freed_;
        snapshot.freed_below = snapshot_freed_below_;
    }
    TARN_RETURN_IF_ERROR(write_snapshot(snapshot));
    log_starts_dirty_ = false;
    return log_start;
}

void Log::Impl::start_retention() {
    MutexLock lock(mutex_);
    retention_on_ = true;
    maintenance_wake_.notify_one();
}

bool Log::Impl::maintain() {
    std::vector<std::shared_ptr<Segment>> todo;
    bool rolling = false;
    {
        MutexLock lock(mutex_);
        if (unindexed_.empty()) return false;
        todo.swap(unindexed_);
        for (auto& segment : todo) {
            ++segment->pins;
            rolling |= segment->end >= options_.segment_bytes / 2;
        }
    }
    for (auto& segment : todo) {
        Status status = context_.failpoints.hit("log.index.before_replace");
        std::string heads =
            std::move(segment->heads);  // nobody else touches them once it is sealed
        if (status && heads.empty()) {
            status = visit_sealed(context_.fs, *segment, [](auto&) { return Status(); }, &heads);
        }
        if (status && !heads.empty()) {
            status = context_.fs.replace(index_path(segment->path), encode_index(*segment, heads));
        }
        if (status) status = context_.failpoints.hit("log.index.after_replace");
        if (auto trimmed = trim(*segment); !trimmed) {
            logger_.warn("cannot give back the unused space of a segment",
                         {{"segment", segment->path}, {"reason", trimmed.error()}});
        }
        if (!status) {
            logger_.warn("cannot write the index of a segment; it is made anew when it is needed",
                         {{"segment", segment->path}, {"reason", status.error()}});
        }
    }
    unpin(todo);
    if (options_.threads && rolling) {
        if (auto status = files_.prepare_spare(); !status) {
            logger_.warn("cannot prepare a segment", {{"reason", status.error()}});
        }
    }
    metrics_.disk_bytes.set(double(files_.disk_bytes()));
    return true;
}

// The maintenance thread's loop.
void Log::Impl::maintenance() {
    int64_t last = context_.clock.monotonic_us();
    for (;;) {
        bool retention = false;
        {
            MutexLock lock(mutex_);
            if (!closing_ && unindexed_.empty()) {
                maintenance_wake_.wait_for(
                    mutex_, no_space_.empty()
                                ? options_.retention_interval
                                : std::min(options_.retention_interval, kRoomInterval));
            }
            if (closing_) return;
            retention = retention_on_;
        }
        maintain();
        try_room();
        int64_t now = context_.clock.monotonic_us();
        if (!retention || now - last < options_.retention_interval.us) continue;
        last = now;
        if (auto freed = run_retention(); !freed) {
            logger_.warn("retention failed", {{"reason", freed.error()}});
        } else if (*freed > 0) {
            logger_.info("retention freed segments", {{"bytes", *freed}});
        }
    }
}

}  // namespace tarn::log
