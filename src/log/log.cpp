#include "tarn/log/log.h"

#include <array>

#include "log_impl.h"

namespace tarn::log {

std::span<const SettingDeclaration> setting_declarations() {
    static constexpr int64_t kMiB = 1 << 20;
    static const std::array<SettingDeclaration, 7> kDeclarations{{
        {"log.segment_bytes", SettingType::kBytes, "128MB",
         "Size of a segment file of the log; space is freed by whole segments.", "64MB", kMiB,
         4096 * kMiB - 4096},
        {"log.window", SettingType::kDuration, "1ms",
         "How long a commit waits for more appends before it writes and syncs; 0 waits for none.",
         "5ms", 0, 1'000'000},
        {"log.head_cache_bytes", SettingType::kBytes, "64MB",
         "Newest bytes of the log kept in memory for consumers near its end.", "256MB", 0},
        {"log.append_queue_bytes", SettingType::kBytes, "64MB",
         "Appends waiting for their sync; past it producers are told to retry.", "128MB", kMiB},
        {"log.max_decompressed_bytes", SettingType::kBytes, "256MB",
         "A batch that inflates past this is refused.", "64MB", kMiB},
        {"log.disk_limit", SettingType::kBytes, "0",
         "Disk space that the log may take; 0 is no limit. Past it producers are told to retry.",
         "50GB", 0},
        {"log.retention_interval", SettingType::kDuration, "30s",
         "How often the log looks for what retention lets go.", "5m", 1'000'000},
    }};
    return kDeclarations;
}

LogOptions log_options(const Settings& settings) {
    LogOptions options;
    options.segment_bytes = uint64_t(settings.bytes("log.segment_bytes"));
    options.window = settings.duration("log.window");
    options.head_cache_bytes = uint64_t(settings.bytes("log.head_cache_bytes"));
    options.append_queue_bytes = uint64_t(settings.bytes("log.append_queue_bytes"));
    options.max_decompressed_bytes = uint64_t(settings.bytes("log.max_decompressed_bytes"));
    auto limit = uint64_t(settings.bytes("log.disk_limit"));
    options.disk_limit_bytes = limit == 0 ? UINT64_MAX : limit;
    options.retention_interval = settings.duration("log.retention_interval");
    return options;
}

std::span<const std::string_view> failpoint_names() {
    static constexpr std::string_view kNames[] = {
        "log.close.before_mark",           "log.commit.after_sync",
        "log.commit.after_write",          "log.commit.before_sync",
        "log.commit.before_write",         "log.free.after_rename",
        "log.free.before_rename",          "log.index.after_replace",
        "log.index.before_replace",        "log.producer_ids.after_replace",
        "log.producer_ids.before_replace", "log.recovery.after_cut",
        "log.recovery.before_cut",         "log.recovery.before_rewrite",
        "log.recovery.before_sync",        "log.segment.before_folder_sync",
        "log.segment.before_grow",         "log.segment.before_header",
        "log.segment.before_rename",       "log.segment.before_sync",
        "log.segment.before_trim",         "log.segment.opened",
        "log.snapshot.after_replace",      "log.snapshot.before_replace",
        "log.topics.after_replace",        "log.topics.before_replace",
    };
    return kNames;
}

LogMetrics::LogMetrics(Metrics& m)
    : bytes(m.counter("tarn_log_appended_bytes_total", "Bytes of blocks written to the log.")),
      records(m.counter("tarn_log_appended_records_total", "Records made durable.")),
      batches(m.counter("tarn_log_appended_batches_total", "Batches made durable.")),
      refused(m.counter("tarn_log_refused_batches_total", "Batches that were not appended.")),
      windows(m.counter("tarn_log_commit_windows_total", "Group commits.")),
      fetched_cached(m.counter("tarn_log_fetched_bytes_total", "Bytes read by fetches.",
                               {{"from", "head_cache"}})),
      fetched_disk(
          m.counter("tarn_log_fetched_bytes_total", "Bytes read by fetches.", {{"from", "disk"}})),
      segments_opened(m.counter("tarn_log_segments_opened_total", "Segments begun.")),
      segments_freed(m.counter("tarn_log_segments_freed_total", "Segments freed by retention.")),
      sync_seconds(m.histogram(
          "tarn_log_sync_seconds", "Time of one sync of the log.",
          {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1})),
      window_bytes(m.histogram("tarn_log_window_bytes", "Bytes written by one group commit.",
                               {4096, 16384, 65536, 262144, 1048576, 4194304, 16777216})),
      read_only(m.gauge("tarn_log_read_only", "1 while the log takes no writes.")),
      disk_bytes(m.gauge("tarn_log_disk_bytes", "Disk space of segments, with spare ones.")) {}

Log::Impl::Impl(LogOptions options, LogContext context)
    : options_(std::move(options)),
      context_(std::move(context)),
      logger_(context_.logger.named("log")),
      metrics_(context_.metrics),
      lane_folder_(options_.folder + "/lane-0"),
      pool_(BufferPool::make(32u << 20)),
      files_(context_.fs, context_.failpoints,
             {lane_folder_, options_.segment_bytes, options_.disk_limit_bytes, 4,
              options_.first_segment_bytes}),
      head_(options_.head_cache_bytes),
      producer_ids_(context_.fs, context_.failpoints, options_.folder + "/producer-ids") {}

void Log::Impl::start_threads() {
    if (!options_.threads) return;
    committer_thread_ = std::thread([this] { committer(); });
    pthread_setname_np(committer_thread_.native_handle(), "log.committer");
    maintenance_thread_ = std::thread([this] { maintenance(); });
}

void Log::Impl::close() {
    {
        MutexLock lock(mutex_);
        if (closing_) return;
        closing_ = true;
        committer_wake_.notify_all();
        maintenance_wake_.notify_all();
    }
    if (committer_thread_.joinable()) committer_thread_.join();
    if (maintenance_thread_.joinable()) maintenance_thread_.join();
    while (commit_window()) {
    }
    if (auto status = write_end_mark(); !status) {
        logger_.warn("the end of the log could not be marked", {{"reason", status.error()}});
    }
    MutexLock commit(commit_mutex_);
    if (active_ && !usage().read_only) {
        if (auto status = trim(*active_); !status) {
            logger_.warn("cannot give back the unused space of a segment",
                         {{"segment", active_->path}, {"reason", status.error()}});
        }
    }
    MutexLock lock(mutex_);
    closed_ = true;
}

uint64_t Log::Impl::add_listener(Listener listener) {
    MutexLock lock(listeners_mutex_);
    listeners_[next_token_] = std::move(listener);
    return next_token_++;
}

void Log::Impl::remove_listener(uint64_t token) {
    MutexLock lock(listeners_mutex_);
    listeners_.erase(token);
}

void Log::Impl::notify(std::span<const PartitionId> partitions) {
    MutexLock lock(listeners_mutex_);
    for (auto& [token, listener] : listeners_)
        listener(partitions);
}

Result<int64_t> Log::Impl::new_producer_id() {
    MutexLock lock(producer_ids_mutex_);
    return producer_ids_.next();
}

Log::Usage Log::Impl::usage() const {
    Usage usage;
    usage.disk_bytes = files_.disk_bytes();
    MutexLock lock(mutex_);
    usage.segments = segments_.size();
    usage.read_only_reason = read_only_.empty() ? no_space_ : read_only_;
    usage.read_only = !usage.read_only_reason.empty();
    return usage;
}

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Log::~Log() { impl_->close(); }

Result<std::unique_ptr<Log>> Log::open(LogOptions options, LogContext context) {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(context));
    TARN_RETURN_IF_ERROR(impl->open());
    impl->start_threads();
    return std::unique_ptr<Log>(new Log(std::move(impl)));
}

