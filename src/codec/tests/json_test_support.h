#pragma once

// Batches as text, so that two ways of decoding can be compared and rows stand in tests as people
// read them.

#include <cstdint>
#include <string>
#include <vector>

#include "json_batch_decoder.h"

namespace tarn::codec {

struct DecodedJson {
    std::vector<std::string> rows;  // "1|'text'|NULL" by column
    std::vector<uint32_t> accepted;
    std::vector<std::string> rejected;  // "record field: reason"
    friend bool operator==(const DecodedJson&, const DecodedJson&) = default;
};

std::vector<RecordView> records_of(const std::vector<std::string>& values);
std::string cell_text(const Column& column, size_t row);
DecodedJson decode_json(JsonBatchDecoder& decoder, const std::vector<RecordView>& records);
// The columns of the fuzzer and the random tests: one of each type, some required.
JsonDecoderOptions mixed_options(bool extra);

}  // namespace tarn::codec
