// Opening: topics and snapshot, then every segment's directory, then the newest segment block by
// block; the cut is recorded in the header of a new segment before anything is served.

#include <fmt/format.h>

#include <algorithm>

#include "log_impl.h"
#include "tarn/base/check.h"
#include "tarn/log/error_ids.h"

namespace tarn::errors {
extern const ErrorId kLogFenced;
}  // namespace tarn::errors

namespace tarn::log {
namespace {

Error damaged(std::string what) {
    return Error(errors::kLogDamaged,
                 "acknowledged data is damaged: " + std::move(what) + "; restore it from a backup");
}

}  // namespace

Status Log::Impl::open() {
    if (options_.segment_bytes < 8 * kPage || options_.segment_bytes > (1ull << 32) - kPage ||
        options_.segment_bytes % kPage) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("a segment's size must be a multiple of 4,096 from 32 KiB to 4 GiB: {}",
                        options_.segment_bytes));
    }
    max_batch_bytes_ = std::min<size_t>(options_.segment_bytes - kPage, kMaxBlockBytes) -
                       kBlockHeaderSize - kEntrySize - kWriterSize;
    TARN_RETURN_IF_ERROR(context_.fs.create_folders(lane_folder_));
    // What an earlier process renamed and saw must not be undone by a power cut once we have acted
    // on it.
    TARN_RETURN_IF_ERROR(context_.fs.sync_folder(options_.folder));
    TARN_RETURN_IF_ERROR(context_.fs.sync_folder(lane_folder_));
    TARN_RETURN_IF_ERROR(load_topics());
    {
        MutexLock lock(producer_ids_mutex_);
        TARN_RETURN_IF_ERROR(producer_ids_.load());
    }
    TARN_RETURN_IF_ERROR(load_snapshot());
    TARN_RETURN_IF_ERROR(load_segments());
    loaded_ = {};
    metrics_.disk_bytes.set(double(files_.disk_bytes()));
    return {};
}

Status Log::Impl::load_topics() {
    auto path = options_.folder + "/topics";
    auto file = context_.fs.read_all(path);
    if (!file && file.error().code() != ErrorCode::kNotFound) return fail(file.error());
    if (!file) {
        TARN_TRY(auto files, context_.fs.list(lane_folder_));
        for (auto& f : files) {
            if (f.name.ends_with(".seg"))
                return fail(damaged("there are segments, but no " + path));
        }
        TopicsDocument fresh;
        {
            MutexLock lock(random_mutex_);
            fresh.log_id = Uuid::make(context_.random);
        }
        TARN_RETURN_IF_ERROR(store_topics(fresh));
        log_id_ = fresh.log_id;
        return {};
    }
    TARN_TRY(auto document, parse_topics(*file, path));
    MutexLock lock(mutex_);
    log_id_ = document.log_id;
    next_topic_number_ = document.next_number;
    for (auto& [number, info] : document.topics) {
        auto topic = make_topic(number, std::move(info));
        add_partitions(*topic);
        topics_by_id_[topic->info.id] = topic;
        topics_[topic->info.name] = std::move(topic);
    }
    return {};
}

Status Log::Impl::load_snapshot() {
    auto path = lane_folder_ + "/snapshot";
    auto file = context_.fs.read_all(path);
    if (!file && file.error().code() == ErrorCode::kNotFound) return {};
    if (!file) return fail(file.error());
    TARN_TRY(loaded_, parse_snapshot(*file, path));
    {
        MutexLock lock(snapshot_mutex_);
        snapshot_freed_below_ = loaded_.freed_below;
        snapshot_freed_ = loaded_.freed;
    }
    MutexLock lock(mutex_);
    for (auto& stored : loaded_.partitions) {
        auto found = partitions_.find(stored.key);
        if (found == partitions_.end()) continue;  // deleted since
        auto& p = *found->second;
        p.log_start = stored.log_start;
        p.next_offset = stored.next_offset;
        p.producers = std::move(stored.producers);
        p.open_transactions = std::move(stored.open_transactions);
    }
    return {};
}

Result<std::shared_ptr<Segment>> Log::Impl::load_segment(uint64_t number) {
    auto segment = std::make_shared<Segment>();
    segment->path = files_.path_of(number);
    TARN_TRY(segment->file, context_.fs.open(segment->path, {}));
    TARN_TRY(segment->file_bytes, segment->file->size());
    std::string page(kPage, '\0');
    TARN_TRY(size_t got, segment->file->read_at(0, page.data(), kPage));
    page.resize(got);
    auto header = parse_segment_header(page);
    if (!header && header.error().code() == ErrorCode::kUnsupported) {
        return fail(std::move(header).error().with_context(segment->path));
    }
    if (!header) return fail(damaged("the header of segment " + segment->path));
    segment->header = *header;
    if (header->number != number || header->log_id != log_id_) {
        return fail(damaged(fmt::format("segment {} belongs to another log or place (number {})",
                                        segment->path, header->number)));
    }
    if (header->start_number > options_.start_number) {
        return fail(errors::kLogFenced,
                    fmt::format("a later start of Tarn has written to {}: {}, this is {}",
                                segment->path, header->start_number, options_.start_number));
    }
    return segment;
}

