// Reading a topic in the order in which it was appended: which batches of its partitions come next.

#include <algorithm>
#include <set>

#include "log_impl.h"
#include "tarn/log/error_ids.h"

namespace tarn::log {

struct Log::Impl::Order {
    OrderedLimits limits;
    OrderedRange range = {};
    std::vector<PartitionKey> keys = {};
    std::vector<int64_t> end = {};     // of what is stable
    std::set<uint64_t> segments = {};  // that have some of it
    struct Batch {
        uint32_t offset = 0;  // in the segment
        uint32_t partition = 0;
        int64_t next_offset = 0;
        int64_t records = 0, bytes = 0;
    };
    std::vector<Batch> batches = {};  // of the segment at hand

    bool cut = false;  // the segment has more than that

    // Of one partition, as many as could be taken and one more.
    void gather(const SegmentIndex& index, size_t partition) {
        const auto* places = index.batches(keys[partition]);
        if (!places) return;
        auto at = std::ranges::upper_bound(*places, range.to[partition], {},
                                           [](const BatchPlace& p) { return p.next_offset(); });
        int64_t records = 0, bytes = 0;
        for (; at != places->end() && at->next_offset() <= end[partition]; ++at) {
            if (records > limits.records || bytes > limits.bytes) {
                cut = true;
                break;
            }
            batches.push_back({at->offset, uint32_t(partition), at->next_offset(),
                               int64_t(at->records), int64_t(at->size)});
            records += at->records;
            bytes += at->size;
        }
    }

    // False: it is full.
    bool take() {
        std::ranges::sort(batches, {}, &Batch::offset);
        for (const auto& batch : batches) {
            if (!limits.some && (batch.records > limits.records || batch.bytes > limits.bytes))
                return false;
            limits.some = false;
            limits.records -= batch.records;
            limits.bytes -= batch.bytes;
            range.to[batch.partition] = batch.next_offset;
        }
        batches.clear();
        return !cut;
    }
};

// What there is, at one moment. False: no such topic.
bool Log::Impl::plan_order(const Uuid& topic, std::span<const int64_t> from, Order& order) {
    MutexLock lock(mutex_);
    auto found = topics_by_id_.find(topic);
    if (found == topics_by_id_.end()) return false;
    for (const auto& p : found->second->partitions) {
        const auto at = order.keys.size();
        if (at == from.size()) break;
        const auto stable = p->last_stable_offset();
        order.keys.push_back(p->key);
        order.range.offsets.push_back({p->log_start, p->high_watermark, stable, p->bytes});
        order.range.to.push_back(from[at]);
        const bool inside = from[at] >= p->log_start && from[at] <= p->high_watermark;
        order.end.push_back(inside ? stable : from[at]);
        auto span = std::ranges::upper_bound(p->spans, from[at], {}, &Span::next_offset);
        for (; span != p->spans.end() && span->first_offset < order.end.back(); ++span)
            order.segments.insert(span->segment);
    }
    return true;
}

Status Log::Impl::gather_batches(Order& order, uint64_t number) {
    std::shared_ptr<Segment> segment;
    std::shared_ptr<SegmentIndex> index;
    {
        MutexLock lock(mutex_);
        auto found = segments_.find(number);
        if (found == segments_.end()) return {};  // retention was faster
        segment = found->second;
        index = segment->index;
        if (index && !segment->sealed) {
            // The active one grows: look while nobody else does.
            for (size_t p = 0; p < order.keys.size(); ++p)
                order.gather(*index, p);
            return {};
        }
        if (index) touch_index(*segment);
        ++segment->pins;
    }
    Status loaded;
    if (!index) {
        if (auto got = load_index(segment))
            index = std::move(*got);
        else
            loaded = fail(got.error());
    }
    unpin({segment});
    TARN_RETURN_IF_ERROR(loaded);
    for (size_t p = 0; p < order.keys.size(); ++p)
        order.gather(*index, p);
    return {};
}

Result<OrderedRange> Log::Impl::next_in_order(const Uuid& topic, std::span<const int64_t> from,
                                              const OrderedLimits& limits) {
    Order order{.limits = limits};
    if (!plan_order(topic, from, order)) return fail(errors::kNoPartition, "no such topic");
    for (auto number : order.segments) {
        TARN_RETURN_IF_ERROR(gather_batches(order, number));
        if (order.take()) continue;
        order.range.more = true;
        break;
    }
    return std::move(order.range);
}

}  // namespace tarn::log
