#pragma once

// What the stream of server-sent events tells those who listen, as rows that modules bring.

#include <string>
#include <string_view>

#include "tarn/base/time.h"
#include "tarn/host/route.h"

namespace tarn::host {

// Sent to who begins to listen and then again and again. The server's thread of events calls
// `json`, which must not wait; the text holds no line breaks.
struct EventSource {
    std::string_view name;  // as the contract names it: "flows"
    Duration every;         // a multiple of 100 ms
    std::string (*json)(const RouteContext& context);
};

}  // namespace tarn::host
