#pragma once

// A lake on any file system, with an engine of one thread, and rows to put into it.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tarn/io/file_system.h"
#include "tarn/lake/lake.h"
#include "tarn/sql/engine.h"

namespace tarn::lake::testing {

using codec::ColumnType;

inline const std::vector<codec::ColumnSpec> kEventColumns = {{"id", ColumnType::kInt64, true},
                                                             {"page", ColumnType::kText, false},
                                                             {"amount", ColumnType::kDouble, false},
                                                             {"at", ColumnType::kTimestamp, false},
                                                             {"region", ColumnType::kText, false}};

// Rows first .. first + count - 1: every fifth page NULL, three regions.
inline std::shared_ptr<const codec::ColumnBatch> events(int64_t first, int count) {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = kEventColumns;
    batch->row_count = size_t(count);
    codec::ColumnBuilder id(ColumnType::kInt64), page(ColumnType::kText),
        amount(ColumnType::kDouble), at(ColumnType::kTimestamp), region(ColumnType::kText);
    const char* regions[] = {"eu", "US/East coast", "a=b%20c"};
    for (int64_t n = first; n < first + count; ++n) {
        id.add_int(n);
        if (n % 5 == 0)
            page.add_null();
        else
            page.add_text("/page/number/" + std::to_string(n % 7));
        amount.add_double(double(n) / 4);
        at.add_int(1'700'000'000'000'000 + n * 1'001);
        if (n % 11 == 0)
            region.add_null();
        else
            region.add_text(regions[n % 3]);
    }
    for (auto* column : {&id, &page, &amount, &at, &region})
        batch->columns.push_back(column->finish(*batch));
    return batch;
}

// Everything a lake needs; the disk and the clock come from outside and outlive restarts of it.
struct World {
    World(io::FileSystem& files, Clock& time, uint64_t seed = 1)
        : fs(files), clock(time), random(seed), engine(make_engine(files)) {
        auto opened =
            Lake::open("/lake", {fs, clock, random, failpoints, metrics, Logger(), *engine});
        if (opened) lake = std::move(*opened);
    }
    static std::unique_ptr<sql::Engine> make_engine(io::FileSystem& files) {
        sql::EngineOptions options;
        options.threads = 1;
        auto engine = sql::Engine::open(options, files, nullptr);
        EXPECT_TRUE(engine) << engine.error().message();
        return std::move(*engine);
    }
    // The first value of a query as a number; -1 on errors, which fail the test.
    int64_t number(const std::string& sql) {
        auto session = engine->session();
        auto result = (*session)->query_columns(sql);
        EXPECT_TRUE(result) << sql << ": " << result.error().message();
        if (!result || result->row_count == 0 || result->columns[0].is_null(0)) return -1;
        if (result->columns[0].type == ColumnType::kInt32)
            return result->columns[0].values<int32_t>()[0];
        return result->columns[0].values<int64_t>()[0];
    }
    std::string scan(const std::string& table) {
        return "delta_scan('" + lake->path_of(table) + "')";
    }

    io::FileSystem& fs;
    Clock& clock;
    Random random;
    io::Failpoints failpoints;
    Metrics metrics;
    std::unique_ptr<sql::Engine> engine;
    std::unique_ptr<Lake> lake;
};

inline std::string problem(const Status& status) { return status ? "" : status.error().message(); }

inline AppendRequest append_of(const std::string& table,
                               std::shared_ptr<const codec::ColumnBatch> rows, int64_t epoch,
                               Timestamp time) {
    AppendRequest request;
    request.table = table;
    request.batches = {std::move(rows)};
    request.txn = Txn{"flow-g1", epoch};
    request.time = time;
    request.file_stem = "flow-g1-" + std::to_string(epoch);
    return request;
}

}  // namespace tarn::lake::testing
