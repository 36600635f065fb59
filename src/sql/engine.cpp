#include "tarn/sql/engine.h"

#include <atomic>
#include <charconv>

#include <fmt/format.h>

#include "duckdb/common/string_util.hpp"
#include "duckdb/main/valid_checker.hpp"
#include "duckdb/parser/expression/cast_expression.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/comparison_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

#include "delta_tables.h"
#include "duck.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {

// --- Errors ---

static constexpr const char* kIdKey = "tarn_code";

static const ErrorId& id_of(duckdb::ExceptionType type) {
    using T = duckdb::ExceptionType;
    switch (type) {
        case T::OUT_OF_MEMORY:
            return errors::kSqlMemory;
        case T::INTERRUPT:
            return errors::kSqlCancelled;
        case T::PERMISSION:
            return errors::kSqlRefused;
        case T::NOT_IMPLEMENTED:
        case T::MISSING_EXTENSION:
        case T::AUTOLOAD:
            return errors::kUnsupported;
        case T::IO:
        case T::HTTP:
        case T::NETWORK:
            return errors::kIo;
        case T::TRANSACTION:
            return errors::kFailedPrecondition;
        case T::FATAL:
        case T::INTERNAL:
        case T::NULL_POINTER:
        case T::INVALID:
        case T::SERIALIZATION:
            return errors::kInternal;
        case T::CATALOG:
            return errors::kSqlUnknownName;
        default:
            return errors::kSql;
    }
}

// DuckDB carries text alone: the id's number goes with an exception, and by that number it is found
// again.
static std::atomic<const ErrorId*> thrown_ids[10'000];

static std::string remember_id(const ErrorId& id) {
    thrown_ids[id.number % std::size(thrown_ids)].store(&id, std::memory_order_relaxed);
    return fmt::format("{}", id.number);
}

static const ErrorId* thrown_id(std::string_view text, const ErrorId& otherwise) {
    uint16_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const auto* id = thrown_ids[number % std::size(thrown_ids)].load(std::memory_order_relaxed);
    return id ? id : &otherwise;
}

namespace {

// DuckDB 1.5.6 wraps what stops an Appender, whatever its kind was.
duckdb::ExceptionType type_of(const duckdb::ErrorData& error) {
    const auto& text = error.RawMessage();
    const bool wrapped =
        text.starts_with("Failed to append: ") || text.starts_with("Failed to commit: ");
    return wrapped && text.find("Failed to allocate ") != std::string::npos
               ? duckdb::ExceptionType::OUT_OF_MEMORY
               : error.Type();
}

}  // namespace

Error to_error(const duckdb::ErrorData& error) {
    auto& extra = error.ExtraInfo();
    const auto type = type_of(error);
    const auto* id = &id_of(type);
    if (auto it = extra.find(kIdKey); it != extra.end()) id = thrown_id(it->second, *id);
    std::string text = error.RawMessage();
    if (text.starts_with(kRefusedRow))
        return Error(errors::kSqlRow, text.substr(kRefusedRow.size()));
    // DuckDB appends a stack trace and a request for a report to its internal errors; the log needs
    // the first line.
    if (type == duckdb::ExceptionType::INTERNAL)
        text = "DuckDB: " + text.substr(0, text.find('\n'));
    // Its advice is about settings that nobody here can set; ours goes with the id.
    if (type == duckdb::ExceptionType::OUT_OF_MEMORY)
        text = text.substr(0, text.find("\n\nPossible solutions"));
    return Error(*id, std::move(text));
}

bool is_of_value(duckdb::ExceptionType type) {
    using T = duckdb::ExceptionType;
    return type == T::CONVERSION || type == T::OUT_OF_RANGE || type == T::INVALID_INPUT ||
           type == T::DIVIDE_BY_ZERO || type == T::DECIMAL;
}

std::string reason_of_value(const duckdb::ErrorData& error) {
    constexpr size_t kMostBytes = 300;
    const auto& text = error.RawMessage();
    auto size = std::min(text.find('\n'), text.size());
    if (size <= kMostBytes) return text.substr(0, size);
    for (size = kMostBytes; size > 0 && (uint8_t(text[size]) & 0xC0) == 0x80;)
        --size;
    return text.substr(0, size) + "…";
}

Error to_run_error(const duckdb::ErrorData& error) {
    const bool ours = error.ExtraInfo().contains(kIdKey);
    if (!is_of_value(type_of(error)) || ours) return to_error(error);
    return Error(errors::kSqlValue, reason_of_value(error));
}

void throw_error(const Error& error) {
    auto type = error.code() == ErrorCode::kResourceExhausted ? duckdb::ExceptionType::OUT_OF_MEMORY
                                                              : duckdb::ExceptionType::IO;
    throw duckdb::Exception({{kIdKey, remember_id(error.id())}}, type, error.message());
}

// --- Watchdog ---

Watchdog::~Watchdog() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

uint64_t Watchdog::add(Duration in, std::function<void()> expired) {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    auto id = next_++;
    entries_[id] = {std::chrono::steady_clock::now() + std::chrono::microseconds(in.us),
                    std::move(expired)};
    wake_.notify_all();
    return id;
}

void Watchdog::remove(uint64_t id) {
    std::lock_guard lock(mutex_);
    entries_.erase(id);
}

void Watchdog::run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
        auto first = entries_.end();
        for (auto it = entries_.begin(); it != entries_.end(); ++it)
            if (first == entries_.end() || it->second.at < first->second.at) first = it;
        if (first == entries_.end()) {
            wake_.wait(lock);
        } else if (first->second.at <= std::chrono::steady_clock::now()) {
            first->second.expired();  // under the mutex, so that remove() waits for it
            entries_.erase(first);
        } else {
            auto at = first->second.at;  // the entry may go while this waits
            wake_.wait_until(lock, at);
        }
    }
}

