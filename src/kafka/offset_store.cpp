#include "offset_store.h"

#include <algorithm>
#include <atomic>

#include "tarn/base/bytes.h"
#include "tarn/codec/record_batch.h"
#include "tarn/log/error_ids.h"

namespace tarn::kafka {
namespace {

constexpr uint8_t kRecordVersion = 1;
constexpr size_t kBatchBytes = 512 << 10;
constexpr size_t kReplayFetchBytes = 4 << 20;
constexpr size_t kMaxBatchInMemory = 64 << 20;

Result<std::vector<std::string>> build_batches(const std::vector<OffsetChange>& changes,
                                               int64_t now_ms) {
    std::vector<std::string> batches;
    codec::BatchBuilder builder;
    const auto finish = [&]() -> Status {
        if (builder.count() == 0) return {};
        TARN_TRY(batches.emplace_back(), builder.finish());
        return {};
    };
    for (const auto& change : changes) {
        const auto key = encode_offset_key(change);
        std::optional<std::string> value;
        if (change.value) value = encode_offset_value(*change.value);
        builder.add(change.value ? change.value->committed_at_ms : now_ms, key, value);
        if (builder.size() >= kBatchBytes) TARN_RETURN_IF_ERROR(finish());
    }
    TARN_RETURN_IF_ERROR(finish());
    return batches;
}

uint64_t total_bytes(const std::vector<std::string>& batches) {
    uint64_t n = 0;
    for (const auto& batch : batches)
        n += batch.size();
    return n;
}

}  // namespace

std::string encode_offset_key(const OffsetChange& change) {
    ByteWriter out;
    out.le<uint8_t>(kRecordVersion);
    out.sized(change.group);
    const auto& id = change.partition.topic.bytes;
    out.raw({reinterpret_cast<const char*>(id.data()), id.size()});
    out.le<int32_t>(change.partition.partition);
    return out.take();
}

std::string encode_offset_value(const CommittedOffset& value) {
    ByteWriter out;
    out.le<int64_t>(value.offset);
    out.le<int32_t>(value.leader_epoch);
    out.le<int64_t>(value.committed_at_ms);
    out.le<uint8_t>(value.metadata ? 1 : 0);
    out.sized(value.metadata.value_or(""));
    return out.take();
}

Result<OffsetChange> decode_offset_record(std::string_view key,
                                          std::optional<std::string_view> value) {
    OffsetChange change;
    ByteReader in(key);
    const auto version = in.le<uint8_t>();
    if (version != kRecordVersion)
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("a record of {} has the unknown version {}", kOffsetsTopic, version));
    change.group = in.sized();
    const auto id = in.raw(change.partition.topic.bytes.size());
    if (in.ok()) std::copy(id.begin(), id.end(), change.partition.topic.bytes.begin());
    change.partition.partition = in.le<int32_t>();
    TARN_RETURN_IF_ERROR(in.status("a key of __consumer_offsets"));
    if (!value) return change;
    ByteReader v(*value);
    auto& committed = change.value.emplace();
    committed.offset = v.le<int64_t>();
    committed.leader_epoch = v.le<int32_t>();
    committed.committed_at_ms = v.le<int64_t>();
    const bool has_metadata = v.le<uint8_t>() != 0;
    const auto metadata = v.sized();
    if (has_metadata) committed.metadata = metadata;
    TARN_RETURN_IF_ERROR(v.status("a value of __consumer_offsets"));
    return change;
}

Result<std::shared_ptr<OffsetStore>> OffsetStore::open(log::Log& log, Logger logger,
                                                       uint64_t snapshot_after_bytes) {
    std::shared_ptr<OffsetStore> store(
        new OffsetStore(log, std::move(logger), snapshot_after_bytes));
    auto info = log.find_topic(kOffsetsTopic);
    if (!info) {
        log::TopicConfig config;
        config.retention = Duration{-1};
        config.max_message_bytes = 4 << 20;
        TARN_TRY(info, log.create_topic(kOffsetsTopic, config, true));
    }
    store->partition_ = {info->id, 0};
    TARN_RETURN_IF_ERROR(store->replay());
    return store;
}

