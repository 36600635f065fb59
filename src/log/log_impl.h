#pragma once

// Inside of Log. Split over files by task: log_open (recovery), log_topics, log_commit (append and
// the committer), log_read, log_retention, log.cpp (the outside and the threads).
//
// Threads: callers, the committer (log_commit.cpp), maintenance (index files, spares, retention).
// Locks, in the order in which they are taken: topics_mutex_ or snapshot_mutex_, then
// commit_mutex_, then mutex_. commit_mutex_ is held from the moment a window takes offsets until it
// is published or taken back, so whoever holds it sees only durable state. mutex_ is never held
// across disk access.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "buffer_pool.h"
#include "head_cache.h"
#include "partition.h"
#include "segment.h"
#include "segment_files.h"
#include "stores.h"
#include "tarn/base/mutex.h"
#include "tarn/log/log.h"

namespace tarn::log {

struct LogMetrics {
    explicit LogMetrics(Metrics& m);
    Counter& bytes;
    Counter& records;
    Counter& batches;
    Counter& refused;
    Counter& windows;
    Counter& fetched_cached;
    Counter& fetched_disk;
    Counter& segments_opened;
    Counter& segments_freed;
    Histogram& sync_seconds;
    Histogram& window_bytes;
    Gauge& read_only;
    Gauge& disk_bytes;
};

class Log::Impl {
  public:
    Impl(LogOptions options, LogContext context);

    // log_open.cpp
    Status open();
    // log.cpp
    void start_threads();
    void close();
    uint64_t add_listener(Listener listener);
    void remove_listener(uint64_t token);
    Result<int64_t> new_producer_id();
    Usage usage() const;
    size_t max_batch_bytes() const { return max_batch_bytes_; }

    // log_topics.cpp
    Result<TopicInfo> create_topic(std::string_view name, TopicConfig config, bool internal);
    Status delete_topic(std::string_view name);
    Status alter_topic(std::string_view name, TopicConfig config);
    std::vector<TopicInfo> topics() const;
    std::optional<TopicInfo> find_topic(std::string_view name) const;
    std::optional<TopicInfo> find_topic(const Uuid& id) const;
    std::optional<Writer> writer_position(const PartitionId& id, int64_t writer_id) const;

    // log_commit.cpp
    void append(AppendRequest request, AppendCallback done);
    AppendOutcome append_and_wait(AppendRequest request);
    bool commit_window();
    void try_room();

    // log_read.cpp
    FetchResult fetch(const PartitionId& id, int64_t offset, size_t max_bytes,
                      int64_t until = INT64_MAX);
    std::optional<PartitionOffsets> offsets(const PartitionId& id) const {
        return offsets(std::span(&id, 1)).front();
    }
    std::vector<std::optional<PartitionOffsets>> offsets(std::span<const PartitionId> ids) const;
    Result<OffsetAndTime> offset_for_time(const PartitionId& id, int64_t timestamp_ms);
    Result<OffsetAndTime> offset_of_max_time(const PartitionId& id);

    // log_order.cpp
    Result<OrderedRange> next_in_order(const Uuid& topic, std::span<const int64_t> from,
                                       const OrderedLimits& limits);

    // log_retention.cpp
    Result<int64_t> delete_records(const PartitionId& id, int64_t offset);
    void set_hold(std::string_view holder, const PartitionId& id, int64_t offset);
    void release_holds(std::string_view holder);
    void start_retention();
    Result<uint64_t> run_retention();
    // Index files and spares. True if there was anything to do.
    bool maintain();

    const LogOptions options_;

  private:
    struct Pending {
        std::shared_ptr<Partition> partition;
        std::string batch;
        codec::BatchHeader header;
        std::optional<Writer> writer;
        AppendCallback done;
        AppendOutcome outcome;
    };
    // A batch that got its offset in the window under way.
    struct Placed {
        Pending* pending = nullptr;
        DirectoryEntry entry;
        bool durable = false;
    };
    struct Undo {
        Partition* partition = nullptr;
        int64_t next_offset = 0;
        ProducerTable::Undo producers;
    };
    struct WrittenBlock {
        BlockHead head;
        std::shared_ptr<const char> bytes;
        size_t first_placed = 0;
    };
    struct Window {
        std::vector<Pending> pending;
        std::vector<Placed> placed;
        std::vector<Undo> undo;
        std::vector<WrittenBlock> unsynced;
        std::vector<PartitionId> moved;  // partitions whose high watermark moved
    };

