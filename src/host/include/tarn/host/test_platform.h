#pragma once

// A platform for tests of what answers people: real log, lake, views and SQL on a disk in memory;
// flows are what a test says. For tests alone; used by one thread and by what it starts.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tarn/base/check.h"
#include "tarn/base/error_ids.h"
#include "tarn/codec/record_batch.h"
#include "tarn/flow/error_ids.h"
#include "tarn/host/platform.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/log/error_ids.h"

namespace tarn::host::testing {

using codec::ColumnType;

class OneTable final : public sql::TableProvider {
  public:
    Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                 std::string_view table) override {
        if (schema != "test" || table != "numbers") return std::nullopt;
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->schema = {{"n", ColumnType::kInt64, false}};
        codec::ColumnBuilder n(ColumnType::kInt64);
        for (int64_t i = 0; i < 100; ++i)
            n.add_int(i);
        batch->columns.push_back(n.finish(*batch));
        batch->row_count = 100;
        return sql::TableRef(sql::RowsRef{batch->schema, {batch}});
    }
    std::vector<std::string> names() override { return {"test.numbers"}; }
};

inline std::vector<codec::ColumnSpec> window_columns() {
    return {{"window_start", ColumnType::kTimestamp, false},
            {"page", ColumnType::kText, false},
            {"page_views", ColumnType::kInt64, false},
            {"grouping_set", ColumnType::kInt32, false}};
}

struct WindowRow {
    int64_t start_seconds;
    const char* page;  // null: the total
    int64_t views;
};
inline std::shared_ptr<const codec::ColumnBatch> window_rows(const std::vector<WindowRow>& rows) {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = window_columns();
    batch->row_count = rows.size();
    codec::ColumnBuilder start(ColumnType::kTimestamp), page(ColumnType::kText),
        views(ColumnType::kInt64), set(ColumnType::kInt32);
    for (const auto& row : rows) {
        start.add_int(row.start_seconds * 1'000'000);
        row.page ? page.add_text(row.page) : page.add_null();
        views.add_int(row.views);
        set.add_int(row.page ? 1 : 0);
    }
    for (auto* column : {&start, &page, &views, &set})
        batch->columns.push_back(column->finish(*batch));
    return batch;
}

struct TestPlatform {
    // `more`: errors of a module above this one.
    explicit TestPlatform(ErrorList more = {})
        : errors(std::array{base_errors(), flow::error_list(), log::error_list(), more}) {
        sql::EngineOptions trusted, strangers;
        trusted.threads = strangers.threads = 1;
        strangers.restricted = true;
        engine = must(sql::Engine::open(trusted, disk, nullptr));
        user_engine = must(sql::Engine::open(strangers, disk, &tables));
        change_engine = must(sql::Engine::open(trusted, disk, &tables));
        log = must(log::Log::open({.folder = "/log", .segment_bytes = 1 << 20},
                                  {disk, clock, random, failpoints, metrics, Logger()}));
        lake = must(lake::Lake::open(
            "/tables", {disk, clock, random, failpoints, metrics, Logger(), *engine}));
        views = must(view::open_simple_store("/views", disk, failpoints));
    }
    template <class T>
    static T must(Result<T> result) {
        TARN_CHECK(result, result ? "" : result.error().message().c_str());
        return std::move(*result);
    }
    Platform platform() {
        Flows functions{
            .list =
                [this] {
                    MutexLock lock(mutex);
                    return flows;
                },
            .describe = [this](std::string_view name) -> std::optional<flow::FlowStatus> {
                MutexLock lock(mutex);
                for (const auto& f : flows)
                    if (f.name == name) return f;
                return std::nullopt;
            },
            .pause =
                [this](std::string_view name) { return set_state(name, flow::FlowState::kPaused); },
            .resume =
                [this](std::string_view name) {
                    return set_state(name, flow::FlowState::kRunning);
                },
            .runs = [](size_t) { return std::vector<flow::RunRecord>{}; }};
        return {clock,
                metrics,
                Logger(),
                disk,
                "data",
                *log,
                *lake,
                *views,
                functions,
                *user_engine,
                *change_engine,
                errors,
                [this] { return producer; },
                authorizer};
    }
    Status set_state(std::string_view name, flow::FlowState state) {
        MutexLock lock(mutex);
        for (auto& f : flows)
            if (f.name == name) {
                f.state = state;
                return {};
            }
        return fail(ErrorCode::kNotFound, "there is no such flow");
    }
    void produce(const std::string& topic, const std::vector<std::string>& values) {
        codec::BatchBuilder builder;
        for (const auto& value : values)
            builder.add(1'700'000'000'000, "k", value);
        log::AppendRequest request;
        request.partition = {log->find_topic(topic)->id, 0};
        request.batch = must(builder.finish());
        const auto outcome = log->append_and_wait(std::move(request));
        TARN_CHECK(outcome.code == log::AppendCode::kOk, outcome.message.c_str());
    }

    const ErrorCatalog errors;
    SystemClock clock;
    Random random{1};
    io::Failpoints failpoints;
    Metrics metrics;
    io::SimulatedDisk disk{1, clock};
    OneTable tables;
    std::unique_ptr<sql::Engine> engine, user_engine, change_engine;
    std::unique_ptr<log::Log> log;
    std::unique_ptr<lake::Lake> lake;
    std::unique_ptr<view::ViewStore> views;
    Mutex mutex;
    std::vector<flow::FlowStatus> flows;
    std::optional<ProducerLedger> producer;
    const net::Authorizer* authorizer = nullptr;
};

}  // namespace tarn::host::testing
