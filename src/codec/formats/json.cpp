#include "tarn/codec/json_decoder.h"
#include "tarn/codec/payload_format.h"

namespace tarn::codec {
namespace {

std::unique_ptr<PayloadDecoder> make_decoder(const DecoderOptions& options) {
    return std::make_unique<JsonDecoder>(options);
}

}  // namespace

PayloadFormat json_format() {
    return {
        .name = "json",
        .text =
            "One JSON object a record. A declared field that is missing or null is NULL; a value "
            "of another type than the declared one is refused, but an integer is good for a "
            "double, a text in RFC 3339 or milliseconds as a whole number for a timestamp, and an "
            "object or array, as its text, for a text. Of a key that stands twice the last value "
            "counts.",
        .make_decoder = make_decoder};
}

}  // namespace tarn::codec
