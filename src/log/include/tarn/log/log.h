#pragma once

// The log: topics of partitions of records, kept as Kafka record batches verbatim in shared
// segments (lanes).
//
// One committer thread gathers what was appended during a window, writes it as blocks with one
// sync, and only then acknowledges and shows it: nobody, flows included, reads beyond the durable
// high watermark. lane.h holds the grammar of the bytes. Owned by `cli`; all public methods are
// thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/logger.h"
#include "tarn/base/memory.h"
#include "tarn/base/metrics.h"
#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/base/time.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"

namespace tarn::log {

// A partition's identity. The topic id, not its name: a topic re-created under its old name is
// another topic.
struct PartitionId {
    Uuid topic;
    int32_t partition = 0;
    friend auto operator<=>(const PartitionId&, const PartitionId&) = default;
};

enum class TimestampType : uint8_t { kCreateTime = 0, kLogAppendTime = 1 };

struct TopicConfig {
    int32_t partitions = 1;
    Duration retention = Duration::seconds(7 * 24 * 3600);  // negative: for ever
    int64_t retention_bytes = -1;                           // of each partition; negative: no limit
    int32_t max_message_bytes = 1'048'588;                  // of a batch
    TimestampType timestamp_type = TimestampType::kCreateTime;
    // Names and values as a Kafka client set them, for DescribeConfigs; the fields above are what
    // counts.
    std::map<std::string, std::string> raw{};
};

struct TopicInfo {
    std::string name;
    Uuid id;
    TopicConfig config;
    Timestamp created;
    bool internal = false;  // Tarn's own, e.g. __consumer_offsets: hidden from writes by clients
};

// Why a batch was not appended. Total; module `kafka` maps each to a protocol error.
enum class AppendCode : uint8_t {
    kOk,
    kDuplicate,  // idempotent repeat: base_offset is that of the first time (-1 if no longer known)
    kUnknownPartition,
    kCorrupt,            // the batch's checksum does not hold
    kInvalidRecord,      // the batch is no batch, or one of its records none
    kUnsupportedFormat,  // magic 0 or 1
    kTooLarge,
    kOutOfOrderSequence,
    kInvalidProducerEpoch,  // fenced by a newer epoch
    kUnknownProducerId,
    kInvalidTimestamp,
    kThrottled,  // memory or disk budget is full: retry
    kReadOnly,   // a sync failed, or the disk is full: this lane takes no more writes
    kShuttingDown,
};

struct AppendOutcome {
    AppendCode code = AppendCode::kOk;
    int64_t base_offset = -1;
    int64_t last_offset = -1;
    int64_t log_append_time_ms = -1;  // -1 unless the topic's timestamp type is LogAppendTime
    int64_t log_start_offset = 0;
    std::string message;  // for people; set when code is neither kOk nor kDuplicate
};

// A flow writing to its own topic. The log keeps, per partition and writer, the highest (epoch,
// part) appended and ignores (kDuplicate) any that is not higher: a repeated epoch is harmless.
// Survives restarts, like producer state.
struct Writer {
    int64_t id = 0;  // chosen by the flow: a hash of its name and generation; never 0
    int64_t epoch = 0;
    int32_t part = 0;  // batches of one epoch and partition: 0, 1, 2 …
};

// What a client's records may carry as their time, -1 (none) apart.
struct TimeBounds {
    int64_t earliest_ms = INT64_MIN;
    int64_t latest_ms = INT64_MAX;
};

struct AppendRequest {
    PartitionId partition;
    std::string batch;                  // exactly one record batch
    std::optional<Writer> writer;       // only from inside the process
    bool internal = false;              // may write to internal topics
    std::optional<TimeBounds> times{};  // where the topic keeps the producer's times
};
using AppendCallback = std::move_only_function<void(AppendOutcome)>;

// Bytes that stay readable while the handle lives.
struct Slice {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
    size_t held = 0;  // what the owner takes from memory
};

// Where a batch stands in the order of all appends to the log, and when it was written.
struct BatchOrigin {
    uint64_t position = 0;
    Timestamp written;  // by the clock of the time, which may have stepped
};

enum class FetchCode : uint8_t { kOk, kUnknownPartition, kOffsetOutOfRange, kDamaged, kIo };

struct FetchResult {
    FetchCode code = FetchCode::kOk;
    int64_t log_start_offset = 0;
    int64_t high_watermark = 0;      // everything below is durable and readable
    int64_t last_stable_offset = 0;  // everything below belongs to no open transaction
    // Whole batches in offset order, the first being the one that holds the asked offset (which may
    // lie inside it). At least one if there is any, even if larger than max_bytes. One slice may
    // hold several batches.
    std::vector<Slice> slices;
    std::vector<BatchOrigin> origins;  // of each batch in them
    std::string message;
};

struct PartitionOffsets {
    int64_t log_start_offset = 0;
    int64_t high_watermark = 0;
    int64_t last_stable_offset = 0;
    int64_t bytes = 0;
};

// How much of a topic to read at once.
struct OrderedLimits {
    int64_t records = 0, bytes = 0;
    bool some = true;  // the first batch is taken whatever its size
};
// A piece of a topic in the order in which it was appended.
struct OrderedRange {
    std::vector<PartitionOffsets> offsets;  // of the partitions, all at one moment
    std::vector<int64_t> to;                // of the partitions, exclusive
    bool more = false;                      // it was full: there is more behind
};

struct OffsetAndTime {
    int64_t offset = -1;
    int64_t timestamp_ms = -1;
    int32_t leader_epoch = -1;
};

struct LogOptions {
    std::string folder;         // <data>/log
    uint64_t start_number = 1;  // of DataFolder: into headers
    uint64_t segment_bytes = 128ull << 20;
    // Disk space that the first segment of a start reserves; it grows by as much as it has. A
    // multiple of 4,096.
    uint64_t first_segment_bytes = 1ull << 20;
    Duration window = Duration::millis(1);      // how long a commit waits for company (0: none)
    uint64_t head_cache_bytes = 64ull << 20;    // newest bytes of the lane kept in memory
    uint64_t append_queue_bytes = 64ull << 20;  // un-synced appends in memory; past it kThrottled
    uint64_t max_decompressed_bytes = 256ull << 20;  // a batch that inflates past this is corrupt
    uint64_t disk_limit_bytes = UINT64_MAX;          // of the log folder
    Duration retention_interval = Duration::seconds(30);
    // False: no threads; the caller drives step(). For simulation.
    bool threads = true;
};
// The declarations behind LogOptions, and the options they give, for `cli` (folder and start number apart).
std::span<const SettingDeclaration> setting_declarations();
LogOptions log_options(const Settings& settings);

// Every failpoint the log hits, so that a test can crash at each.
std::span<const std::string_view> failpoint_names();

// What the log needs of the world. The referenced objects outlive the Log.
struct LogContext {
    io::FileSystem& fs;
    Clock& clock;
    Random& random;  // used by one thread at a time, under the log's own lock
    io::Failpoints& failpoints;
    Metrics& metrics;
    Logger logger;
};

class Log {
  public:
    // Creates the folder, or recovers: cuts a torn tail, never an acknowledged record. Errors:
    // kCorrupted when acknowledged data is damaged (names segment and block), kUnsupported (newer
    // format), kIo.
    static Result<std::unique_ptr<Log>> open(LogOptions options, LogContext context);
    // Finishes what was appended, then stops the threads.
    ~Log();
    void close();

