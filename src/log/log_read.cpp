// Reading: a plan is made under the lock (which batches, where), the disk is read without it, and
// every batch that comes from the disk is proven by its guard and Kafka's crc before anyone sees
// it.

#include <fmt/format.h>

#include <algorithm>

#include "log_impl.h"
#include "tarn/base/bytes.h"
#include "tarn/log/error_ids.h"

namespace tarn::log {
namespace {

// Sealed segments' indexes kept in memory.
constexpr size_t kIndexCacheBytes = 64u << 20;
// Batches of one partition this near to each other are read at once, with what lies between.
constexpr uint64_t kReadGapBytes = 32u << 10;
constexpr uint64_t kReadRunBytes = 4u << 20;

Error damaged_batch(const Segment& segment, const BatchPlace& place) {
    return Error(
        ErrorCode::kCorrupted,
        fmt::format("stored data is damaged: the batch at byte {} of segment {} (offset {}); "
                    "restore the file from a backup",
                    place.offset, segment.path, place.base_offset));
}

}  // namespace

struct Log::Impl::Piece {
    std::shared_ptr<Segment> segment;
    BatchPlace place;
    std::shared_ptr<const char> block;  // null: on disk only
    const char* at = nullptr;
    size_t block_bytes = 0;  // of memory
};

struct Log::Impl::Plan {
    PartitionId id;
    int64_t offset = 0;
    size_t max_bytes = 0;
    int64_t until = 0;  // offset
    size_t bytes = 0;
    std::vector<Piece> pieces;
    std::vector<std::shared_ptr<Segment>> pinned;
    // An index that had to be loaded for this plan.
    std::shared_ptr<Segment> missing;
    std::shared_ptr<SegmentIndex> loaded;
};

void Log::Impl::touch_index(Segment& segment) {
    segment.last_used = ++use_counter_;
    while (index_bytes_ > kIndexCacheBytes) {
        Segment* oldest = nullptr;
        for (auto& [number, s] : segments_) {
            if (!s->sealed || !s->index || s.get() == &segment) continue;
            if (!oldest || s->last_used < oldest->last_used) oldest = s.get();
        }
        if (!oldest) return;
        index_bytes_ -= oldest->index->bytes();
        oldest->index.reset();
    }
}

// The segment is sealed and pinned. Without the lock.
Result<std::shared_ptr<SegmentIndex>> Log::Impl::load_index(
    const std::shared_ptr<Segment>& segment) {
    auto index = std::make_shared<SegmentIndex>();
    auto add = [&](const BlockHead& head) -> Status {
        index->add(head);
        return {};
    };
    TARN_RETURN_IF_ERROR(visit_sealed(context_.fs, *segment, add, nullptr));
    MutexLock lock(mutex_);
    if (!segment->index) {
        segment->index = index;
        index_bytes_ += index->bytes();
    }
    touch_index(*segment);
    return index;
}

void Log::Impl::unpin(const std::vector<std::shared_ptr<Segment>>& segments) {
    if (segments.empty()) return;
    MutexLock lock(mutex_);
    for (auto& s : segments)
        --s->pins;
}

// The batches of one segment that the plan still has room for.
void Log::Impl::plan_span(Plan& plan, const std::shared_ptr<Segment>& segment,
                          const std::vector<BatchPlace>& batches) {
    auto at = std::upper_bound(batches.begin(), batches.end(), plan.offset,
                               [](int64_t o, const BatchPlace& b) { return o < b.next_offset(); });
    bool on_disk = false;
    for (; at != batches.end(); ++at) {
        if (!plan.pieces.empty() &&
            (plan.bytes + at->size > plan.max_bytes || at->next_offset() > plan.until))
            break;
        Piece piece{segment, *at, nullptr};
        auto position = lane_position(segment->header.number, at->offset);
        if (auto* block = head_.find(position)) {
            piece.block = block->bytes;
            piece.at = block->bytes.get() + (position - block->position);
            piece.block_bytes = BufferPool::capacity_for(block->size);
        } else {
            on_disk = true;
        }
        plan.bytes += at->size;
        plan.offset = at->next_offset();
        plan.pieces.push_back(std::move(piece));
    }
    if (on_disk) {
        ++segment->pins;
        plan.pinned.push_back(segment);
    }
}

// False: plan.missing must be loaded first, then call again.
bool Log::Impl::plan_fetch(Plan& plan, FetchResult& result) {
    MutexLock lock(mutex_);
    auto p = find_partition(plan.id);
    if (!p) {
        result.code = FetchCode::kUnknownPartition;
        result.message = "no such partition";
        return true;
    }
    result.log_start_offset = p->log_start;
    result.high_watermark = p->high_watermark;
    result.last_stable_offset = p->last_stable_offset();
    if (plan.offset < p->log_start || plan.offset > p->high_watermark) {
        if (!plan.pieces.empty()) return true;
        result.code = FetchCode::kOffsetOutOfRange;
        result.message = fmt::format("offset {} is outside of {} to {}", plan.offset, p->log_start,
                                     p->high_watermark);
        return true;
    }
    auto span = std::upper_bound(p->spans.begin(), p->spans.end(), plan.offset,
                                 [](int64_t o, const Span& s) { return o < s.next_offset; });
    for (; span != p->spans.end(); ++span) {
        auto& segment = segments_.at(span->segment);
        auto index = segment->index;
        if (!index && plan.missing == segment) index = plan.loaded;
        if (!index) {
            if (!plan.pieces.empty()) break;
            ++segment->pins;
            plan.pinned.push_back(segment);
            plan.missing = segment;
            return false;
        }
        if (segment->sealed) touch_index(*segment);
        if (auto* batches = index->batches(p->key)) plan_span(plan, segment, *batches);
        if (plan.offset < span->next_offset) break;  // the rest does not fit
    }
    return true;
}

// One read for the pieces from first to last, which lie near each other in one segment.
Status Log::Impl::read_run(Plan& plan, size_t first, size_t last, FetchResult& result) {
    auto& segment = *plan.pieces[first].segment;
    uint64_t from = plan.pieces[first].place.offset;
    uint64_t to = plan.pieces[last - 1].place.offset + plan.pieces[last - 1].place.size;
    auto buffer = pool_->get(to - from);
    TARN_TRY(size_t got, segment.file->read_at(from, buffer.get(), to - from));
    for (size_t i = first; i < last; ++i) {
        auto& place = plan.pieces[i].place;
        std::string_view batch(buffer.get() + (place.offset - from), place.size);
        bool whole = place.offset + place.size <= from + got && guard_of(batch) == place.guard &&
                     codec::batch_crc_holds(batch);
        if (!whole) return fail(damaged_batch(segment, place));
        auto& slices = result.slices;
        if (i > first && slices.back().bytes.end() == batch.begin()) {
            slices.back().bytes = {slices.back().bytes.data(),
                                   slices.back().bytes.size() + batch.size()};
        } else {
            slices.push_back({buffer, batch, BufferPool::capacity_for(to - from)});
        }
    }
    return {};
}

void Log::Impl::read_pieces(Plan& plan, FetchResult& result) {
    auto& pieces = plan.pieces;
    uint64_t cached = 0, read = 0;
    auto came_from = [&](size_t first, size_t last) {
        for (; first < last; ++first)
            result.origins.push_back(
                {lane_position(pieces[first].segment->header.number, pieces[first].place.offset),
                 {pieces[first].place.time_us}});
    };
    for (size_t i = 0; i < pieces.size();) {
        if (pieces[i].at) {
            std::string_view batch(pieces[i].at, pieces[i].place.size);
            auto& slices = result.slices;
            bool joins = i > 0 && pieces[i - 1].block == pieces[i].block &&
                         slices.back().bytes.data() + slices.back().bytes.size() == batch.data();
            if (joins) {
                slices.back().bytes = {slices.back().bytes.data(),
                                       slices.back().bytes.size() + batch.size()};
            } else {
                slices.push_back({pieces[i].block, batch, pieces[i].block_bytes});
            }
            cached += batch.size();
            came_from(i, i + 1);
            ++i;
            continue;
        }
        size_t last = i + 1;
        auto end_of = [&](size_t k) {
            return uint64_t(pieces[k].place.offset) + pieces[k].place.size;
        };
        while (last < pieces.size() && !pieces[last].at &&
               pieces[last].segment == pieces[i].segment &&
               pieces[last].place.offset <= end_of(last - 1) + kReadGapBytes &&
               end_of(last) - pieces[i].place.offset <= kReadRunBytes) {
            ++last;
        }
        if (auto status = read_run(plan, i, last, result); !status) {
            logger_.error("cannot read", {{"reason", status.error()}});
            if (!result.slices.empty()) break;  // what came before is good; the next fetch says so
            result.code = status.error().code() == ErrorCode::kCorrupted ? FetchCode::kDamaged
                                                                         : FetchCode::kIo;
            result.message = status.error().message();
            break;
        }
        came_from(i, last);
        for (size_t k = i; k < last; ++k)
            read += pieces[k].place.size;
        i = last;
    }
    if (cached) metrics_.fetched_cached.add(double(cached));
    if (read) metrics_.fetched_disk.add(double(read));
}

FetchResult Log::Impl::fetch(const PartitionId& id, int64_t offset, size_t max_bytes,
                             int64_t until) {
    FetchResult result;
    Plan plan;
    plan.id = id;
    plan.offset = offset;
    plan.max_bytes = max_bytes;
    plan.until = until;
    while (!plan_fetch(plan, result)) {
        auto index = load_index(plan.missing);
        if (!index) {
            result.code = index.error().code() == ErrorCode::kCorrupted ? FetchCode::kDamaged
                                                                        : FetchCode::kIo;
            result.message = index.error().message();
            plan.pieces.clear();
            break;
        }
        plan.loaded = *index;
    }
    if (!plan.pieces.empty()) read_pieces(plan, result);
    unpin(plan.pinned);
    return result;
}

std::vector<std::optional<PartitionOffsets>> Log::Impl::offsets(
    std::span<const PartitionId> ids) const {
    std::vector<std::optional<PartitionOffsets>> out;
    out.reserve(ids.size());
    MutexLock lock(mutex_);
    for (const auto& id : ids) {
        auto& one = out.emplace_back();
        if (auto p = find_partition(id))
            one = {p->log_start, p->high_watermark, p->last_stable_offset(), p->bytes};
    }
    return out;
}

// The first batch that ends behind `from` and whose max timestamp is at least this.
Result<std::optional<BatchPlace>> Log::Impl::find_batch(const PartitionId& id, int64_t from,
                                                        int64_t timestamp_ms) {
    for (;;) {
        std::shared_ptr<Segment> segment;
        std::shared_ptr<SegmentIndex> index;
        PartitionKey key = 0;
        int64_t next = 0;
        {
            MutexLock lock(mutex_);
            auto p = find_partition(id);
            if (!p) return fail(errors::kNoPartition, "no such partition");
            key = p->key;
            from = std::max(from, p->log_start);
            auto span = std::find_if(p->spans.begin(), p->spans.end(), [&](const Span& s) {
                return s.next_offset > from && s.max_timestamp_ms >= timestamp_ms;
            });
            if (span == p->spans.end()) return std::nullopt;
            next = span->next_offset;
            segment = segments_.at(span->segment);
            index = segment->index;
            if (index && !segment->sealed) {
                // The active one grows: look while nobody else does.
                for (auto& b : *index->batches(key)) {
                    if (b.next_offset() > from && b.max_timestamp_ms >= timestamp_ms) return b;
                }
                from = next;
                continue;
            }
            ++segment->pins;
        }
        Status loaded;
        if (!index) {
            auto got = load_index(segment);
            if (got)
                index = *got;
            else
                loaded = fail(got.error());
        }
        unpin(std::vector(1, segment));
        TARN_RETURN_IF_ERROR(loaded);
        if (auto* batches = index->batches(key)) {
            for (auto& b : *batches) {
                if (b.next_offset() > from && b.max_timestamp_ms >= timestamp_ms) return b;
            }
        }
        from = next;
    }
}

Result<OffsetAndTime> Log::Impl::offset_for_time(const PartitionId& id, int64_t timestamp_ms) {
    std::string scratch;
    std::vector<codec::RecordView> records;
    for (int64_t from = 0;;) {
        TARN_TRY(auto place, find_batch(id, from, timestamp_ms));
        if (!place) return OffsetAndTime{};
        from = std::max(from, place->base_offset);
        auto known = offsets(id);
        if (!known) return fail(errors::kNoPartition, "no such partition");
        from = std::max(from, known->log_start_offset);
        if (from >= place->next_offset()) continue;
        auto fetched = fetch(id, from, 1);
        if (fetched.code == FetchCode::kOffsetOutOfRange) continue;  // retention was faster
        if (fetched.code != FetchCode::kOk || fetched.slices.empty()) {
            return fail(
                fetched.code == FetchCode::kDamaged ? ErrorCode::kCorrupted : ErrorCode::kIo,
                fetched.message);
        }
        auto batch = fetched.slices.front().bytes;
        TARN_TRY(auto header, codec::parse_batch_header(batch));
        records.clear();
        TARN_RETURN_IF_ERROR(codec::read_records(batch.substr(0, header.total_size()), scratch,
                                                 options_.max_decompressed_bytes, records));
        for (auto& r : records) {
            auto time = header.log_append_time() ? header.max_timestamp_ms : r.timestamp_ms;
            if (r.offset >= from && time >= timestamp_ms) {
                return OffsetAndTime{r.offset, time, header.leader_epoch};
            }
        }
        from = place->next_offset();
    }
}

Result<OffsetAndTime> Log::Impl::offset_of_max_time(const PartitionId& id) {
    int64_t greatest = INT64_MIN;
    {
        MutexLock lock(mutex_);
        auto p = find_partition(id);
        if (!p) return fail(errors::kNoPartition, "no such partition");
        if (p->spans.empty()) return OffsetAndTime{};
        for (auto& span : p->spans)
            greatest = std::max(greatest, span.max_timestamp_ms);
    }
    return offset_for_time(id, greatest);
}

}  // namespace tarn::log