    // log_open.cpp
    Status load_topics();
    Status load_snapshot();
    Status load_segments();
    Result<std::shared_ptr<Segment>> load_segment(uint64_t number);
    Status link_segments(std::vector<std::shared_ptr<Segment>>& chain);
    Status replay_chain(const std::vector<std::shared_ptr<Segment>>& chain);
    Status replay(Segment& segment, const BlockHead& head);
    Status check_partitions();
    Status settle_tail(Segment& tail);
    Status open_after_tail(const std::shared_ptr<Segment>& tail);
    Status trim(Segment& segment);

    // log_topics.cpp
    std::shared_ptr<Topic> make_topic(uint32_t number, TopicInfo info);
    void add_partitions(Topic& topic) TARN_REQUIRES(mutex_);
    Status store_topics(const TopicsDocument& document);
    TopicsDocument topics_document() const TARN_REQUIRES(mutex_);
    std::shared_ptr<Partition> find_partition(const PartitionId& id) const TARN_REQUIRES(mutex_);
    void notify(std::span<const PartitionId> partitions);

    // log_commit.cpp
    std::optional<AppendOutcome> admit(AppendRequest& request, Pending& pending);
    std::optional<AppendOutcome> check_batch(AppendRequest& request, TimestampType type,
                                             Pending& pending);
    void committer();
    bool take_window(Window& window);
    void decide(Window& window);
    void place(Window& window, Pending& pending) TARN_REQUIRES(mutex_);
    Status write_window(Window& window);
    Status write_block(Window& window, size_t first, size_t last, const BlockHeader& shape);
    Status sync_and_publish(Window& window);
    Result<std::shared_ptr<Segment>> open_segment_after(uint64_t predecessor,
                                                        uint64_t predecessor_end,
                                                        uint64_t first_sequence, bool whole);
    Status grow_active(uint64_t need);
    Status roll();
    void publish(Window& window);
    void take_back(Window& window, const Error& error);
    void finish(Window& window);
    Status write_end_mark();
    uint64_t room() const;

    // log_read.cpp
    struct Piece;
    struct Plan;
    bool plan_fetch(Plan& plan, FetchResult& result);
    void plan_span(Plan& plan, const std::shared_ptr<Segment>& segment,
                   const std::vector<BatchPlace>& batches) TARN_REQUIRES(mutex_);
    Status read_run(Plan& plan, size_t first, size_t last, FetchResult& result);
    void read_pieces(Plan& plan, FetchResult& result);
    Result<std::shared_ptr<SegmentIndex>> load_index(const std::shared_ptr<Segment>& segment);
    void touch_index(Segment& segment) TARN_REQUIRES(mutex_);
    Result<std::optional<BatchPlace>> find_batch(const PartitionId& id, int64_t from,
                                                 int64_t timestamp_ms);
    void unpin(const std::vector<std::shared_ptr<Segment>>& segments);

    // log_order.cpp
    struct Order;
    bool plan_order(const Uuid& topic, std::span<const int64_t> from, Order& order);
    Status gather_batches(Order& order, uint64_t number);

    // log_retention.cpp
    int64_t hold_of(const PartitionId& id) const TARN_REQUIRES(mutex_);
    std::string holder_of(const PartitionId& id) const TARN_REQUIRES(mutex_);
    bool move_log_start(Partition& partition, int64_t offset) TARN_REQUIRES(mutex_);
    void release_span(const Span& span) TARN_REQUIRES(mutex_);
    int64_t expired_up_to(const Partition& p, Timestamp now) const TARN_REQUIRES(mutex_);
    std::vector<std::shared_ptr<Segment>> pick_victims(uint64_t& lowest_kept)
        TARN_REQUIRES(snapshot_mutex_, mutex_);
    Snapshot make_snapshot(const std::vector<uint64_t>& freeing) TARN_REQUIRES(mutex_);
    Status write_snapshot(const Snapshot& snapshot);
    Result<uint64_t> free_segments(const std::vector<std::shared_ptr<Segment>>& segments);
    void maintenance();

