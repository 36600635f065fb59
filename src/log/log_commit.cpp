// Appending: what is checked on the caller's thread, and the committer, which gives offsets, writes
// a window of batches as blocks, syncs once and only then answers.

#include <fmt/format.h>

#include <algorithm>

#include "log_impl.h"
#include "tarn/base/check.h"

namespace tarn::errors {
extern const ErrorId kSyncFailed;
}  // namespace tarn::errors

namespace tarn::log {
namespace {

constexpr uint64_t kMaxWindowBytes = 32ull << 20;
// Past this a window does not wait for more company.
constexpr uint64_t kFullWindowBytes = 4ull << 20;

AppendOutcome refuse(AppendCode code, std::string message) {
    AppendOutcome outcome;
    outcome.code = code;
    outcome.message = std::move(message);
    return outcome;
}

AppendCode code_of(const Error& error) {
    switch (error.code()) {
        case ErrorCode::kUnsupported:
            return AppendCode::kUnsupportedFormat;
        default:
            return AppendCode::kInvalidRecord;
    }
}

std::optional<AppendOutcome> check_times(const codec::BatchTimes& times, const TimeBounds& bounds) {
    if (times.latest_ms == -1 && times.earliest_ms == -1) return {};
    if (times.earliest_ms >= bounds.earliest_ms && times.latest_ms <= bounds.latest_ms) return {};
    return refuse(
        AppendCode::kInvalidTimestamp,
        fmt::format("a record's timestamp is further from the broker's time than the "
                    "topic allows: {} to {} ms, allowed are {} to {}",
                    times.earliest_ms, times.latest_ms, bounds.earliest_ms, bounds.latest_ms));
}

}  // namespace

// Everything that can be said before a batch gets its place. An outcome means it was refused.
std::optional<AppendOutcome> Log::Impl::admit(AppendRequest& request, Pending& pending) {
    TopicConfig config;
    {
        MutexLock lock(mutex_);
        if (closing_) return refuse(AppendCode::kShuttingDown, "the log is closing");
        pending.partition = find_partition(request.partition);
        if (!pending.partition || (pending.partition->topic->info.internal && !request.internal)) {
            return refuse(AppendCode::kUnknownPartition, "no such partition");
        }
        if (!read_only_.empty()) return refuse(AppendCode::kReadOnly, read_only_);
        auto& known = pending.partition->topic->info.config;
        config.max_message_bytes = known.max_message_bytes;
        config.timestamp_type = known.timestamp_type;
    }
    auto& batch = request.batch;
    size_t limit =
        std::min<size_t>(size_t(std::max(config.max_message_bytes, 0)), max_batch_bytes_);
    if (batch.size() > limit) {
        return refuse(AppendCode::kTooLarge, fmt::format("the batch is larger than the topic or a "
                                                         "block takes: {} bytes, at most {}",
                                                         batch.size(), limit));
    }
    if (auto refused = check_batch(request, config.timestamp_type, pending)) return refused;
    pending.batch = std::move(batch);
    pending.writer = request.writer;
    return {};
}

// The batch as such. Its times are put right: the broker's where the topic asks for that, and the
// greatest of its records, whatever its producer says.
std::optional<AppendOutcome> Log::Impl::check_batch(AppendRequest& request, TimestampType type,
                                                    Pending& pending) {
    auto& batch = request.batch;
    auto header = codec::parse_batch_header(batch);
    if (!header) return refuse(code_of(header.error()), header.error().message());
    if (header->total_size() != batch.size()) {
        return refuse(AppendCode::kInvalidRecord, "bytes follow the batch: one batch at a time");
    }
    if (!codec::batch_crc_holds(batch)) {
        return refuse(AppendCode::kCorrupt, "record batch is damaged: its crc does not hold");
    }
    auto times = codec::check_records(batch, options_.max_decompressed_bytes);
    if (!times) return refuse(code_of(times.error()), times.error().message());
    if (type == TimestampType::kLogAppendTime && !header->control()) {
        pending.outcome.log_append_time_ms = context_.clock.now().ms();
        codec::assign_log_append_time(batch, pending.outcome.log_append_time_ms);
    } else {
        if (request.times) {
            if (auto refused = check_times(*times, *request.times)) return refused;
        }
        if (header->log_append_time() || header->max_timestamp_ms != times->latest_ms)
            codec::assign_create_time(batch, times->latest_ms);
    }
    TARN_CHECK(header = codec::parse_batch_header(batch), "a valid batch stays valid");
    pending.header = *header;
    return {};
}

void Log::Impl::append(AppendRequest request, AppendCallback done) {
    Pending pending;
    auto refused = admit(request, pending);
    if (!refused) {
        MutexLock lock(mutex_);
        size_t bytes = pending.batch.size();
        if (closing_) {
            refused = refuse(AppendCode::kShuttingDown, "the log is closing");
        } else if (queued_bytes_ + bytes > options_.append_queue_bytes && queued_bytes_ > 0) {
            refused = refuse(AppendCode::kThrottled, "the append queue is full");
        } else {
            if (queue_.empty()) first_queued_us_ = context_.clock.monotonic_us();
            queued_bytes_ += bytes;
            pending.done = std::move(done);
            queue_.push_back(std::move(pending));
            if (committer_waits_) committer_wake_.notify_one();
            return;
        }
    }
    metrics_.refused.add();
    done(std::move(*refused));
}

AppendOutcome Log::Impl::append_and_wait(AppendRequest request) {
    struct Answer {
        Mutex mutex;
        Condition ready;
        std::optional<AppendOutcome> outcome;
    };
    auto answer = std::make_shared<Answer>();
    append(std::move(request), [answer](AppendOutcome outcome) {
        MutexLock lock(answer->mutex);
        answer->outcome = std::move(outcome);
        answer->ready.notify_one();
    });
    if (!options_.threads) {
        while (commit_window()) {
        }
    }
    MutexLock lock(answer->mutex);
    while (!answer->outcome)
        answer->ready.wait(answer->mutex);
    return std::move(*answer->outcome);
}

// The committer's loop: waits until there is something and the window since the first append is
// over.
void Log::Impl::committer() {
    for (;;) {
        {
            MutexLock lock(mutex_);
            committer_waits_ = true;
            while (queue_.empty() && !closing_)
                committer_wake_.wait(mutex_);
            while (!queue_.empty() && !closing_ && queued_bytes_ < kFullWindowBytes) {
                int64_t waited = context_.clock.monotonic_us() - first_queued_us_;
                if (waited >= options_.window.us) break;
                committer_wake_.wait_for(mutex_, Duration{options_.window.us - waited});
            }
            committer_waits_ = false;
            if (queue_.empty() && closing_) return;
        }
        commit_window();
    }
}

bool Log::Impl::take_window(Window& window) {
    MutexLock lock(mutex_);
    uint64_t bytes = 0;
    while (!queue_.empty() &&
           (bytes == 0 || bytes + queue_.front().batch.size() <= kMaxWindowBytes)) {
        bytes += queue_.front().batch.size();
        window.pending.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    if (!queue_.empty()) first_queued_us_ = context_.clock.monotonic_us() - options_.window.us;
    return !window.pending.empty();
}

bool Log::Impl::commit_window() {
    Window window;
    {
        MutexLock commit(commit_mutex_);
        if (!take_window(window)) return false;
        decide(window);
        if (!window.placed.empty()) {
            if (auto status = write_window(window); !status) take_back(window, status.error());
        }
    }
    finish(window);
    return true;
}

// Gives offsets in the order of the calls, then groups the window by partition.
void Log::Impl::decide(Window& window) {
    MutexLock lock(mutex_);
    window.placed.reserve(window.pending.size());
    window.undo.reserve(window.pending.size());
    for (auto& pending : window.pending) {
        if (!read_only_.empty()) {
            pending.outcome.code = AppendCode::kReadOnly;
            pending.outcome.message = read_only_;
        } else {
            place(window, pending);
        }
    }
    std::sort(window.placed.begin(), window.placed.end(), [](auto& a, auto& b) {
        return std::pair(a.entry.partition, a.entry.base_offset) <
               std::pair(b.entry.partition, b.entry.base_offset);
    });
}

void Log::Impl::place(Window& window, Pending& pending) {
    auto& p = *pending.partition;
    auto& outcome = pending.outcome;
    outcome.log_start_offset = p.log_start;
    if (p.dead) {
        outcome.code = AppendCode::kUnknownPartition;
        outcome.message = "the topic was deleted";
        return;
    }
    ProducerVerdict verdict;
    if (pending.writer) verdict = p.producers.check(*pending.writer);
    if (verdict.code == AppendCode::kOk) verdict = p.producers.check(pending.header);
    outcome.code = verdict.code;
    outcome.base_offset = verdict.base_offset;
    outcome.last_offset = verdict.last_offset;
    outcome.message = std::move(verdict.message);
    if (verdict.code != AppendCode::kOk) return;

    auto& header = pending.header;
    header.base_offset = p.next_offset;
    header.leader_epoch = 0;
    codec::assign_offset(pending.batch.data(), header.base_offset, header.leader_epoch);
    auto entry = describe_batch(p.key, header, pending.batch, pending.writer);
    window.undo.push_back({&p, p.next_offset, p.producers.remember(entry)});
    p.producers.apply(entry, context_.clock.now().us);
    p.next_offset = entry.next_offset();
    outcome.base_offset = entry.base_offset;
    outcome.last_offset = entry.next_offset() - 1;
    window.placed.push_back({&pending, std::move(entry), false});
}

uint64_t Log::Impl::room() const {
    return cut_needed_ ? 0 : options_.segment_bytes - write_offset_;
}

Status Log::Impl::write_window(Window& window) {
    auto& placed = window.placed;
    for (size_t first = 0; first < placed.size();) {
        uint64_t limit = std::min<uint64_t>(room(), kMaxBlockBytes);
        BlockHeader shape;
        size_t last = first, payload = 0;
        for (; last < placed.size(); ++last) {
            auto& e = placed[last].entry;
            size_t directory = shape.directory_bytes + e.encoded_size();
            if (round_up_page(kBlockHeaderSize + directory + payload + e.size) > limit) break;
            shape.directory_bytes = uint32_t(directory);
            payload += e.size;
        }
        if (last == first) {
            TARN_RETURN_IF_ERROR(sync_and_publish(window));
            TARN_RETURN_IF_ERROR(roll());
            continue;
        }
        shape.count = uint32_t(last - first);
        shape.size = uint32_t(round_up_page(kBlockHeaderSize + shape.directory_bytes + payload));
        TARN_RETURN_IF_ERROR(write_block(window, first, last, shape));
        first = last;
    }
    return sync_and_publish(window);
}

Status Log::Impl::write_block(Window& window, size_t first, size_t last, const BlockHeader& shape) {
    WrittenBlock block{{shape, {}}, nullptr, first};
    auto& header = block.head.header;
    header.sequence = next_sequence_;
    header.position = lane_position(active_->header.number, write_offset_);
    header.start_number = active_->header.start_number;
    header.durable_up_to = durable_sequence_;
    header.time_us = context_.clock.now().us;
    block.head.entries.reserve(last - first);
    auto buffer = pool_->get(header.size);
    char* to = buffer.get() + header.head_bytes();
    for (size_t i = first; i < last; ++i) {
        block.head.entries.push_back(window.placed[i].entry);
        auto& batch = window.placed[i].pending->batch;
        std::memcpy(to, batch.data(), batch.size());
        to += batch.size();
    }
    std::memset(to, 0, size_t(buffer.get() + header.size - to));
    encode_block_head(header, block.head.entries, active_->header.salt, buffer.get());
    TARN_RETURN_IF_ERROR(grow_active(write_offset_ + header.size));
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.commit.before_write"));
    TARN_RETURN_IF_ERROR(writer_->write_at(write_offset_, {buffer.get(), header.size}));
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.commit.after_write"));
    write_offset_ += header.size;
    ++next_sequence_;
    block.bytes = std::move(buffer);
    window.unsynced.push_back(std::move(block));
    return {};
}

// Space for the active segment's first `need` bytes.
Status Log::Impl::grow_active(uint64_t need) {
    const auto has = active_->file_bytes;
    if (need <= has) return {};
    TARN_TRY(auto bytes, files_.grow(*writer_, has, need));
    metrics_.disk_bytes.set(double(files_.disk_bytes()));
    MutexLock lock(mutex_);
    active_->file_bytes = bytes;
    return {};
}

Status Log::Impl::sync_and_publish(Window& window) {
    if (window.unsynced.empty()) return {};
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.commit.before_sync"));
    int64_t began = context_.clock.monotonic_us();
    if (auto status = writer_->sync(); !status) {
        return fail(
            Error(errors::kSyncFailed, status.error().message()).with_context("sync failed"));
    }
    metrics_.sync_seconds.observe(double(context_.clock.monotonic_us() - began) / 1e6);
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.commit.after_sync"));
    durable_sequence_ = next_sequence_ - 1;
    publish(window);
    return {};
}

// A new segment, durable under its name, in which writing goes on.
Result<std::shared_ptr<Segment>> Log::Impl::open_segment_after(uint64_t predecessor,
                                                               uint64_t predecessor_end,
                                                               uint64_t first_sequence,
                                                               bool whole) {
    auto segment = std::make_shared<Segment>();
    auto& header = segment->header;
    header.log_id = log_id_;
    header.number = next_number_;
    header.start_number = options_.start_number;
    header.segment_bytes = options_.segment_bytes;
    header.created_us = context_.clock.now().us;
    header.predecessor = predecessor;
    header.predecessor_end = predecessor_end;
    header.first_sequence = first_sequence;
    {
        MutexLock lock(random_mutex_);
        header.salt = context_.random.next();
    }
    TARN_TRY(auto opened, files_.open_segment(header, *pool_, whole));
    segment->path = std::move(opened.path);
    segment->file = std::move(opened.reader);
    segment->next_sequence = first_sequence;
    segment->file_bytes = opened.bytes;
    segment->index = std::make_shared<SegmentIndex>();
    writer_ = std::move(opened.writer);
    write_offset_ = kPage;
    next_sequence_ = first_sequence;
    durable_sequence_ = first_sequence - 1;
    ++next_number_;
    cut_needed_ = false;
    metrics_.segments_opened.add();
    return segment;
}

// Seals the active segment at its published end and goes on in a new one.
Status Log::Impl::roll() {
    uint64_t end = 0, sequence = 0;
    {
        MutexLock lock(mutex_);
        end = active_->end;
        sequence = active_->next_sequence;
    }
    // What has filled one segment will fill the next.
    bool whole = end >= options_.segment_bytes / 2;
    TARN_TRY(auto segment, open_segment_after(active_->header.number, end, sequence, whole));
    MutexLock lock(mutex_);
    active_->sealed = true;
    index_bytes_ += active_->index->bytes();
    touch_index(*active_);
    unindexed_.push_back(active_);
    segments_[segment->header.number] = segment;
    active_ = std::move(segment);
    if (!no_space_.empty()) {
        no_space_.clear();
        metrics_.read_only.set(0);
        logger_.info("there is room again: the log takes writes",
                     {{"refused", std::exchange(refused_without_space_, 0)}});
    }
    maintenance_wake_.notify_one();
    return {};
}

// After the disk was full: goes on once there is room, though nobody sends anything.
void Log::Impl::try_room() {
    MutexLock commit(commit_mutex_);
    {
        MutexLock lock(mutex_);
        if (no_space_.empty() || !read_only_.empty()) return;
    }
    Window none;
    if (auto status = roll(); !status) take_back(none, status.error());
}

// An empty block behind the last: it says that everything before it was durable, so damage cannot
// pass for a tear.
Status Log::Impl::write_end_mark() {
    MutexLock commit(commit_mutex_);
    {
        MutexLock lock(mutex_);
        if (!active_ || !read_only_.empty() || active_->end == kPage) return {};
    }
    if (room() < kPage) return {};
    Window window;
    BlockHeader shape;
    shape.size = kPage;
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.close.before_mark"));
    TARN_RETURN_IF_ERROR(write_block(window, 0, 0, shape));
    return sync_and_publish(window);
}

// What is synced becomes readable.
void Log::Impl::publish(Window& window) {
    uint64_t bytes = 0, records = 0, batches = 0;
    MutexLock lock(mutex_);
    for (auto& block : window.unsynced) {
        auto& header = block.head.header;
        active_->index->add(block.head);
        auto at = active_->heads.size();
        active_->heads.resize(at + header.head_bytes());
        std::memcpy(active_->heads.data() + at, block.bytes.get(), header.head_bytes());
        head_.add({header.position, header.size, std::move(block.bytes)});
        active_->end = uint32_t(header.position) + header.size;
        active_->next_sequence = header.sequence + 1;
        bytes += header.size;
        for (size_t i = 0; i < block.head.entries.size(); ++i) {
            auto& placed = window.placed[block.first_placed + i];
            auto& p = *placed.pending->partition;
            placed.durable = true;
            records += placed.entry.records;
            ++batches;
            if (p.dead) continue;
            p.apply_transaction(placed.entry);
            if (p.extend(placed.entry, active_->header.number, header.time_us)) {
                ++active_->live_spans;
            }
            p.high_watermark = placed.entry.next_offset();
            if (window.moved.empty() || window.moved.back() != p.id) window.moved.push_back(p.id);
        }
    }
    window.unsynced.clear();
    metrics_.bytes.add(double(bytes));
    metrics_.records.add(double(records));
    metrics_.batches.add(double(batches));
    metrics_.window_bytes.observe(double(bytes));
}

// Nothing of the window that is not durable has happened, and everybody is told.
void Log::Impl::take_back(Window& window, const Error& error) {
    bool passing = error.code() == ErrorCode::kResourceExhausted;
    auto code = passing && files_.limit_reached() ? AppendCode::kThrottled : AppendCode::kReadOnly;
    cut_needed_ = true;
    window.unsynced.clear();
    MutexLock lock(mutex_);
    for (auto undo = window.undo.rbegin(); undo != window.undo.rend(); ++undo) {
        undo->partition->next_offset = undo->next_offset;
        undo->partition->producers.restore(undo->producers);
    }
    for (auto& placed : window.placed) {
        auto& p = *placed.pending->partition;
        if (!placed.durable) continue;
        p.next_offset = placed.entry.next_offset();
        p.producers.apply(placed.entry, context_.clock.now().us);
    }
    std::string reason = fmt::format("the log takes no writes: {}", error.message());
    std::vector<const Pending*> durable;
    for (auto& placed : window.placed) {
        if (placed.durable) durable.push_back(placed.pending);
    }
    std::sort(durable.begin(), durable.end());
    for (auto& pending : window.pending) {
        if (std::binary_search(durable.begin(), durable.end(), &pending)) continue;
        // A duplicate may be one of a batch that was just taken back.
        if (pending.outcome.code != AppendCode::kOk &&
            pending.outcome.code != AppendCode::kDuplicate) {
            continue;
        }
        pending.outcome = refuse(code, reason);
        ++refused_without_space_;
    }
    // Each window that fails for the same reason is counted; the first says it.
    bool known = passing && !no_space_.empty();
    (passing ? no_space_ : read_only_) = reason;
    metrics_.read_only.set(1);
    if (known) return;
    maintenance_wake_.notify_one();  // looks for room from now on
    logger_.error("the log takes no writes", {{"reason", error}, {"for_good", !passing}});
}

void Log::Impl::finish(Window& window) {
    uint64_t bytes = 0;
    for (auto& pending : window.pending)
        bytes += pending.batch.size();
    {
        MutexLock lock(mutex_);
        queued_bytes_ -= bytes;
    }
    metrics_.windows.add();
    for (auto& pending : window.pending) {
        bool stored = pending.outcome.code == AppendCode::kOk;
        if (!stored && pending.outcome.code != AppendCode::kDuplicate) metrics_.refused.add();
        if (!stored) pending.outcome.log_append_time_ms = -1;
        pending.done(std::move(pending.outcome));
    }
    if (!window.moved.empty()) notify(window.moved);
}

}  // namespace tarn::log