Status OffsetStore::replay() {
    const auto offsets = log_.offsets(partition_);
    if (!offsets) return fail(ErrorCode::kInternal, "__consumer_offsets has no partition 0");
    std::string scratch;
    uint64_t bytes = 0;
    for (int64_t at = offsets->log_start_offset; at < offsets->high_watermark;) {
        const auto fetched = log_.fetch(partition_, at, kReplayFetchBytes);
        if (fetched.code != log::FetchCode::kOk || fetched.slices.empty())
            return fail(errors::kLogDamaged,
                        fmt::format("cannot read committed offsets back: {}: at offset {} of {}",
                                    fetched.message, at, kOffsetsTopic));
        for (const auto& slice : fetched.slices) {
            for (auto rest = slice.bytes; !rest.empty();) {
                TARN_TRY(const auto header, codec::parse_batch_header(rest));
                TARN_RETURN_IF_ERROR(replay_batch(rest.substr(0, header.total_size()), scratch));
                bytes += header.total_size();
                at = header.next_offset();
                rest.remove_prefix(header.total_size());
            }
        }
    }
    MutexLock lock(mutex_);
    appended_bytes_ = bytes;
    return {};
}

Status OffsetStore::replay_batch(std::string_view batch, std::string& scratch) {
    std::vector<codec::RecordView> records;
    TARN_RETURN_IF_ERROR(codec::read_records(batch, scratch, kMaxBatchInMemory, records));
    MutexLock lock(mutex_);
    for (const auto& record : records) {
        TARN_TRY(const auto change, decode_offset_record(record.key.value_or(""), record.value));
        apply(change);
    }
    return {};
}

void OffsetStore::apply(const OffsetChange& change) {
    if (change.value) {
        groups_[change.group][change.partition] = *change.value;
        return;
    }
    const auto found = groups_.find(change.group);
    if (found == groups_.end()) return;
    found->second.erase(change.partition);
    if (found->second.empty()) groups_.erase(found);
}

// Appends the batches in order; `done` gets the first error and the first batch's offset.
void OffsetStore::append(std::vector<std::string> batches,
                         std::move_only_function<void(KafkaError, int64_t)> done) {
    struct State {
        std::atomic<size_t> left;
        std::atomic<int16_t> error{0};
        std::atomic<int64_t> base{-1};
        std::move_only_function<void(KafkaError, int64_t)> done;
    };
    auto state = std::make_shared<State>();
    state->left = batches.size();
    state->done = std::move(done);
    for (size_t i = 0; i < batches.size(); ++i) {
        log::AppendRequest request;
        request.partition = partition_;
        request.batch = std::move(batches[i]);
        request.internal = true;
        log_.append(std::move(request), [state, i](log::AppendOutcome outcome) {
            if (outcome.code != log::AppendCode::kOk) state->error = code(to_kafka(outcome.code));
            if (i == 0) state->base = outcome.base_offset;
            if (state->left.fetch_sub(1) == 1)
                state->done(KafkaError(state->error.load()), state->base);
        });
    }
}

void OffsetStore::commit(std::vector<OffsetChange> changes, Done done) {
    if (changes.empty()) return done(KafkaError::kNone);
    Commit commit{std::move(changes), std::move(done)};
    {
        MutexLock lock(mutex_);
        if (snapshot_due_) {
            held_.push_back(std::move(commit));
            return;
        }
        ++in_flight_;
    }
    send(std::move(commit));
}