// --- Tables of the provider ---

namespace {

struct ProviderScan : duckdb::ReplacementScanData {
    ProviderScan(TableProvider& t, bool with_tails) : tables(t), tails(with_tails) {}
    TableProvider& tables;
    const bool tails;
};

duckdb::unique_ptr<duckdb::ParsedExpression> constant(duckdb::Value value) {
    return duckdb::make_uniq<duckdb::ConstantExpression>(std::move(value));
}

duckdb::unique_ptr<duckdb::TableRef> call(
    const char* function, duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments,
    const std::string& alias) {
    auto ref = duckdb::make_uniq<duckdb::TableFunctionRef>();
    ref->function = duckdb::make_uniq<duckdb::FunctionExpression>(function, std::move(arguments));
    ref->alias = alias;
    return ref;
}

duckdb::unique_ptr<duckdb::ParsedExpression> named(
    const char* parameter, duckdb::unique_ptr<duckdb::ParsedExpression> value) {
    return duckdb::make_uniq<duckdb::ComparisonExpression>(
        duckdb::ExpressionType::COMPARE_EQUAL,
        duckdb::make_uniq<duckdb::ColumnRefExpression>(parameter), std::move(value));
}

duckdb::unique_ptr<duckdb::TableRef> older_version(const std::optional<TableRef>& found,
                                                   const std::string& schema, const TableAt& at) {
    const auto name = (schema.empty() ? "" : schema + ".") + at.table;
    if (!found) throw duckdb::CatalogException("Table with name %s does not exist!", name);
    const auto* delta = std::get_if<DeltaTableRef>(&*found);
    if (!delta)
        throw duckdb::BinderException("%s has no versions: AT is for tables of the lake", name);
    auto values = duckdb::Parser::ParseExpressionList(at.value);
    const bool version = at.unit == "version";
    if (!version)
        values[0] = duckdb::make_uniq<duckdb::CastExpression>(duckdb::LogicalType::TIMESTAMP_TZ,
                                                              std::move(values[0]));
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
    arguments.push_back(constant(duckdb::Value(delta->path)));
    arguments.push_back(named(version ? "version" : "timestamp", std::move(values[0])));
    return call(kDeltaScanFunction, std::move(arguments), at.table);
}

duckdb::unique_ptr<duckdb::TableRef> find_table(
    duckdb::ClientContext& context, duckdb::ReplacementScanInput& input,
    duckdb::optional_ptr<duckdb::ReplacementScanData> data) {
    // DuckDB 1.5 has databases of its own called system, temp and memory, so its binder takes
    // system.runs for a table of that.
    const auto is_database = [&](const char* name) {
        return duckdb::StringUtil::CIEquals(input.catalog_name, name);
    };
    const bool database = (input.schema_name.empty() || input.schema_name == "main") &&
                          (is_database("system") || is_database("temp") || is_database("memory"));
    const std::string schema = is_database("system") && database ? "system"
                               : database                        ? input.catalog_name
                                                                 : input.schema_name;
    const auto at = table_at(input.table_name);
    const auto& table = at ? at->table : input.table_name;
    const auto& provider = data->Cast<ProviderScan>();
    auto found = provider.tables.resolve(schema, table);
    if (!found) throw_error(found.error());
    if (!*found && !at) return nullptr;
    if (at) return older_version(*found, schema, *at);
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
    if (auto* rows = std::get_if<RowsRef>(&**found)) {
        arguments.push_back(
            constant(duckdb::Value(SessionState::of(context)->add(make_feed(*rows)))));
        return call(kRowsFunction, std::move(arguments), input.table_name);
    }
    if (auto* scan = std::get_if<ScanRef>(&**found)) {
        arguments.push_back(
            constant(duckdb::Value(SessionState::of(context)->add(make_feed(std::move(*scan))))));
        return call(kRowsFunction, std::move(arguments), input.table_name);
    }
    auto& delta = std::get<DeltaTableRef>(**found);
    if (delta.tail && provider.tails && SessionState::of(context)->with_tails)
        return with_tail(context, delta, input.table_name);
    arguments.push_back(constant(duckdb::Value(delta.path)));
    if (delta.version >= 0)
        arguments.push_back(named("version", constant(duckdb::Value::BIGINT(delta.version))));
    return call(kDeltaScanFunction, std::move(arguments), input.table_name);
}

void configure(duckdb::DBConfig& config, const EngineOptions& options) {
    using duckdb::Value;
    const auto threads = std::max(1, options.threads);
    config.SetOptionByName("threads", Value::BIGINT(threads));
    if (options.restricted) config.SetOptionByName("external_threads", Value::BIGINT(threads));
    config.SetOptionByName("memory_limit", Value(std::to_string(options.memory_bytes) + "B"));
    config.SetOptionByName("temp_directory", Value(options.spill_folder));
    config.SetOptionByName("enable_external_file_cache", Value::BOOLEAN(options.cache_files));
    // Off by default in no release of DuckDB: an unknown function would make it go to the network.
    config.SetOptionByName("autoinstall_known_extensions", Value::BOOLEAN(false));
    config.SetOptionByName("autoload_known_extensions", Value::BOOLEAN(false));
    config.SetOptionByName("allow_community_extensions", Value::BOOLEAN(false));
    // Delta's variants are structs of two blobs, which not every writer marks as variants.
    config.options.variant_legacy_encoding = true;
}

// There, so that DuckDB, which makes one folder at most, can spill; and empty: what lies in it is
// of a process that has ended.
Status clear_spill_folder(io::FileSystem& fs, const std::string& folder) {
    if (folder.empty()) return {};
    TARN_RETURN_IF_ERROR(fs.remove_tree(folder));
    return fs.create_folders(folder);
}

Status run(duckdb::Connection& connection, const std::string& sql) {
    auto result = connection.Query(sql);
    if (result->HasError()) return fail(to_error(result->GetErrorObject()));
    return {};
}

Status lock_down(duckdb::Connection& connection, const EngineOptions& options) {
    TARN_RETURN_IF_ERROR(run(connection, "SET GLOBAL TimeZone = 'UTC'"));
    TARN_RETURN_IF_ERROR(run(connection, "SET GLOBAL parquet_metadata_cache = true"));
    if (!options.restricted) return {};
    // The provider's tables are read through it, whatever paths a statement itself may name.
    TARN_RETURN_IF_ERROR(
        run(connection, "SET GLOBAL allowed_directories = ['" + std::string(kScheme) + "']"));
    TARN_RETURN_IF_ERROR(run(connection, "SET GLOBAL enable_external_access = false"));
    return run(connection, "SET GLOBAL lock_configuration = true");
}

}  // namespace

