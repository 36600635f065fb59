#pragma once

// What the files of this module share about DuckDB. Private: the only header that includes
// duckdb.hpp.
//
// Nothing of DuckDB's throws past a function of ours: wrap the work in guarded().

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/main/client_context_state.hpp"

#include "metered_memory.h"
#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"
#include "tarn/delta/table.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/functions.h"
#include "tarn/sql/table_provider.h"

namespace tarn::sql {

inline constexpr const char* kScheme = "tarn://";
// Table functions of ours. Rows and tails are for plans that this module makes, not for users' SQL.
inline constexpr const char* kRowsFunction = "tarn_rows";
inline constexpr const char* kTailFunction = "tarn_tail";  // of a table's folder
inline constexpr const char* kStreamFunction = "stream";
inline constexpr const char* kDeltaScanFunction = "delta_scan";
inline constexpr const char* kDeltaChangesFunction = "delta_changes";
// In place of a path: the files that the session was given. No path of a table begins so.
inline constexpr const char* kGivenFiles = "\x01given";

// DuckDB's error as ours, by its type; the text keeps the line and the caret.
Error to_error(const duckdb::ErrorData& error);
inline Error to_error(const std::exception& e) { return to_error(duckdb::ErrorData(e)); }

// An Error of ours on its way through DuckDB's code: throw_error() inside a callback, to_error()
// brings it back with its code.
[[noreturn]] void throw_error(const Error& error);

// Runs f (which returns Result<T> or Status) and turns what DuckDB throws into an Error.
template <class F>
auto guarded(F&& f) -> decltype(f()) {
    try {
        return f();
    } catch (const std::exception& e) {
        return fail(to_error(e));
    }
}

// Whether a value of the rows made it, which the same SQL over other rows would not meet.
bool is_of_value(duckdb::ExceptionType type);
// What was said of the value: a line, of bounded size.
std::string reason_of_value(const duckdb::ErrorData& error);
// to_error() for what runs over rows: such an error has the id kSqlValue.
Error to_run_error(const duckdb::ErrorData& error);
template <class F>
auto guarded_run(F&& f) -> decltype(f()) {
    try {
        return f();
    } catch (const std::exception& e) {
        return fail(to_run_error(duckdb::ErrorData(e)));
    }
}

// --- Columns in and out
// -------------------------------------------------------------------------------------------

duckdb::LogicalType to_logical(const codec::ColumnType& type);
// The column type in which values of a DuckDB type are given out, and the type to cast to first
// (docs/types.md): small integers become INTEGER, FLOAT DOUBLE, UBIGINT DECIMAL(20,0), HUGEINT and
// UHUGEINT DECIMAL(38,0) (a value that does not fit is an error), timestamps of other units
// TIMESTAMP_NTZ, arrays lists; what no table has (TIME, INTERVAL, UUID, ENUM, BIT) VARCHAR. Throws
// an Error of kResultType for what cannot be kept: UNION, VARIANT, a struct without names.
codec::ColumnType to_column_type(const duckdb::LogicalType& type);

// A ColumnBatch as vectors of DuckDB's without a copy of the values (dictionaries are copied once).
// Keeps the batch. Chunks of at most STANDARD_VECTOR_SIZE rows; reading chunks is thread-safe.
class AdoptedBatch {
  public:
    // columns: which columns of the batch, -1 for one that is all NULL. enums: where not null, the
    // type and the code → enum position map of a dictionary column that is to appear as an ENUM.
    struct EnumColumn {
        duckdb::LogicalType type;
        std::vector<uint32_t> positions;
    };
    explicit AdoptedBatch(std::shared_ptr<const codec::ColumnBatch> batch,
                          std::map<int, EnumColumn> enums = {});
    // Only these columns will be asked for.
    AdoptedBatch(std::shared_ptr<const codec::ColumnBatch> batch, const std::vector<int>& columns);

    size_t rows() const { return batch_->row_count; }
    size_t chunks() const;
    const codec::ColumnBatch& batch() const { return *batch_; }
    // Makes `out` (of the column's type) refer to rows [chunk · 2048, +n) of column `column`.
    void reference(size_t chunk, int column, duckdb::Vector& out) const;
    size_t chunk_rows(size_t chunk) const;

  private:
    std::shared_ptr<const codec::ColumnBatch> batch_;
    std::vector<duckdb::buffer_ptr<duckdb::VectorChildBuffer>>
        dictionaries_;  // by column, null if plain
    std::map<int, EnumColumn> enums_;
};

// Collects chunks into a ColumnBatch, copying. The types given are DuckDB's; values are cast where
// needed.
class BatchBuilder {
  public:
    // kCoded: a text column that comes as dictionary vectors of few values becomes a dictionary
    // column. kPlain: every text column has a text for each row.
    enum class Texts { kPlain, kCoded };
    BatchBuilder(const std::vector<std::string>& names,
                 const duckdb::vector<duckdb::LogicalType>& types, Texts texts = Texts::kPlain);
    ~BatchBuilder();
    // Text that stands as it is in a column of this batch is not copied: the result points into
    // what the batch's text points into, and keeps that. For results that do not outlive their
    // input for long.
    void borrow_from(const codec::ColumnBatch& batch);
    // The context is needed for casts; one that fails throws, and leaves nothing of the chunk.
    void append(duckdb::ClientContext& context, duckdb::DataChunk& chunk);
    size_t rows() const { return rows_; }
    const std::vector<codec::ColumnSpec>& schema() const { return schema_; }
    codec::ColumnBatch finish();