// in_flight_ counts this commit already.
void OffsetStore::send(Commit commit) {
    auto batches = build_batches(commit.changes, commit.changes.front().value
                                                     ? commit.changes.front().value->committed_at_ms
                                                     : 0);
    if (!batches) return finish(commit, KafkaError::kUnknownServerError, 0);
    const auto bytes = total_bytes(*batches);
    append(std::move(*batches),
           [self = shared_from_this(), commit = std::move(commit), bytes](
               KafkaError error, int64_t) mutable { self->finish(commit, error, bytes); });
}

void OffsetStore::finish(Commit& commit, KafkaError error, uint64_t bytes) {
    bool snapshot = false;
    {
        MutexLock lock(mutex_);
        if (error == KafkaError::kNone)
            for (const auto& change : commit.changes)
                apply(change);
        appended_bytes_ += bytes;
        --in_flight_;
        if (appended_bytes_ > std::max(snapshot_after_bytes_, 4 * snapshot_bytes_))
            snapshot_due_ = true;
        snapshot = snapshot_due_ && in_flight_ == 0;
    }
    commit.done(error);
    if (snapshot) write_snapshot();
}

// Nothing is in flight and commits are held back, so memory is exactly what the topic says.
void OffsetStore::write_snapshot() {
    std::vector<OffsetChange> all;
    {
        MutexLock lock(mutex_);
        for (const auto& [group, offsets] : groups_)
            for (const auto& [partition, value] : offsets)
                all.push_back({group, partition, value});
    }
    auto batches = build_batches(all, 0);
    if (!batches || batches->empty())
        return snapshot_done(batches ? KafkaError::kNone : KafkaError::kUnknownServerError, -1, 0);
    const auto bytes = total_bytes(*batches);
    append(std::move(*batches), [self = shared_from_this(), bytes](KafkaError error, int64_t base) {
        self->snapshot_done(error, base, bytes);
    });
}

void OffsetStore::snapshot_done(KafkaError error, int64_t base_offset, uint64_t bytes) {
    if (error == KafkaError::kNone && base_offset >= 0) {
        if (const auto removed = log_.delete_records(partition_, base_offset); !removed)
            logger_.warn("cannot shorten the topic of committed offsets",
                         {{"reason", removed.error()}});
    } else if (error != KafkaError::kNone) {
        logger_.warn("cannot write a snapshot of committed offsets",
                     {{"error", kafka_error_name(code(error))}});
    }
    std::deque<Commit> held;
    {
        MutexLock lock(mutex_);
        // After a failure too: the next attempt comes when as much has been appended again.
        appended_bytes_ = 0;
        if (error == KafkaError::kNone) snapshot_bytes_ = bytes;
        snapshot_due_ = false;
        held.swap(held_);
        in_flight_ += held.size();
    }
    for (auto& commit : held)
        send(std::move(commit));
}

std::optional<CommittedOffset> OffsetStore::find(const std::string& group,
                                                 const log::PartitionId& id) const {
    MutexLock lock(mutex_);
    const auto found = groups_.find(group);
    if (found == groups_.end()) return std::nullopt;
    const auto offset = found->second.find(id);
    if (offset == found->second.end()) return std::nullopt;
    return offset->second;
}

OffsetStore::Offsets OffsetStore::of_group(const std::string& group) const {
    MutexLock lock(mutex_);
    const auto found = groups_.find(group);
    return found == groups_.end() ? Offsets() : found->second;
}

bool OffsetStore::has_group(const std::string& group) const {
    MutexLock lock(mutex_);
    return groups_.contains(group);
}

std::vector<std::string> OffsetStore::groups() const {
    MutexLock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, offsets] : groups_)
        names.push_back(name);
    return names;
}

std::vector<OffsetChange> OffsetStore::removal_of_topic(const Uuid& topic) const {
    MutexLock lock(mutex_);
    std::vector<OffsetChange> changes;
    for (const auto& [group, offsets] : groups_)
        for (const auto& [partition, value] : offsets)
            if (partition.topic == topic) changes.push_back({group, partition, std::nullopt});
    return changes;
}

}  // namespace tarn::kafka