// --- Engine ---

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, io::FileSystem& fs,
                                             TableProvider* tables) {
    return guarded([&]() -> Result<std::unique_ptr<Engine>> {
        auto impl = std::make_unique<Impl>(std::move(options), fs, tables);
        install_metered_allocator();
        TARN_RETURN_IF_ERROR(clear_spill_folder(fs, impl->options.spill_folder));
        duckdb::DBConfig config;
        configure(config, impl->options);
        config.allocator = metered_allocator();
        impl->db = duckdb::make_uniq<duckdb::DuckDB>(nullptr, &config);
        auto& db = impl->instance();
        if (impl->options.restricted) {
            impl->meter = open_meter(db);
            impl->threads =
                std::make_unique<MeteredThreads>(db, impl->meter, impl->options.threads - 1);
        }
        db.GetFileSystem().RegisterSubSystem(make_duck_file_system(fs));
        impl->delta_tables = duckdb::make_shared_ptr<DeltaTables>(db, fs);
        register_rows(db);
        register_tails(*impl);
        register_utc_dates(db);
        auto& scans = duckdb::DBConfig::GetConfig(db).replacement_scans;
        // Strangers must not name a file as a table.
        if (impl->options.restricted) scans.clear();
        if (tables)
            scans.insert(scans.begin(),
                         duckdb::ReplacementScan(find_table, duckdb::make_uniq<ProviderScan>(
                                                                 *tables, impl->options.tails)));
        if (impl->options.restricted) register_plan_check(db);
        if (tables) register_instant_check(db);
        if (tables && impl->options.tails) register_tail_counts(db);
        std::unique_ptr<Engine> engine(new Engine(std::move(impl)));
        TARN_RETURN_IF_ERROR(add_functions(*engine));
        duckdb::Connection connection(*engine->impl().db);
        TARN_RETURN_IF_ERROR(lock_down(connection, engine->impl().options));
        return engine;
    });
}

Result<std::unique_ptr<Session>> Engine::session() {
    return guarded([&]() -> Result<std::unique_ptr<Session>> {
        if (failed())
            return fail(errors::kSqlEngineFailed,
                        "this SQL engine failed before and must be opened anew");
        return std::unique_ptr<Session>(new Session(std::make_unique<Session::Impl>(*impl_)));
    });
}

bool Engine::failed() const { return duckdb::ValidChecker::IsInvalidated(impl_->instance()); }

}  // namespace tarn::sql
