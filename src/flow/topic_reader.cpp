#include "topic_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/flow/error_ids.h"
#include "tarn/log/error_ids.h"

namespace tarn::errors {
extern const ErrorId kTransactions;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

// How many records these whole batches have, at most kChunkRows. What is no batch ends the count.
size_t records_in(const std::vector<log::Slice>& slices) {
    size_t sum = 0;
    for (const auto& slice : slices) {
        for (auto rest = slice.bytes; !rest.empty() && sum < kChunkRows;) {
            auto header = codec::parse_batch_header(rest);
            if (!header) break;
            sum += size_t(header->record_count);
            rest.remove_prefix(header->total_size());
        }
    }
    return std::min(sum, kChunkRows);
}

// What a chunk's views point into.
struct Bytes {
    std::vector<log::Slice> slices;
    std::deque<std::string> inflated;
};

Status fetch_error(const log::FetchResult& fetched, const std::string& topic, int32_t partition,
                   int64_t offset) {
    auto where = fmt::format("topic {} partition {} offset {}", topic, partition, offset);
    switch (fetched.code) {
        case log::FetchCode::kOk:
            return {};
        case log::FetchCode::kUnknownPartition:
            return fail(errors::kSourceGone,
                        "the source is gone: " + where +
                            ": the topic was deleted; create it anew under another name");
        case log::FetchCode::kOffsetOutOfRange:
            return fail(
                offset < fetched.log_start_offset ? errors::kPositionBeforeLog
                                                  : errors::kPositionBeyondLog,
                fmt::format("the position is not in the log, which holds offsets {} to {}: {}: "
                            "input of this flow "
                            "was deleted, or the log was put back to an older state; positions are "
                            "never reset "
                            "silently: drop the flow's sink and its state folder to begin anew",
                            fetched.log_start_offset, fetched.high_watermark, where));
        case log::FetchCode::kDamaged:
            return fail(errors::kLogDamaged, where + ": " + fetched.message);
        case log::FetchCode::kIo:
            return fail(ErrorCode::kIo, where + ": " + fetched.message);
    }
    return fail(ErrorCode::kInternal, "unknown answer of the log: " + where);
}

}  // namespace

CacheBudget::CacheBudget(std::shared_ptr<MemoryBudget> memory, uint64_t limit)
    : memory_(memory),
      budget_(memory ? memory->child("decoded records", int64_t(limit))
                     : MemoryBudget::root("decoded records", int64_t(limit))) {}

TopicReader::TopicReader(const project::Topic& topic, log::TopicInfo info, log::Log& log,
                         CacheBudget& cache)
    : topic_(topic), info_(std::move(info)), log_(log), cache_(cache) {
    for (int32_t i = 0; i < info_.config.partitions; ++i) {
        partitions_.push_back(std::make_unique<Partition>());
    }
}

void TopicReader::need(std::span<const codec::ColumnSpec> columns, bool undeclared) {
    if (!needed_) needed_.emplace();
    for (const auto& column : columns)
        if (std::ranges::find(*needed_, column.name) == needed_->end())
            needed_->push_back(column.name);
    if (undeclared && !undeclared_needed_) undeclared_needed_ = true;
}

std::unique_ptr<codec::PayloadDecoder> TopicReader::make_decoder() const {
    bool undeclared = !needed_ || undeclared_needed_;
    return topic_.format->make_decoder({.fields = topic_.columns,
                                        .extra_column = undeclared ? "_extra" : "",
                                        .wanted = needed_,
                                        .times = topic_.times,
                                        .forms = topic_.forms});
}

Result<InputBatchPtr> TopicReader::read(int32_t number, int64_t from, int64_t limit) {
    auto& partition = *partitions_[size_t(number)];
    MutexLock lock(partition.mutex);
    auto it = partition.chunks.find(from);
    if (it != partition.chunks.end() && it->second.chunk->to.at <= limit) return it->second.chunk;
    auto next = partition.chunks.upper_bound(from);
    auto cap = next == partition.chunks.end() ? limit : std::min(limit, next->first);
    TARN_TRY(InputBatchPtr chunk, decode(partition, number, from, cap));
    if (chunk && it == partition.chunks.end()) keep(partition, chunk);
    return chunk;
}