    // --- topics
    // -------------------------------------------------------------------------------------------------
    // Errors: kAlreadyExists, kInvalidArgument (name: [a-zA-Z0-9._-]{1,249}, not "." or "..";
    // partitions 1..100,000).
    Result<TopicInfo> create_topic(std::string_view name, TopicConfig config,
                                   bool internal = false);
    Status delete_topic(
        std::string_view name);  // kNotFound; kFailedPrecondition while a hold stands (names it)
    Status alter_topic(std::string_view name,
                       TopicConfig config);  // everything but fewer partitions
    std::vector<TopicInfo> topics() const;   // by name
    std::optional<TopicInfo> find_topic(std::string_view name) const;
    std::optional<TopicInfo> find_topic(const Uuid& id) const;

    // --- append
    // -------------------------------------------------------------------------------------------------
    // Validates, queues, and calls `done` once durable (or refused), from the committer thread or,
    // if refused at once, from this one. Appends of one partition are stored and acknowledged in
    // the order of the calls.
    void append(AppendRequest request, AppendCallback done);
    // The same, waiting (with threads == false it runs step() itself).
    AppendOutcome append_and_wait(AppendRequest request);

    // --- read
    // ---------------------------------------------------------------------------------------------------
    // Batches from the one with `offset` on, the first however large it is; of the others none that
    // ends behind `until`, so that nothing is read that is not wanted.
    FetchResult fetch(const PartitionId& partition, int64_t offset, size_t max_bytes,
                      int64_t until = INT64_MAX);
    std::optional<PartitionOffsets> offsets(const PartitionId& partition) const;
    // Of several, also of different topics, all at one moment.
    std::vector<std::optional<PartitionOffsets>> offsets(
        std::span<const PartitionId> partitions) const;
    // Up to where the partitions are read, from these offsets on, so that every stable batch of the
    // topic that was appended before one that is read is read too. Offsets outside of the log give
    // nothing of their partition. Errors: kNotFound (no such topic), kCorrupted, kIo.
    Result<OrderedRange> next_in_order(const Uuid& topic, std::span<const int64_t> from,
                                       const OrderedLimits& limits);
    // The first record with a timestamp ≥ this, exactly (not only its batch). offset -1 if none.
    Result<OffsetAndTime> offset_for_time(const PartitionId& partition, int64_t timestamp_ms);
    // The record with the greatest timestamp (ListOffsets -3). offset -1 if the partition is empty.
    Result<OffsetAndTime> offset_of_max_time(const PartitionId& partition);
    // Removes everything below `offset` (DeleteRecords). Errors: kNotFound, kInvalidArgument,
    // kFailedPrecondition (a hold).
    Result<int64_t> delete_records(const PartitionId& partition, int64_t offset);

