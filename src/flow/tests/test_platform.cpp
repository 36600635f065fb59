#include "test_platform.h"

#include <fmt/format.h>

#include "tarn/sql/functions.h"

namespace tarn::flow {

TestPlatform::TestPlatform(uint64_t seed) : disk(seed, clock), random(seed * 7919 + 1) {
    options.state_folder = "d/state";
    options.threads = false;
}

TestPlatform::~TestPlatform() { close(); }

void TestPlatform::close() {
    runtime_.reset();
    views_.reset();
    lake_.reset();
    tail_engine_.reset();
    engine_.reset();
    log_.reset();
}

void TestPlatform::crash() {
    if (!disk.crashed()) disk.crash();
    close();
    disk.restart();
    disk.crash_at_call(0);
}

Status TestPlatform::open() {
    auto opened = open_all();
    if (!opened) close();
    return opened;
}

Status TestPlatform::open_all() {
    ++starts_;
    metrics_ = std::make_unique<Metrics>();
    log::LogOptions of_log;
    of_log.folder = "d/log";
    of_log.start_number = starts_;
    of_log.segment_bytes = 64 << 10;
    of_log.threads = false;
    TARN_TRY(log_, log::Log::open(of_log, {disk, clock, random, failpoints, *metrics_, Logger()}));
    TARN_TRY(engine_,
             sql::Engine::open({.memory_bytes = 256 << 20, .threads = 1, .spill_folder = {}}, disk,
                               this));
    TARN_RETURN_IF_ERROR(sql::register_text_function(
        *engine_, "keyed_hash",
        [](std::string_view text, std::string& out) { out = "hash of " + std::string(text); }));
    TARN_TRY(lake_, lake::Lake::open("d/tables", {disk, clock, random, failpoints, *metrics_,
                                                  Logger(), *engine_}));
    TARN_TRY(views_, view::open_simple_store("d/views", disk, failpoints));
    options.start_number = starts_;
    TARN_TRY(runtime_, Runtime::open(project_, options, context()));
    log_->start_retention();
    return {};
}

Result<std::unique_ptr<sql::Session>> TestPlatform::tail_session() {
    if (!tail_engine_) {
        TARN_TRY(tail_engine_, sql::Engine::open({.memory_bytes = 256 << 20,
                                                  .threads = 1,
                                                  .spill_folder = {},
                                                  .restricted = true,
                                                  .tails = true},
                                                 disk, this));
    }
    return tail_engine_->session();
}

RuntimeContext TestPlatform::context() {
    return {disk,   clock, random, failpoints, *metrics_, Logger(),
            memory, *log_, *lake_, *views_,    *engine_};
}

Status TestPlatform::drain() {
    for (int i = 0; i < 10'000; ++i) {
        TARN_TRY(bool any, runtime_->step());
        for (const auto& flow : runtime_->list()) {
            if (flow.state != FlowState::kRunning && flow.state != FlowState::kRebuilding &&
                flow.state != FlowState::kStarting) {
                return fail(ErrorCode::kInternal, fmt::format("flow {} is {}: {}", flow.name,
                                                              to_string(flow.state), flow.reason));
            }
        }
        if (!any) return {};
    }
    return fail(ErrorCode::kInternal, "the flows never end");
}

Result<std::optional<sql::TableRef>> TestPlatform::resolve(std::string_view schema,
                                                           std::string_view table) {
    auto name = fmt::format("{}.{}", schema, table);
    if (auto view = views_->find(name)) {
        TARN_TRY(auto rows, view->scan({}));
        return sql::RowsRef{view->spec().columns, {std::move(rows)}};
    }
    if (!lake_->version(name)) return std::nullopt;
    auto tail = runtime_ ? runtime_->tail(name) : nullptr;
    if (while_bound) while_bound();
    return sql::TableRef(sql::DeltaTableRef{.path = lake_->path_of(name), .tail = std::move(tail)});
}

}  // namespace tarn::flow
