#include "formats/list.h"

namespace tarn::codec {

constinit const PayloadFormat kRawPayload = {
    .name = kRawFormat,
    .text =
        "Any bytes: a row has the columns key and value as they are, and no record is refused."};

}  // namespace tarn::codec
