#pragma once

// The payload formats, one a file; formats/list.cpp has a line for each.

#include "tarn/codec/payload_format.h"

namespace tarn::codec {

extern const PayloadFormat kJsonPayload;
extern const PayloadFormat kRawPayload;

}  // namespace tarn::codec