Result<std::shared_ptr<InputBatch>> TopicReader::decode(Partition& partition, int32_t number,
                                                        int64_t from, int64_t cap) {
    if (from >= cap) return std::shared_ptr<InputBatch>();
    auto fetched = log_.fetch({info_.id, number}, from, kChunkBytes, cap);
    TARN_RETURN_IF_ERROR(fetch_error(fetched, topic_.name, number, from));
    auto chunk = std::make_shared<InputBatch>();
    auto bytes = std::make_shared<Bytes>();
    chunk->partition = number;
    chunk->from = chunk->to = {from};
    int64_t end = std::min({cap, fetched.high_watermark, fetched.last_stable_offset});
    chunk->records.reserve(records_in(fetched.slices));
    bool first = true, full = false;
    size_t batch_number = 0;
    for (auto& slice : fetched.slices) {
        auto rest = slice.bytes;
        while (!rest.empty() && !full) {
            TARN_TRY(auto header, codec::parse_batch_header(rest));
            auto batch = rest.substr(0, header.total_size());
            full = header.next_offset() > end ||
                   (!first && chunk->records.size() + size_t(header.record_count) > kChunkRows);
            if (full) break;
            if (header.transactional() && !header.control()) {
                return fail(errors::kTransactions,
                            fmt::format("records of transactions are not read by flows yet: topic "
                                        "{} partition {} offset {}",
                                        topic_.name, number, header.base_offset));
            }
            if (!header.control()) {
                auto before = chunk->records.size();
                auto& scratch = bytes->inflated.emplace_back();
                TARN_RETURN_IF_ERROR(
                    codec::read_records(batch, scratch, kMaxInflated, chunk->records));
                if (scratch.empty()) bytes->inflated.pop_back();
                // The first batch may begin below the asked offset.
                if (header.base_offset < from) {
                    std::erase_if(chunk->records,
                                  [from](const auto& record) { return record.offset < from; });
                    before = 0;
                }
                TARN_DCHECK(before <= chunk->records.size(), "records only grow");
                TARN_CHECK(batch_number < fetched.origins.size(), "each batch has an origin");
                chunk->origins.push_back({fetched.origins[batch_number], chunk->records.size()});
            }
            first = false;
            ++batch_number;
            chunk->to = {header.next_offset()};
            chunk->bytes += batch.size();
            rest.remove_prefix(batch.size());
        }
        bytes->slices.push_back(std::move(slice));
        if (full) break;
    }
    if (chunk->to.at == from) return std::shared_ptr<InputBatch>();
    chunk->keep_alive = bytes;
    chunk->count = int64_t(chunk->records.size());
    if (topic_.decoded()) {
        if (!partition.decoder) partition.decoder = make_decoder();
        TARN_TRY(auto rows, partition.decoder->decode(chunk->records, bytes, chunk->accepted,
                                                      chunk->rejected));
        chunk->rows.push_back(std::move(rows));
    }
    return chunk;
}

void TopicReader::keep(Partition& partition, const InputBatchPtr& chunk) {
    if (partition.passed.size() < 2) return;  // nobody to share with
    if (cache_.is_short()) return partition.chunks.clear();
    for (const auto& [consumer, offset] : partition.passed)
        if (offset >= chunk->to.at) return;  // a laggard decodes for itself
    auto bytes = chunk->memory_bytes();
    auto reservation = cache_.reserve(bytes);
    // Full: what a laggard (or a flow that stands) has left lying goes first; it decodes for
    // itself.
    auto& chunks = partition.chunks;
    while (!reservation && !chunks.empty() && chunks.begin()->first < chunk->from.at) {
        chunks.erase(chunks.begin());
        reservation = cache_.reserve(bytes);
    }
    if (!reservation) return;
    partition.chunks.emplace(chunk->from.at, Cached{chunk, std::move(*reservation)});
}

int TopicReader::add_consumer() {
    int consumer = ++last_consumer_;
    for (auto& partition : partitions_) {
        MutexLock lock(partition->mutex);
        partition->passed[consumer] = 0;
    }
    return consumer;
}

void TopicReader::remove_consumer(int consumer) {
    for (auto& partition : partitions_) {
        MutexLock lock(partition->mutex);
        partition->passed.erase(consumer);
    }
}

void TopicReader::passed(int consumer, int32_t number, int64_t offset) {
    auto& partition = *partitions_[size_t(number)];
    MutexLock lock(partition.mutex);
    partition.passed[consumer] = offset;
    int64_t lowest = offset;
    for (const auto& [other, at] : partition.passed)
        lowest = std::min(lowest, at);
    auto& chunks = partition.chunks;
    while (!chunks.empty() && chunks.begin()->second.chunk->to.at <= lowest)
        chunks.erase(chunks.begin());
}

}  // namespace tarn::flow
