#pragma once

// What the door needs of the platform. Flows stand here as functions, so that tests show the door
// any state of a flow.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/server/server.h"

namespace tarn::server {

struct Flows {
    std::function<std::vector<flow::FlowStatus>()> list;
    std::function<std::optional<flow::FlowStatus>(std::string_view)> describe;
    std::function<Status(std::string_view)> pause, resume;
    std::function<std::vector<flow::RunRecord>(size_t)> runs;
};

// The referenced objects outlive whoever holds this.
struct Platform {
    Clock& clock;
    Metrics& metrics;
    Logger logger;
    log::Log& log;
    lake::Lake& lake;
    view::ViewStore& views;
    Flows flows;
    sql::Engine& sql;
    const host::ErrorCatalog& errors;
    std::function<std::optional<ProducerLedger>()> ledger;  // may be empty
    DemoControl demo = {};
    const net::Authorizer* authorizer = nullptr;  // null: everybody may do everything
};

}  // namespace tarn::server
