#include "tarn/codec/payload_format.h"

namespace tarn::codec {

PayloadFormat raw_format() {
    return {.name = kRawFormat,
            .text =
                "Any bytes: a row has the columns key and value as they are, and no record is "
                "refused."};
}

}  // namespace tarn::codec
