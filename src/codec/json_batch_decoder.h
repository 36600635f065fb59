#pragma once

// What is behind JsonDecoder: one copy of all values into a padded buffer with a line end behind
// each, decoded in chunks that fit the processor's cache. Private to codec; tests choose the way.

#include <memory>
#include <span>
#include <vector>

#include "json_rows.h"
#include "json_walk.h"

namespace tarn::codec {

enum class JsonWay {
    kWalk,   // stage 1 and the walk, records that it does not understand one by one
    kNaive,  // every record one by one: the reference
};

class JsonBatchDecoder {
  public:
    JsonBatchDecoder(const JsonDecoderOptions& options, JsonWay way);
    Result<std::shared_ptr<ColumnBatch>> decode(std::span<const RecordView> records,
                                                std::vector<uint32_t>& accepted,
                                                std::vector<Rejected>& rejected);

  private:
    // A record of the input and where its value lies in the buffer.
    struct Item {
        uint32_t record, begin, end;
    };
    class Buffers;

    Result<std::shared_ptr<char>> gather(std::span<const RecordView> records);
    void decode_chunk(std::span<const Item> items);
    void decode_one(const Item& item);

    JsonRows rows_;
    JsonWay way_;
    JsonWalk walk_;
    std::shared_ptr<Buffers> buffers_;
    // Of the batch at hand.
    const char* text_ = nullptr;
    std::vector<Item> items_;
    std::vector<uint32_t>* accepted_ = nullptr;
    std::vector<Rejected>* rejected_ = nullptr;
};

}  // namespace tarn::codec