    // Called after each commit, from the committer thread, with the partitions whose high watermark
    // moved, and after a topic is deleted. Must return at once. Returns a token for
    // remove_listener, which waits for a call under way.
    using Listener = std::function<void(std::span<const PartitionId>)>;
    uint64_t add_listener(Listener listener);
    void remove_listener(uint64_t token);

    // --- producers and writers
    // ----------------------------------------------------------------------------------- A
    // producer id never given before, also after crashes.
    Result<int64_t> new_producer_id();
    // Highest (epoch, part) of a flow's writer in a partition, if any.
    std::optional<Writer> writer_position(const PartitionId& partition, int64_t writer_id) const;

    // --- retention
    // ----------------------------------------------------------------------------------------------
    // A hold keeps what a flow has not read, or may need again: nothing at or above `offset` is
    // removed by retention or delete_records. Holds live in memory; flows set them anew at start
    // before retention first runs (retention starts with the first call of start_retention()).
    void set_hold(std::string_view holder, const PartitionId& partition, int64_t offset);
    void release_holds(std::string_view holder);
    void start_retention();
    // Once, now: what retention by time and size permits. Returns bytes freed.
    Result<uint64_t> run_retention();

    struct Usage {
        uint64_t disk_bytes = 0;
        uint64_t segments = 0;
        bool read_only = false;
        std::string read_only_reason;
    };
    Usage usage() const;
    // The largest batch that any topic can take, whatever its configuration says.
    size_t max_batch_bytes() const;

    // --- simulation
    // ---------------------------------------------------------------------------------------------
    // threads == false: commits one window of what is queued. True if there was anything to do.
    bool step();

  private:
    class Impl;
    explicit Log(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::log
