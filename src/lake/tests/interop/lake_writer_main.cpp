// tarn_lake_writer write ROOT     writes the tables of tests/interop under ROOT
// tarn_lake_writer query SQL      prints the first column of the result, a line a row
// tarn_lake_writer bench ROOT N   N appends of 100,000 rows each: milliseconds and CPU time of one

#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "tarn/lake/lake.h"

namespace {

using namespace tarn;
using codec::ColumnType;

struct World {
    io::LocalFileSystem fs;
    SystemClock clock;
    Random random{entropy_seed()};
    io::Failpoints failpoints;
    Metrics metrics;
    std::unique_ptr<sql::Engine> engine;
    std::unique_ptr<lake::Lake> lake;

    Status start(const std::string& root) {
        TARN_TRY(engine, sql::Engine::open({}, fs, nullptr));
        if (root.empty()) return {};
        TARN_TRY(lake, lake::Lake::open(
                           root, {fs, clock, random, failpoints, metrics, Logger(), *engine}));
        return {};
    }
};

const std::vector<codec::ColumnSpec> kColumns = {
    {"id", ColumnType::kInt64, true},        {"flag", ColumnType::kBool, false},
    {"small", ColumnType::kInt32, false},    {"ratio", ColumnType::kDouble, false},
    {"text", ColumnType::kText, false},      {"bytes", ColumnType::kBytes, false},
    {"time", ColumnType::kTimestamp, false}, {"day", ColumnType::kDate, false},
};

std::shared_ptr<const codec::ColumnBatch> rows(int64_t first, int count) {
    const char* texts[] = {
        "plain",
        "US/East coast",
        "a=b%20c",
        "ünïcödé ✓ 𝄞",
        "quote\" back\\slash",
        "[glob]*?",
        "a text that is much longer than thirty-two characters are, and so is cut"};
    const double ratios[] = {0.0, -1.5, 1e300, 1e-7, 123456789.25, 3.0};
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = kColumns;
    batch->row_count = size_t(count);
    std::vector<codec::ColumnBuilder> builders;
    for (auto& column : kColumns)
        builders.emplace_back(column.type);
    for (int64_t n = first; n < first + count; ++n) {
        builders[0].add_int(n);
        for (size_t c = 1; c < builders.size(); ++c)
            if ((n + int64_t(c)) % 9 == 0)
                builders[c].add_null();
            else if (c == 1)
                builders[c].add_bool(n % 2 == 0);
            else if (c == 2)
                builders[c].add_int(n % 5 - 2);
            else if (c == 3)
                builders[c].add_double(ratios[n % 6]);
            else if (c == 4)
                builders[c].add_text(texts[n % 7]);
            else if (c == 5)
                builders[c].add_text(std::string("\x00\xff\x7f", 3) + std::to_string(n));
            else if (c == 6)
                builders[c].add_int(1'700'000'000'123'456 +
                                    (n % 4) * 86'400'000'000 * (n % 3 ? 1 : -9000));
            else
                builders[c].add_int(19'000 + n % 3 - (n % 4 == 0 ? 30'000 : 0));
    }
    for (auto& builder : builders)
        batch->columns.push_back(builder.finish(*batch));
    return batch;
}

Status append(lake::Lake& lake, const std::string& table, int64_t epoch, int count) {
    lake::AppendRequest request;
    request.table = table;
    request.batches = {rows(epoch * count, count)};
    request.txn = lake::Txn{"interop", epoch};
    request.file_stem = "interop-" + std::to_string(epoch);
    request.user_metadata = {{"epoch", std::to_string(epoch)}};
    TARN_TRY([[maybe_unused]] auto made, lake.append(std::move(request)));
    return {};
}

Status write_tables(lake::Lake& lake) {
    struct {
        const char* name;
        std::vector<std::string> partitions;
        int appends;
    } tables[] = {{"interop.plain", {}, 3},
                  {"interop.by_text", {"text"}, 3},
                  {"interop.by_many", {"day", "flag", "small"}, 2},
                  {"interop.by_time", {"time", "ratio"}, 2},
                  {"interop.checkpointed", {"text"}, 25}};
    for (auto& table : tables) {
        TARN_RETURN_IF_ERROR(
            lake.ensure_table({table.name, kColumns, table.partitions, {}, "for other readers"}));
        for (int epoch = 0; epoch < table.appends; ++epoch)
            TARN_RETURN_IF_ERROR(append(lake, table.name, epoch, 50));
        TARN_RETURN_IF_ERROR(lake.verify(table.name));
    }
    return {};
}

Status query(sql::Engine& engine, const std::string& text) {
    TARN_TRY(auto session, engine.session());
    TARN_TRY(auto result, session->query_columns(text));
    for (size_t row = 0; row < result.row_count; ++row)
        std::printf("%s\n", std::string(result.columns[0].text(row)).c_str());
    return {};
}

double cpu_ms() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

Status bench(World& world, int appends) {
    constexpr int kRows = 100'000;
    auto batch = rows(0, kRows);
    TARN_RETURN_IF_ERROR(world.lake->ensure_table({"bench.t", kColumns, {}, {}, ""}));
    double cpu = cpu_ms();
    auto wall = world.clock.monotonic_us();
    for (int i = 0; i < appends; ++i) {
        lake::AppendRequest request;
        request.table = "bench.t";
        request.batches = {batch};
        request.txn = lake::Txn{"bench", i};
        request.file_stem = std::to_string(i);
        TARN_TRY([[maybe_unused]] auto made, world.lake->append(std::move(request)));
    }
    std::printf("%d appends of %d rows: %.1f ms CPU, %.1f ms wall each\n", appends, kRows,
                (cpu_ms() - cpu) / appends,
                double(world.clock.monotonic_us() - wall) / 1e3 / appends);
    cpu = cpu_ms();
    for (int i = 0; i < appends; ++i) {
        lake::AppendRequest request;
        request.table = "bench.t";
        request.txn = lake::Txn{"bench", appends + i};
        TARN_TRY([[maybe_unused]] auto made, world.lake->append(std::move(request)));
    }
    std::printf("of it without rows: %.2f ms CPU (checkpoints included)\n",
                (cpu_ms() - cpu) / appends);
    return {};
}

Status run(int argc, char** argv) {
    World world;
    std::string command = argc > 1 ? argv[1] : "";
    if (command == "write" && argc == 3) {
        TARN_RETURN_IF_ERROR(world.start(argv[2]));
        return write_tables(*world.lake);
    }
    if (command == "query" && argc == 3) {
        TARN_RETURN_IF_ERROR(world.start(""));
        return query(*world.engine, argv[2]);
    }
    if (command == "bench" && argc == 4) {
        TARN_RETURN_IF_ERROR(world.start(argv[2]));
        return bench(world, std::atoi(argv[3]));
    }
    return fail(ErrorCode::kInvalidArgument,
                "usage: tarn_lake_writer write ROOT | query SQL | bench ROOT N");
}

}  // namespace

int main(int argc, char** argv) {
    auto status = run(argc, argv);
    if (!status) std::fprintf(stderr, "tarn_lake_writer: %s\n", status.error().message().c_str());
    return status ? 0 : 1;
}