void Log::close() { impl_->close(); }
Result<TopicInfo> Log::create_topic(std::string_view name, TopicConfig config, bool internal) {
    return impl_->create_topic(name, std::move(config), internal);
}
Status Log::delete_topic(std::string_view name) { return impl_->delete_topic(name); }
Status Log::alter_topic(std::string_view name, TopicConfig config) {
    return impl_->alter_topic(name, std::move(config));
}
std::vector<TopicInfo> Log::topics() const { return impl_->topics(); }
std::optional<TopicInfo> Log::find_topic(std::string_view name) const {
    return impl_->find_topic(name);
}
std::optional<TopicInfo> Log::find_topic(const Uuid& id) const { return impl_->find_topic(id); }
void Log::append(AppendRequest request, AppendCallback done) {
    impl_->append(std::move(request), std::move(done));
}
AppendOutcome Log::append_and_wait(AppendRequest request) {
    return impl_->append_and_wait(std::move(request));
}
FetchResult Log::fetch(const PartitionId& partition, int64_t offset, size_t max_bytes,
                       int64_t until) {
    return impl_->fetch(partition, offset, max_bytes, until);
}
Result<OrderedRange> Log::next_in_order(const Uuid& topic, std::span<const int64_t> from,
                                        const OrderedLimits& limits) {
    return impl_->next_in_order(topic, from, limits);
}
std::optional<PartitionOffsets> Log::offsets(const PartitionId& partition) const {
    return impl_->offsets(partition);
}
std::vector<std::optional<PartitionOffsets>> Log::offsets(
    std::span<const PartitionId> partitions) const {
    return impl_->offsets(partitions);
}
Result<OffsetAndTime> Log::offset_for_time(const PartitionId& partition, int64_t timestamp_ms) {
    return impl_->offset_for_time(partition, timestamp_ms);
}
Result<OffsetAndTime> Log::offset_of_max_time(const PartitionId& partition) {
    return impl_->offset_of_max_time(partition);
}
Result<int64_t> Log::delete_records(const PartitionId& partition, int64_t offset) {
    return impl_->delete_records(partition, offset);
}
uint64_t Log::add_listener(Listener listener) { return impl_->add_listener(std::move(listener)); }
void Log::remove_listener(uint64_t token) { impl_->remove_listener(token); }
Result<int64_t> Log::new_producer_id() { return impl_->new_producer_id(); }
std::optional<Writer> Log::writer_position(const PartitionId& partition, int64_t writer_id) const {
    return impl_->writer_position(partition, writer_id);
}
void Log::set_hold(std::string_view holder, const PartitionId& partition, int64_t offset) {
    impl_->set_hold(holder, partition, offset);
}
void Log::release_holds(std::string_view holder) { impl_->release_holds(holder); }
void Log::start_retention() { impl_->start_retention(); }
Result<uint64_t> Log::run_retention() { return impl_->run_retention(); }
Log::Usage Log::usage() const { return impl_->usage(); }
size_t Log::max_batch_bytes() const { return impl_->max_batch_bytes(); }
bool Log::step() {
    bool committed = impl_->commit_window();
    if (!impl_->options_.threads) impl_->try_room();
    bool maintained = !impl_->options_.threads && impl_->maintain();
    return committed || maintained;
}

}  // namespace tarn::log
