#include "tarn/codec/json_decoder.h"

#include <algorithm>

#include "json_batch_decoder.h"
#include "tarn/base/mutex.h"

namespace tarn::codec {

namespace {

// Fits the second-level cache together with its structural indexes and the columns written.
constexpr size_t kChunkBytes = 256 * 1024;
// Below this a chunk that stage 1 refuses is not halved again.
constexpr size_t kFewRecords = 8;
constexpr size_t kPadding = 64;
constexpr size_t kMostBytes = size_t(1) << 31;
// Buffers kept for the next batch; more than these in flight are allocated anew.
constexpr size_t kMostBuffers = 4;

}  // namespace

// Recycles the buffers of batches that are gone: fresh memory costs page faults. Batches give them
// back from any thread, also after the decoder's end.
class JsonBatchDecoder::Buffers : public std::enable_shared_from_this<Buffers> {
  public:
    std::shared_ptr<char> take(size_t size) {
        Buffer buffer;
        {
            MutexLock lock(mutex_);
            // The smallest that is large enough, but not one that would be mostly empty.
            auto best = free_.end();
            for (auto it = free_.begin(); it != free_.end(); ++it)
                if (it->size >= size && it->size / 2 <= size + kChunkBytes &&
                    (best == free_.end() || it->size < best->size))
                    best = it;
            if (best == free_.end() && free_.size() == kMostBuffers) best = free_.begin();
            if (best != free_.end()) {
                buffer = std::move(*best);
                free_.erase(best);
            }
        }
        if (buffer.size < size || buffer.size / 2 > size + kChunkBytes) {
            buffer.size = size + size / 8;
            buffer.bytes = std::make_unique_for_overwrite<char[]>(buffer.size);
        }
        char* bytes = buffer.bytes.release();
        return {bytes, [self = shared_from_this(), n = buffer.size](char* p) {
                    self->give_back({std::unique_ptr<char[]>(p), n});
                }};
    }

  private:
    struct Buffer {
        std::unique_ptr<char[]> bytes;
        size_t size = 0;
    };
    void give_back(Buffer buffer) {
        MutexLock lock(mutex_);
        if (free_.size() < kMostBuffers) free_.push_back(std::move(buffer));
    }

    Mutex mutex_;
    std::vector<Buffer> free_ TARN_GUARDED_BY(mutex_);
};

JsonBatchDecoder::JsonBatchDecoder(const JsonDecoderOptions& options, JsonWay way)
    : rows_(options), way_(way), walk_(rows_), buffers_(std::make_shared<Buffers>()) {}

// Copies the values, a line end behind each: stage 1 refuses a string that reaches over one, so no
// record can swallow its neighbour. Keys and headers lie between the values of a batch, so they
// cannot be blanked in place.
Result<std::shared_ptr<char>> JsonBatchDecoder::gather(std::span<const RecordView> records) {
    size_t size = kPadding;
    for (const auto& record : records)
        size += record.value ? record.value->size() + 1 : 0;
    if (size > kMostBytes)
        return fail(ErrorCode::kInvalidArgument,
                    "more than 2 GiB of JSON cannot be decoded at once");
    auto buffer = buffers_->take(size);
    items_.clear();
    items_.reserve(records.size());
    char* to = buffer.get();
    for (size_t i = 0; i < records.size(); ++i) {
        const auto& value = records[i].value;
        if (!value || value->empty()) {
            rejected_->push_back({uint32_t(i), "no value", ""});
            continue;
        }
        auto begin = uint32_t(to - buffer.get());
        std::memcpy(to, value->data(), value->size());
        to += value->size();
        items_.push_back({uint32_t(i), begin, uint32_t(to - buffer.get())});
        *to++ = '\n';
    }
    std::memset(to, ' ', kPadding);
    return buffer;
}

Result<std::shared_ptr<ColumnBatch>> JsonBatchDecoder::decode(std::span<const RecordView> records,
                                                              std::vector<uint32_t>& accepted,
                                                              std::vector<Rejected>& rejected) {
    TARN_RETURN_IF_ERROR(rows_.check());
    accepted.clear();
    rejected.clear();
    accepted_ = &accepted;
    rejected_ = &rejected;
    accepted.reserve(records.size());
    TARN_TRY(auto buffer, gather(records));
    text_ = buffer.get();
    rows_.begin(items_.size());
    std::span<const Item> items(items_);
    while (!items.empty()) {
        size_t n = 1;
        while (n < items.size() && items[n].end - items[0].begin < kChunkBytes)
            ++n;
        decode_chunk(items.first(n));
        items = items.subspan(n);
    }
    std::ranges::sort(rejected, {}, &Rejected::record);  // those without a value came first
    auto batch = std::make_shared<ColumnBatch>();
    rows_.finish(accepted.size(), *batch);
    batch->buffers.push_back(std::move(buffer));
    return batch;
}

void JsonBatchDecoder::decode_chunk(std::span<const Item> items) {
    const char* base = text_ + items.front().begin;
    bool indexed =
        way_ == JsonWay::kWalk && walk_.index(base, items.back().end + 1 - items.front().begin);
    if (!indexed && way_ == JsonWay::kWalk && items.size() > kFewRecords) {
        // Some record is broken beyond itself: find it by halves.
        decode_chunk(items.first(items.size() / 2));
        decode_chunk(items.subspan(items.size() / 2));
        return;
    }
    for (const auto& item : items) {
        if (indexed && walk_.record(text_ + item.end, accepted_->size()))
            accepted_->push_back(item.record);
        else
            decode_one(item);
        if (indexed) walk_.skip_to(text_ + item.end);
    }
}

void JsonBatchDecoder::decode_one(const Item& item) {
    size_t row = accepted_->size();
    rows_.forget(row);
    Rejected why{item.record, "", ""};
    if (rows_.put_record({text_ + item.begin, size_t(item.end - item.begin)}, row, why))
        accepted_->push_back(item.record);
    else
        rejected_->push_back(std::move(why));
}

struct JsonDecoder::Impl {
    explicit Impl(const JsonDecoderOptions& options) : decoder(options, JsonWay::kWalk) {}
    JsonBatchDecoder decoder;
};

JsonDecoder::JsonDecoder(JsonDecoderOptions options) : impl_(std::make_unique<Impl>(options)) {}
JsonDecoder::~JsonDecoder() = default;

Result<std::shared_ptr<ColumnBatch>> JsonDecoder::decode(std::span<const RecordView> records,
                                                         std::shared_ptr<const void> keep_alive,
                                                         std::vector<uint32_t>& accepted,
                                                         std::vector<Rejected>& rejected) {
    (void)keep_alive;
    return impl_->decoder.decode(records, accepted, rejected);
}

}  // namespace tarn::codec
