#pragma once

// What those who answer people reach of the running platform. Flows stand here as functions, so
// that tests show any state of a flow.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/logger.h"
#include "tarn/base/metrics.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/flow/runtime.h"
#include "tarn/host/error_catalog.h"
#include "tarn/host/system_table.h"
#include "tarn/io/file_system.h"
#include "tarn/kafka/groups.h"
#include "tarn/lake/lake.h"
#include "tarn/log/log.h"
#include "tarn/net/principal.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/query_log.h"
#include "tarn/view/view.h"

namespace tarn::host {

// What producers say of themselves, together (the demo's generators keep it on disk); the server
// adds what it stored.
struct ProducerLedger {
    int64_t sent = 0;  // events handed to the socket at least once
    int64_t acknowledged = 0;
    std::map<std::string, int64_t> acknowledged_by_topic;
    int64_t late_sent = 0, broken_sent = 0, twice_sent = 0;
    Timestamp time;        // of the oldest of their words
    bool running = false;  // one of them at least
};

struct Flows {
    std::function<std::vector<flow::FlowStatus>()> list;
    std::function<std::optional<flow::FlowStatus>(std::string_view)> describe;
    std::function<Status(std::string_view)> pause, resume;
    std::function<std::vector<flow::RunRecord>(size_t)> runs;
    std::function<Result<std::vector<std::string>>(std::string_view, bool from_retained)> rebuild =
        {};
    // Of the project as it is on disk now; may be empty.
    std::function<Result<std::vector<flow::FlowChange>>()> plan = {};
    std::function<Status(std::string_view)> drop = {};  // may be empty
    // Takes up the project as it is on disk now, if it is another; may be empty. True if it did.
    std::function<Result<bool>()> reload = {};
    // Removes a table or view that no flow uses; may be empty.
    std::function<Status(const flow::Node&, flow::Dropped)> drop_output = {};
};
// Those of a runtime, which outlives them.
Flows flows_of(flow::Runtime& runtime);

// Consumer groups of the Kafka listener.
struct Groups {
    std::function<std::vector<kafka::GroupInfo>()> list;
    std::function<std::optional<kafka::GroupInfo>(const std::string&)> describe;
};

// The referenced objects outlive whoever holds this.
struct Platform {
    Clock& clock;
    Metrics& metrics;
    Logger logger;
    io::FileSystem& disk;     // below the data folder's quota
    std::string data_folder;  // on it
    log::Log& log;
    lake::Lake& lake;
    view::ViewStore& views;
    Flows flows;
    sql::Engine& sql;      // restricted, for untrusted SQL
    sql::Engine& changes;  // for statements that change tables; knows the same tables
    const ErrorCatalog& errors;
    std::function<std::optional<ProducerLedger>()> ledger;  // may be empty
    const net::Authorizer* authorizer = nullptr;            // null: everybody may do everything
    std::vector<SystemTable> system_tables = {};            // of all modules, by name
    sql::QueryLog* queries = nullptr;                       // of the queries of people; may be null
    Groups groups = {};                                     // may be empty
};

}  // namespace tarn::host
