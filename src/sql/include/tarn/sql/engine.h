#pragma once

// DuckDB behind an interface of ours: an Engine is one database instance (memory limit, fault
// domain), a Session one connection in it. This module is the only one that includes DuckDB's
// headers; its public headers show none.
//
// An Engine is thread-safe; a Session is used by one thread at a time, but interrupt() may come
// from any.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/table_provider.h"

namespace tarn::sql {

struct EngineOptions {
    int64_t memory_bytes = 512ll << 20;
    int threads = 2;
    std::string spill_folder;  // empty: no spilling
    // Bytes of files that were read are kept, within the memory: for files that are read again.
    bool cache_files = true;
    // For untrusted SQL: one SELECT at a time, no access to files, network, extensions or
    // settings; only tables of the provider and, if allow_delta_scan, delta_scan() of paths.
    bool restricted = false;
    bool allow_delta_scan = true;
    // A table by its name is its newest version and what its flow has not committed of the log;
    // else the version alone.
    bool tails = false;
};

class Session;

class Engine {
  public:
    // All files DuckDB touches by "tarn://<path>" go through `fs`. Tables that a query names and
    // DuckDB does not know come from `tables` (may be null). Both outlive the engine. Extension
    // download is off.
    static Result<std::unique_ptr<Engine>> open(EngineOptions options, io::FileSystem& fs,
                                                TableProvider* tables);
    ~Engine();
    Result<std::unique_ptr<Session>> session();
    // A fatal error inside DuckDB makes an instance unusable: close it and open another.
    bool failed() const;

    struct Impl;
    Impl& impl() { return *impl_; }

  private:
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

class ResultSink;   // result.h
struct Parameters;  // parameters.h

struct QueryLimits {
    int64_t max_rows = -1;                    // more are cut, and QueryStats says so
    Duration timeout = Duration::micros(-1);  // negative: none; over it kCancelled
    bool tails = true;  // false: tables as they are committed, also where the engine reads tails
};
struct QueryStats {
    int64_t rows = 0;
    bool truncated = false;
    Duration elapsed;
};

class Session {
  public:
    ~Session();
    // Errors: kInvalidArgument (syntax, binding: DuckDB's text with the line and a caret),
    // kResourceExhausted (memory), kCancelled (interrupt or timeout), kUnsupported (not allowed
    // when restricted), kInternal.
    Result<QueryStats> query(std::string_view sql, const QueryLimits& limits, ResultSink& sink);
    // With values for its $1 or $name. Errors: kInvalidArgument also if they are not those that the
    // statement has.
    Result<QueryStats> query(std::string_view sql, const Parameters& parameters,
                             const QueryLimits& limits, ResultSink& sink);
    // A statement without a result (settings, DDL of tests).
    Status execute(std::string_view sql);
    // The whole result as columns, each in the type that docs/types.md says: HUGEINT as
    // DECIMAL(38,0) (out of range is an error), small integers as kInt32, FLOAT as kDouble, TIME
    // and UUID as text.
    // Errors: kUnsupported for a type that no column can have.
    Result<codec::ColumnBatch> query_columns(std::string_view sql);
    void interrupt();

    struct Impl;
    Impl& impl() { return *impl_; }

  private:
    friend class Engine;
    explicit Session(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::sql