Status Log::Impl::load_segments() {
    TARN_TRY(auto numbers, files_.load());
    std::vector<std::shared_ptr<Segment>> chain;
    next_number_ = std::max<uint64_t>(1, loaded_.freed_below);
    if (!loaded_.freed.empty()) {
        next_number_ = std::max(next_number_, *loaded_.freed.rbegin() + 1);
    }
    for (auto number : numbers) {
        next_number_ = std::max(next_number_, number + 1);
        if (loaded_.is_freed(number)) {
            TARN_RETURN_IF_ERROR(files_.retire(number));
            continue;
        }
        TARN_TRY(auto segment, load_segment(number));
        chain.push_back(std::move(segment));
    }
    TARN_RETURN_IF_ERROR(link_segments(chain));
    TARN_RETURN_IF_ERROR(replay_chain(chain));
    TARN_RETURN_IF_ERROR(check_partitions());
    return open_after_tail(chain.empty() ? nullptr : chain.back());
}

// Drops segments that a later one replaced, and learns from each successor what counts of its
// predecessor. A segment that should be there and is not, is damage.
Status Log::Impl::link_segments(std::vector<std::shared_ptr<Segment>>& chain) {
    for (size_t i = 0; i + 1 < chain.size();) {
        auto& a = chain[i]->header;
        auto& b = chain[i + 1]->header;
        // A start that wrote nothing: the next one began at the same place.
        bool replaced = a.predecessor == b.predecessor && a.first_sequence == b.first_sequence &&
                        a.predecessor_end == b.predecessor_end;
        if (!replaced) {
            ++i;
            continue;
        }
        TARN_RETURN_IF_ERROR(files_.retire(a.number));
        chain.erase(chain.begin() + ptrdiff_t(i));
    }
    auto sealed = loaded_.sealed;
    for (size_t i = 0; i < chain.size(); ++i) {
        auto& header = chain[i]->header;
        bool known = header.predecessor == 0 || loaded_.is_freed(header.predecessor) ||
                     (i > 0 && chain[i - 1]->header.number == header.predecessor);
        if (!known) {
            return fail(
                damaged(fmt::format("segment {} is missing", files_.path_of(header.predecessor))));
        }
        if (i > 0 && chain[i - 1]->header.number == header.predecessor) {
            chain[i - 1]->end = header.predecessor_end;
            chain[i - 1]->next_sequence = header.first_sequence;
        } else if (i > 0) {
            auto found = sealed.find(chain[i - 1]->header.number);
            if (found == sealed.end()) {
                return fail(
                    damaged(fmt::format("what follows segment {} is missing", chain[i - 1]->path)));
            }
            chain[i - 1]->end = found->second.end;
            chain[i - 1]->next_sequence = found->second.next_sequence;
        }
        sealed.erase(i > 0 ? chain[i - 1]->header.number : 0);
    }
    if (!sealed.empty()) {
        return fail(damaged(fmt::format("segment {} or what follows it is missing",
                                        files_.path_of(sealed.begin()->first))));
    }
    return {};
}

Status Log::Impl::replay_chain(const std::vector<std::shared_ptr<Segment>>& chain) {
    for (auto& segment : chain) {
        bool tail = segment == chain.back();
        segment->index = std::make_shared<SegmentIndex>();
        auto visit = [&](const BlockHead& head) { return replay(*segment, head); };
        std::string heads;
        if (tail) {
            TARN_TRY(unproven_from_, visit_tail(*segment, visit));
        } else {
            TARN_RETURN_IF_ERROR(visit_sealed(context_.fs, *segment, visit, &heads));
        }
        logger_.debug(tail ? "read the newest segment" : "read a sealed segment",
                      {{"segment", segment->path},
                       {"end", segment->end},
                       {"first", segment->header.first_sequence},
                       {"next", segment->next_sequence}});
        MutexLock lock(mutex_);
        segment->sealed = true;
        segment->heads = std::move(heads);
        if (!segment->heads.empty()) unindexed_.push_back(segment);
        segments_[segment->header.number] = segment;
        index_bytes_ += segment->index->bytes();
        touch_index(*segment);
    }
    return {};
}