  private:
    struct Arena;
    struct Codes;
    void begin_column(size_t column);
    void append_column(size_t column, duckdb::Vector& values, size_t count);
    bool append_codes(size_t column, const duckdb::Vector& vector,
                      const duckdb::UnifiedVectorFormat& values, size_t count);
    uint32_t code_of(size_t column, const duckdb::string_t& text);
    void append_nested(size_t column, duckdb::Vector& values, size_t count);
    void append_texts(size_t column, const duckdb::UnifiedVectorFormat& values, size_t count);
    bool is_borrowed(const void* values);
    void stop_coding(size_t column);
    const Texts texts_;
    std::vector<codec::ColumnSpec> schema_;
    std::vector<codec::Column> columns_;
    std::vector<std::unique_ptr<Codes>> codes_;  // by column, null if plain
    std::shared_ptr<Arena> arena_;
    size_t rows_ = 0;

    struct Lender {
        const char* end;
        size_t batch;
    };
    std::map<const char*, Lender> lenders_;  // text columns, by where their values begin
    struct Lent {
        std::vector<std::shared_ptr<const void>> buffers;
        bool used = false;
    };
    std::vector<Lent> lent_;  // by batch
};

// --- Rows in memory as tables
// ------------------------------------------------------------------------------------

// A table function's input: rows() of a provider's table, or the stream() of a statement. The names
// and types are fixed when a plan is bound; the batches may change between runs of a prepared plan,
// never during one.
struct Feed {
    duckdb::vector<std::string> names;
    duckdb::vector<duckdb::LogicalType> types;
    std::vector<int> source;  // for each column its index in the batches
    std::vector<std::shared_ptr<const AdoptedBatch>> batches;
    bool ordered = false;                  // one scanning thread, in order
    std::shared_ptr<const ScanRef> later;  // in place of batches: read when a scan begins
};

// The tail of a table, as one statement reads it wherever it names the table.
struct TailRead {
    std::shared_ptr<const TableTail> tail;
    std::vector<TailRange> ranges = {};
    std::string none = {};  // why there is no tail
    bool begun = false;     // the ranges' beginnings are those of the version that is seen
    std::optional<Timestamp> at = {};  // when their ends were the newest; nothing: not looked yet

    void begin(const delta::Snapshot& version);
};

class DeltaTables;  // delta_tables.h

// What a connection knows besides DuckDB's own: the feeds by name. One thread at a time.
struct SessionState : duckdb::ClientContextState {
    std::map<std::string, std::shared_ptr<Feed>> rows;     // of tarn_rows(id)
    std::map<std::string, std::shared_ptr<Feed>> streams;  // of stream('name')
    std::shared_ptr<const DeltaFiles> files;               // of delta_scan(kGivenFiles)
    std::set<std::string> tables_read;  // ids of tables that any other scan was bound to
    // The newest versions of tables by folder, as the statement that runs saw them first: all of
    // its reads are of these.
    struct Seen {
        std::shared_ptr<delta::Table> table;
        std::shared_ptr<const delta::Snapshot> snapshot;
        bool stays = false;  // another query of the session has read it, or hold_tables() says so
    };
    std::map<std::string, Seen> seen;
    bool holds = false;  // see hold_tables()
    // Their tails, of those that are read with one.
    std::map<std::string, std::shared_ptr<TailRead>> tails;
    bool with_tails = true;  // of the statement that runs
    // Several tables are read as they were at one instant: of kAsked the plan is refused, with
    // kMoved, where one of them has a newer version once the last was read; agree() then reads all
    // anew, and for kAgreed they stand.
    enum class Instant { kAny, kAsked, kMoved, kAgreed };
    Instant instant = Instant::kAny;
    uint64_t next_id = 0;

    void QueryBegin(duckdb::ClientContext&) override {
        if (holds) {
            for (auto& [path, one] : seen)
                one.stays = true;
            return;
        }
        if (instant == Instant::kAgreed) return;
        seen.clear();
        tails.clear();
    }
    // The newest version of a table that is read with what lies behind it, as the statement saw it
    // first. Errors: those of reading its log.
    Result<std::shared_ptr<const delta::Snapshot>> newest(DeltaTables& tables,
                                                          const std::string& path);
    // Ends the tails that have no end yet, or all, at what is durable now.
    void end_tails(bool all);
    // Reads all that do not stay until none has a newer version when the last was read: there was
    // an instant at which they were the newest. After 64 rounds it takes what the last gave.
    Status agree();

