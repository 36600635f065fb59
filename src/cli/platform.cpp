#include "platform.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capabilities.h"
#include "project_folder.h"
#include "tarn/base/base_settings.h"
#include "tarn/base/block_cache.h"
#include "tarn/base/error_ids.h"
#include "tarn/base/version.h"
#include "tarn/demo/demo.h"
#include "tarn/host/machine.h"
#include "tarn/host/ports.h"
#include "tarn/net/listener.h"
#include "tarn/project/check.h"
#include "tarn/server/settings.h"
#include "tarn/sql/functions.h"

namespace tarn::cli {
namespace {

Result<Logger> logger_of(const Settings& settings) {
    auto level = parse_log_level(settings.text("logging.level"));
    if (!level)
        return fail(level.error().with_context("logging.level").with_id(errors::kSettingValue));
    auto& format = settings.text("logging.format");
    if (format != "text" && format != "json")
        return fail(errors::kSettingValue,
                    fmt::format("logging.format is text or json, not: \"{}\"", format));
    return Logger::open({*level, format == "json"});
}

constexpr int64_t kPartOfBuffers = 32;    // of memory.limit: each buffer between parts
constexpr int64_t kLeastLent = 48 << 20;  // bytes, to an engine,
// and at least such a part of what it may have: batches of flows come in smaller pieces, queries of
// people do not.
constexpr int64_t kPartOfFlowSql = 4, kPartOfSql = 2;

// A listener, or why it did not open: a port in use says who has it and which flag to use.
template <class Listener>
Result<Listener> opened(Result<Listener> listener, std::string_view name,
                        const std::string& address, int64_t port, std::string_view flag) {
    if (listener || listener.error().id() != errors::kPortInUse) return listener;
    return fail(host::port_in_use(name, address, uint16_t(port), flag));
}

}  // namespace

Result<std::unique_ptr<Platform>> Platform::open(const std::string& data, project::Project project,
                                                 const Settings& settings) {
    set_up_allocator();
    std::unique_ptr<Platform> p(new Platform(data, settings));
    TARN_TRY(p->logger_, logger_of(settings));
    if (auto* point = std::getenv("TARN_FAILPOINT"))
        TARN_RETURN_IF_ERROR(p->failpoints_.arm_exit(point));
    auto seed = entropy_seed();
    for (auto* random : {&p->log_random_, &p->lake_random_, &p->flow_random_, &p->kafka_random_})
        *random = std::make_unique<Random>(seed++);
    p->project_ = std::move(project);
    if (!p->project_.text.empty())
        p->serving_.project = ProjectFolder::canonical(p->project_.folder);
    {
        MutexLock lock(p->reloading_);
        p->text_ = p->project_.text;
    }
    p->memory_limit_ = memory_setting(settings, "memory.limit", host::this_machine().memory_bytes);
    p->memory_ = MemoryBudget::root("tarn", p->memory_limit_);
    TARN_TRY(auto folder, io::DataFolder::open(p->fs_, data));
    p->folder_.emplace(std::move(folder));
    TARN_RETURN_IF_ERROR(p->open_stores(settings));
    TARN_RETURN_IF_ERROR(p->open_listeners(settings));
    return p;
}

Status Platform::open_stores(const Settings& settings) {
    auto lake_root = data_ + "/tables";
    auto log_options = log::log_options(settings);
    const auto part = uint64_t(memory_limit_ / kPartOfBuffers);
    set_block_cache_limit(part);
    log_options.head_cache_bytes = std::min(log_options.head_cache_bytes, part);
    log_options.append_queue_bytes = std::min(log_options.append_queue_bytes, part);
    log_options.folder = data_ + "/log";
    log_options.start_number = folder_->start_number();
    TARN_TRY(log_, log::Log::open(log_options, {fs_, clock_, *log_random_, failpoints_, metrics_,
                                                logger_.named("log")}));
    project::keep_dead_letters(
        project_, [&](const std::string& name) { return log_->find_topic(name).has_value(); });

    sql::EngineOptions flow_sql;
    flow_sql.memory_bytes = memory_setting(settings, "flow.memory", memory_limit_);
    flow_sql.threads = 1;
    flow_sql.spill_folder = data_ + "/spill/flows";
    flow_sql.cache_files = false;  // a flow reads a file once
    TARN_TRY(flow_engine_, sql::Engine::open(flow_sql, fs_, nullptr));
    TARN_RETURN_IF_ERROR(lend_functions(*flow_engine_));
    TARN_TRY(lake_, lake::Lake::open(lake_root, {fs_, clock_, *lake_random_, failpoints_, metrics_,
                                                 logger_.named("lake"), *flow_engine_,
                                                 settings.duration("lake.keep_dropped"), true}));
    view::RocksOptions views;
    views.folder = data_ + "/views";
    TARN_TRY(views_, view::open_rocks_store(views, failpoints_));
    TARN_RETURN_IF_ERROR(lake_->remove_dropped());

    TARN_TRY(flows_, flow::Runtime::open(project_, flow_options(), flow_context()));

    tables_ = std::make_unique<Tables>(fs_, lake_root);
    tables_->serve(*views_,
                   {*log_, *flows_, settings_, queries_, [this] { return kafka_->groups(); }},
                   all_system_tables());
    sql::EngineOptions user_sql;
    user_sql.memory_bytes = memory_setting(settings, "sql.memory", memory_limit_);
    user_sql.threads = int(settings.integer("sql.threads"));
    user_sql.spill_folder = data_ + "/spill/sql";
    user_sql.restricted = true;
    user_sql.tails = settings.boolean("sql.tail");
    // Folders beside the lake are for who is on this machine.
    user_sql.allow_delta_scan = net::is_loopback(settings.text("http.address"));
    TARN_TRY(user_engine_, sql::Engine::open(user_sql, fs_, tables_.get()));
    TARN_RETURN_IF_ERROR(lend_functions(*user_engine_));
    user_sql.spill_folder = data_ + "/spill/changes";
    user_sql.restricted = false;
    user_sql.tails = false;  // what changes tables goes by what is committed
    user_sql.cache_files = false;
    TARN_TRY(change_engine_, sql::Engine::open(user_sql, fs_, tables_.get()));
    const auto borrower = [&](sql::Engine& engine, int64_t most, int64_t parts, const char* name,
                              const char* what) {
        const auto least = std::min(most, std::max(kLeastLent, most / parts));
        return Borrower{engine, {.least = least, .most = most}, metrics_.gauge(name, what)};
    };
    keeper_.emplace(
        memory_,
        std::vector<Borrower>{
            borrower(*flow_engine_, flow_sql.memory_bytes, kPartOfFlowSql,
                     "tarn_memory_flow_sql_bytes", "Memory that the flows' SQL may take now."),
            borrower(*user_engine_, user_sql.memory_bytes, kPartOfSql,
                     "tarn_memory_people_sql_bytes", "Memory that the SQL of people may take now."),
            borrower(*change_engine_, user_sql.memory_bytes, kPartOfSql,
                     "tarn_memory_change_sql_bytes",
                     "Memory that statements that change tables may take now.")},
        metrics_, logger_.named("memory"));
    return lend_functions(*change_engine_);
}

flow::RuntimeOptions Platform::flow_options() const {
    flow::RuntimeOptions out;
    out.state_folder = data_ + "/state";
    out.start_number = folder_->start_number();
    out.decoded_cache_bytes =
        std::min(out.decoded_cache_bytes, uint64_t(memory_limit_ / kPartOfBuffers));
    return out;
}

flow::RuntimeContext Platform::flow_context() {
    return {fs_,     clock_, *flow_random_, failpoints_, metrics_,     logger_.named("flow"),
            memory_, *log_,  *lake_,        *views_,     *flow_engine_};
}

Status Platform::lend_functions(sql::Engine& engine) {
    auto protect = [](const std::string& path, bool folder) -> Status {
        if (chmod(path.c_str(), folder ? 0700 : 0600) == 0) return {};
        return fail(errno_error(errno, "cannot protect", path));
    };
    for (const auto& capability : capabilities())
        TARN_RETURN_IF_ERROR(sql::lend_functions(engine, capability.sql_functions,
                                                 {fs_, *flow_random_, data_, protect}));
    return {};
}

Status Platform::open_listeners(const Settings& settings) {
    auto of_kafka = kafka::options_from(settings);
    const auto part = size_t(memory_limit_ / kPartOfBuffers);
    of_kafka.max_inflight_bytes = std::min(of_kafka.max_inflight_bytes, part);
    of_kafka.max_answer_bytes = std::min(of_kafka.max_answer_bytes, part);
    TARN_TRY(kafka_, opened(kafka::Server::open(of_kafka, {*log_, clock_, *kafka_random_, metrics_,
                                                           logger_.named("kafka"), memory_}),
                            "Kafka", settings.text("kafka.address"), settings.integer("kafka.port"),
                            "--kafka-port"));
    server::ServerOptions http_options;
    http_options.address = settings.text("http.address");
    http_options.port = uint16_t(settings.integer("http.port"));
    TARN_TRY(http_options.hosts, server::parse_hosts(settings.text("http.hosts")));
    http_options.version = std::string(version());
    http_options.project_name = project_.name;
    http_options.kafka_address = kafka_->address();
    http_options.start_number = folder_->start_number();
    reached_.emplace(
        clock_, metrics_, logger_.named("http"), disk_, data_, *log_, *lake_, *views_,
        flows_of_project(), *user_engine_, *change_engine_, program().errors,
        [this] { return demo::read_producers(disk_, data_); }, nullptr, all_system_tables(),
        &queries_,
        host::Groups{[this] { return kafka_->groups(); },
                     [this](const std::string& name) { return kafka_->group(name); }});
    TARN_TRY(http_, opened(server::HttpServer::open(http_options, {*reached_, capabilities()}),
                           "HTTP", http_options.address, http_options.port, "--http-port"));
    TARN_RETURN_IF_ERROR(open_more_listeners());
    flows_->start();
    log_->start_retention();
    care_.emplace(host::TableCareContext{*lake_, *change_engine_, clock_, metrics_,
                                         logger_.named("maintain"), flows_of_project().drop_output,
                                         memory_});
    care_->set(project::care_plan(project_));
    care_->start();
    serving_.pid = getpid();
    serving_.kafka = kafka_->address();
    serving_.http = fmt::format("{}:{}", http_options.address, http_->port());
    TARN_RETURN_IF_ERROR(host::write_serving(fs_, data_, serving_));
    http_->set_ready();
    return {};
}

Error Platform::project_gone() const {
    return {ErrorCode::kFailedPrecondition,
            fmt::format("the folder of the project that is served is gone, or has no tarn.yml: {}. "
                        "What runs goes on; put the folder back",
                        serving_.project)};
}

// As it is on disk now.
Result<project::Project> Platform::project_on_disk() const {
    if (!disk_.exists(project_.folder + "/tarn.yml")) {
        if (project_.text.empty()) return project_;  // it has never had one
        return fail(project_gone());
    }
    TARN_TRY(auto project, project::load_project(disk_, project_.folder, all_sections()));
    project::keep_dead_letters(
        project, [&](const std::string& name) { return log_->find_topic(name).has_value(); });
    return project;
}

Result<bool> Platform::reload() {
    MutexLock lock(reloading_);
    if (project_.text.empty() && !disk_.exists(project_.folder + "/tarn.yml")) return false;
    TARN_TRY(auto project, project_on_disk());
    if (project.text == text_) return false;
    // What does not compile is said before anything is stopped.
    TARN_RETURN_IF_ERROR(flow::plan_changes(project, flow_options(), flow_context()));
    TARN_RETURN_IF_ERROR(flows_->reload(project));
    if (project.settings != project_.settings)
        logger_.warn("settings of tarn.yml have changed: they count from the next start");
    if (care_) care_->set(project::care_plan(project));
    text_ = project.text;
    logger_.info("the project was loaded anew");
    return true;
}

Status Platform::look_at_project() {
    if (!disk_.exists(project_.folder + "/tarn.yml")) {
        // Editors take a file away for a moment: at the second look in a row it is said, once.
        if (!project_.text.empty() && ++looks_at_gone_ == 2)
            logger_.warn("the project cannot be looked at", {{"reason", project_gone()}});
        return {};
    }
    looks_at_gone_ = 0;
    TARN_TRY(auto text, project::text_of(disk_, project_.folder));
    {
        MutexLock lock(reloading_);
        // Editors write a file in steps: what two looks see alike is taken.
        if (text == text_) refused_.clear();
        if (text != std::exchange(seen_, text) || text == text_ || text == refused_) return {};
        refused_ = text;  // unless it is taken up
    }
    TARN_TRY(auto project, project_on_disk());
    TARN_TRY(auto changes, flow::plan_changes(project, flow_options(), flow_context()));
    std::vector<std::string> rebuilt;
    for (const auto& change : changes)
        if (change.effect == flow::Effect::kRebuild) rebuilt.push_back(change.flow);
    if (!rebuilt.empty()) {
        logger_.warn(
            "the project has changed so that flows need a rebuild: nothing is taken up "
            "until `tarn apply`, or until it is put back",
            {{"flows", fmt::format("{}", fmt::join(rebuilt, ", "))}});
        return {};
    }
    TARN_RETURN_IF_ERROR(reload());
    return {};
}

// What the flows can do, also with the project as it is on disk now.
host::Flows Platform::flows_of_project() {
    auto out = host::flows_of(*flows_);
    auto options = flow_options();
    auto context = flow_context();
    out.plan = [this, options, context]() -> Result<std::vector<flow::FlowChange>> {
        TARN_TRY(auto project, project_on_disk());
        TARN_TRY(auto changes, flow::plan_changes(project, options, context));
        flows_->add_speeds(changes);
        return changes;
    };
    out.reload = [this] { return reload(); };
    out.rebuild = [this](std::string_view name,
                         bool from_retained) -> Result<std::vector<std::string>> {
        if (auto reloaded = reload(); !reloaded)
            return fail(reloaded.error().with_context("the project as it is on disk now"));
        return flows_->rebuild(name, from_retained);
    };
    out.drop = [this, options, context](std::string_view name) {
        return flow::drop_flow(name, *flows_->project(), options, context);
    };
    out.drop_output = [this, options, context](const flow::Node& node, flow::Dropped kept) {
        return flow::drop_output(node, kept, *flows_->project(), options, context);
    };
    return out;
}

// Those that capabilities bring.
Status Platform::open_more_listeners() {
    for (const auto& row : host::all_of(capabilities(), &host::Capability::listeners)) {
        TARN_TRY(auto listener, row.open({*reached_, settings_}));
        if (!listener) continue;
        logger_.info("listening", {{"protocol", row.name}, {"address", listener->address()}});
        listener->start();
        listeners_.push_back(std::move(listener));
    }
    return {};
}

Platform::~Platform() {
    if (!serving_.http.empty()) (void)fs_.remove(data_ + "/SERVING");
    // Listeners first, then flows, then what they stand on.
    for (auto& listener : listeners_)
        listener->stop();
    if (http_) http_->stop();  // and ends the statements that run
    if (care_) care_->stop();
    if (kafka_) kafka_->stop();
    if (flows_) flows_->stop();
    listeners_.clear();
    http_.reset();
    kafka_.reset();
    keeper_.reset();
    care_.reset();
    user_engine_.reset();
    change_engine_.reset();
    flows_.reset();
}

}  // namespace tarn::cli
