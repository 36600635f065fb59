#pragma once

// Listeners beside those of Kafka and HTTP, as data: a protocol over the running platform. They are
// opened with the others and end before the flows.

#include <memory>
#include <string_view>

#include "tarn/base/settings.h"
#include "tarn/host/platform.h"
#include "tarn/net/listener.h"

namespace tarn::host {

// Outlives the listener.
struct ListenerContext {
    const Platform& platform;
    const Settings& settings;
};

struct ListenerRow {
    std::string_view name;  // of the protocol, for people: "PostgreSQL"
    // Listens, and serves from net::Listener::start() on. Null: the settings want none. Errors:
    // those of net::Listener::open.
    Result<std::unique_ptr<net::Listener>> (*open)(const ListenerContext& context);
};

}  // namespace tarn::host