    LogContext context_;
    const Logger logger_;
    LogMetrics metrics_;
    const std::string lane_folder_;
    Uuid log_id_;
    std::shared_ptr<BufferPool> pool_;
    SegmentFiles files_;
    size_t max_batch_bytes_ = 0;  // what a block can take

    Mutex topics_mutex_;    // over changes of the topics document
    Mutex snapshot_mutex_;  // over the snapshot file and what it decides
    uint64_t snapshot_freed_below_ TARN_GUARDED_BY(snapshot_mutex_) = 0;
    // A log start moved in memory and is not in the snapshot yet.
    bool log_starts_dirty_ TARN_GUARDED_BY(snapshot_mutex_) = false;
    std::set<uint64_t> snapshot_freed_ TARN_GUARDED_BY(snapshot_mutex_);

    // The committer's own, under commit_mutex_.
    mutable Mutex commit_mutex_;
    std::shared_ptr<Segment> active_;  // also read under mutex_; written under both
    std::unique_ptr<io::File> writer_;
    uint64_t write_offset_ = 0;
    uint64_t next_sequence_ = 1;
    uint64_t durable_sequence_ = 0;
    uint64_t next_number_ = 1;
    bool cut_needed_ =
        false;  // what is written behind active_->end is dead: go on in a new segment

    mutable Mutex mutex_;
    Condition committer_wake_;
    Condition maintenance_wake_;
    std::deque<Pending> queue_ TARN_GUARDED_BY(mutex_);
    uint64_t queued_bytes_ TARN_GUARDED_BY(mutex_) = 0;
    int64_t first_queued_us_ TARN_GUARDED_BY(mutex_) = 0;
    bool committer_waits_ TARN_GUARDED_BY(mutex_) = false;
    bool closing_ TARN_GUARDED_BY(mutex_) = false;
    bool closed_ TARN_GUARDED_BY(mutex_) = false;
    std::string read_only_ TARN_GUARDED_BY(mutex_);  // why, for good; empty: writable
    std::string no_space_
        TARN_GUARDED_BY(mutex_);  // why the last window found no room; empty: it did
    uint64_t refused_without_space_ TARN_GUARDED_BY(mutex_) = 0;  // batches, since then
    bool retention_on_ TARN_GUARDED_BY(mutex_) = false;
    uint32_t next_topic_number_ TARN_GUARDED_BY(mutex_) = 1;
    std::map<std::string, std::shared_ptr<Topic>, std::less<>> topics_ TARN_GUARDED_BY(mutex_);
    std::unordered_map<Uuid, std::shared_ptr<Topic>> topics_by_id_ TARN_GUARDED_BY(mutex_);
    std::unordered_map<PartitionKey, std::shared_ptr<Partition>> partitions_
        TARN_GUARDED_BY(mutex_);
    std::map<uint64_t, std::shared_ptr<Segment>> segments_ TARN_GUARDED_BY(mutex_);
    std::vector<std::shared_ptr<Segment>> unindexed_ TARN_GUARDED_BY(mutex_);
    HeadCache head_ TARN_GUARDED_BY(mutex_);
    uint64_t use_counter_ TARN_GUARDED_BY(mutex_) = 0;
    size_t index_bytes_ TARN_GUARDED_BY(mutex_) = 0;  // of sealed segments' indexes in memory
    std::map<std::string, std::map<PartitionId, int64_t>, std::less<>> holds_
        TARN_GUARDED_BY(mutex_);
    Snapshot loaded_;                 // the snapshot, while opening
    uint64_t unproven_from_ = kPage;  // of the newest segment found, while opening

    Mutex random_mutex_;  // over context_.random
    Mutex producer_ids_mutex_;
    ProducerIds producer_ids_ TARN_GUARDED_BY(producer_ids_mutex_);

    Mutex listeners_mutex_;  // held while listeners run
    uint64_t next_token_ TARN_GUARDED_BY(listeners_mutex_) = 1;
    std::map<uint64_t, Listener> listeners_ TARN_GUARDED_BY(listeners_mutex_);

    std::thread committer_thread_;
    std::thread maintenance_thread_;
};

}  // namespace tarn::log