    static duckdb::shared_ptr<SessionState> of(duckdb::ClientContext& context);
    // Registers the feed and gives the id under which tarn_rows finds it.
    std::string add(std::shared_ptr<Feed> feed);
};

std::shared_ptr<Feed> make_feed(const RowsRef& rows);
std::shared_ptr<Feed> make_feed(ScanRef scan);
// Registers the functions of this module.
Status add_functions(Engine& engine);
// tarn_rows(id).
void register_rows(duckdb::DatabaseInstance& db);
// tarn_tail(path).
void register_tails(Engine::Impl& engine);
// Makes count(*) of a table with its tail as fast as that of the table.
void register_tail_counts(duckdb::DatabaseInstance& db);
// A table's newest version and its tail as one.
duckdb::unique_ptr<duckdb::TableRef> with_tail(duckdb::ClientContext& context,
                                               const DeltaTableRef& table,
                                               const std::string& alias);
// SQL in which schema.table.column is table.column, if `tables` have schema.table and it stands
// in FROM or the like: DuckDB knows tables that are found for it by their last name alone.
std::string without_schemas(const std::string& sql, TableProvider* tables);
// SQL in which a table with AT (VERSION => n) or AT (TIMESTAMP => t) behind it has a name that says
// so, and DESCRIBE HISTORY and DESCRIBE DETAIL are queries; what has none of them stays as it is.
std::string with_versions(duckdb::ClientContext& context, const std::string& sql);
bool name_versions(duckdb::SQLStatement& statement);  // whether there were any
// Such a name taken apart; nothing if it is none.
struct TableAt {
    std::string table, unit, value;  // value: an expression
};
std::optional<TableAt> table_at(const std::string& name);
// The folder of a table by "schema.table", or as it is written where paths may be read. Raises
// DuckDB's errors.
std::string table_folder(Engine::Impl& engine, const std::string& name);
// The same, with what the provider says of it.
DeltaTableRef delta_table(Engine::Impl& engine, const std::string& name);
// Makes casts of TIMESTAMPTZ to DATE fast where the time zone is UTC.
void register_utc_dates(duckdb::DatabaseInstance& db);
duckdb::unique_ptr<duckdb::FileSystem> make_duck_file_system(io::FileSystem& fs);

// --- Limits of untrusted SQL
// -------------------------------------------------------------------------------------

// Parses and checks: one SELECT, allowed functions only. Errors: kInvalidArgument (syntax),
// kUnsupported.
Status check_restricted(duckdb::ClientContext& context, const std::string& sql,
                        const Engine::Impl& engine);
// Looks, before a plan is optimised, whether its tables were the newest at one instant.
void register_instant_check(duckdb::DatabaseInstance& db);
// Refuses, before a plan is optimised, what reads anything but the provider's tables.
void register_plan_check(duckdb::DatabaseInstance& db);

// --- Engine and session
// -------------------------------------------------------------------------------------------

// Calls back when a deadline passes; one thread, started when first needed. Thread-safe.
class Watchdog {
  public:
    ~Watchdog();
    uint64_t add(Duration in, std::function<void()> expired);
    // After it returns the callback is not running and never will.
    void remove(uint64_t id);

  private:
    void run();
    struct Entry {
        std::chrono::steady_clock::time_point at;
        std::function<void()> expired;
    };
    std::mutex mutex_;
    std::condition_variable wake_;
    std::map<uint64_t, Entry> entries_;
    uint64_t next_ = 0;
    bool stop_ = false;
    std::thread thread_;
};

struct Engine::Impl {
    EngineOptions options;
    io::FileSystem& fs;
    TableProvider* tables;
    std::vector<SqlFunction> functions;  // this module's and those lent, by name
    duckdb::unique_ptr<duckdb::DuckDB> db;
    duckdb::shared_ptr<DeltaTables> delta_tables;  // that SQL reads
    std::shared_ptr<MemoryMeter> meter;            // of untrusted SQL; else null
    std::unique_ptr<MeteredThreads> threads;       // where there is a meter
    Watchdog watchdog;

    Impl(EngineOptions o, io::FileSystem& f, TableProvider* t)
        : options(std::move(o)), fs(f), tables(t) {}
    ~Impl() {
        threads.reset();
        if (meter) close_meter(*meter);
    }
    duckdb::DatabaseInstance& instance() { return *db->instance; }
    // The row of this name, in lower case; null if there is none.
    const SqlFunction* function(std::string_view name) const;
};

struct Session::Impl {
    Engine::Impl& engine;
    duckdb::Connection connection;
    duckdb::shared_ptr<SessionState> state;
    std::atomic<bool> timed_out{false};

    explicit Impl(Engine::Impl& e);
    duckdb::ClientContext& context() { return *connection.context; }
    // Runs f inside a transaction of the connection (or the one that is open), as binding and
    // planning need it.
    template <class F>
    auto planned(F&& f) -> decltype(f()) {
        return guarded([&]() -> decltype(f()) {
            std::optional<decltype(f())> result;
            context().RunFunctionInTransaction([&] { result.emplace(f()); });
            return std::move(*result);
        });
    }
};

}  // namespace tarn::sql