Status Log::Impl::replay(Segment& segment, const BlockHead& head) {
    MutexLock lock(mutex_);
    segment.index->add(head);
    auto where = [&] {
        return fmt::format("segment {}, block {}", segment.path, head.header.sequence);
    };
    for (auto& e : head.entries) {
        auto found = partitions_.find(e.partition);
        if (found == partitions_.end()) {
            if (uint32_t(e.partition >> 32) < next_topic_number_) continue;  // deleted since
            return fail(damaged("the topic of a batch is not known: " + where()));
        }
        auto& p = *found->second;
        if (head.header.sequence > loaded_.up_to_sequence) {
            if (e.base_offset != p.next_offset) {
                return fail(damaged(fmt::format("{}: a batch of {}/{} begins at {}, expected {}",
                                                where(), p.topic->info.name, p.id.partition,
                                                e.base_offset, p.next_offset)));
            }
            p.next_offset = e.next_offset();
            p.producers.apply(e, head.header.time_us);
            p.apply_transaction(e);
        }
        if (e.next_offset() <= p.log_start) continue;
        if (!p.spans.empty() && p.spans.back().next_offset != e.base_offset) {
            return fail(damaged(fmt::format("{}: offsets of {}/{} are missing from {} to {}",
                                            where(), p.topic->info.name, p.id.partition,
                                            p.spans.back().next_offset, e.base_offset)));
        }
        if (p.extend(e, segment.header.number, head.header.time_us)) ++segment.live_spans;
    }
    return {};
}

Status Log::Impl::check_partitions() {
    MutexLock lock(mutex_);
    for (auto& [key, partition] : partitions_) {
        auto& p = *partition;
        p.high_watermark = p.next_offset;
        int64_t first = p.spans.empty() ? p.next_offset : p.spans.front().first_offset;
        int64_t next = p.spans.empty() ? p.next_offset : p.spans.back().next_offset;
        if (first > p.log_start || next != p.next_offset) {
            return fail(damaged(fmt::format("{}/{} should hold offsets {} to {}, found {} to {}",
                                            p.topic->info.name, p.id.partition, p.log_start,
                                            p.next_offset, first, next)));
        }
    }
    return {};
}

// What was read may not have reached stable storage: the process before us died, not the machine,
// or its last sync failed, after which a page cache shows what the disk never got and a second sync
// says nothing. So what nothing proves is written again, the same bytes at the same place, and
// synced.
Status Log::Impl::settle_tail(Segment& tail) {
    TARN_TRY(auto file,
             context_.fs.open(tail.path, {.mode = io::OpenMode::kReadWrite, .direct = true}));
    for (uint64_t at = unproven_from_; at < tail.end; at += kMaxBlockBytes) {
        size_t n = std::min<uint64_t>(kMaxBlockBytes, tail.end - at);
        auto buffer = pool_->get(n);
        TARN_TRY(size_t got, file->read_at(at, buffer.get(), n));
        if (got != n) return fail(damaged("segment " + tail.path + " shrank while it was read"));
        TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.recovery.before_rewrite"));
        TARN_RETURN_IF_ERROR(file->write_at(at, {buffer.get(), n}));
    }
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.recovery.before_sync"));
    return file->sync();
}

// The new segment, whose header records where the tail was cut.
Status Log::Impl::open_after_tail(const std::shared_ptr<Segment>& tail) {
    MutexLock commit(commit_mutex_);
    uint64_t predecessor = 0, end = 0, sequence = loaded_.up_to_sequence + 1;
    bool replaces = false;
    if (tail) {
        TARN_RETURN_IF_ERROR(settle_tail(*tail));
        replaces = tail->end == kPage;
        predecessor = replaces ? tail->header.predecessor : tail->header.number;
        end = replaces ? tail->header.predecessor_end : tail->end;
        sequence = tail->next_sequence;
    }
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.recovery.before_cut"));
    TARN_TRY(auto segment, open_segment_after(predecessor, end, sequence, false));
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.recovery.after_cut"));
    {
        MutexLock lock(mutex_);
        active_ = segment;
        segments_[segment->header.number] = segment;
    }
    if (!tail) return {};
    if (!replaces) {
        MutexLock lock(mutex_);
        unindexed_.push_back(segments_[tail->header.number]);
        lock.unlock();
        return trim(*tail);
    }
    TARN_RETURN_IF_ERROR(files_.retire(tail->header.number));
    MutexLock lock(mutex_);
    index_bytes_ -= tail->index->bytes();
    segments_.erase(tail->header.number);
    return {};
}

// Gives back the unused space of a segment that nobody writes to any more.
Status Log::Impl::trim(Segment& segment) {
    TARN_TRY(auto bytes, files_.trim(segment.header.number, segment.end));
    MutexLock lock(mutex_);
    segment.file_bytes = bytes;
    return {};
}

}  // namespace tarn::log
