#pragma once

// A platform with a listener, for the listener's tests.

#include <gtest/gtest.h>

#include <memory>

#include "host_names.h"
#include "http_listener.h"
#include "tarn/host/test_platform.h"
#include "tarn/server/error_ids.h"

namespace tarn::server::testing {

using codec::ColumnType;
using host::testing::window_columns;
using host::testing::window_rows;
using host::testing::WindowRow;

struct World : host::testing::TestPlatform {
    World() : TestPlatform(server::error_list()) {}
    std::unique_ptr<HttpListener> open_listener(ServerOptions options = {}) {
        options.port = 0;
        options.version = "1.2.3";
        options.project_name = "shop";
        return must(HttpListener::open(options, {platform(), offered}));
    }

    const host::Capability offered[1] = {
        {.module = "server", .routes = routes(), .events = events()}};
};

}  // namespace tarn::server::testing
