// What the SQL engine costs per row: CPU time of the calling thread, one thread, best of several
// rounds.
//
//   ninja -C build/release tarn_sql_bench && build/release/tarn_sql_bench
//
// Input is ready-made batches of 50,000 rows (no decoding), 1,000 pages of 16 bytes, 10 µs of event
// time between rows; each figure is counted against what the query says it saw.

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <limits>

#include "tarn/io/file_system.h"
#include "tarn/sql/live_query.h"
#include "tarn/sql/parquet.h"
#include "tarn/sql/statement.h"

using namespace tarn;

namespace {

using Batch = std::shared_ptr<const codec::ColumnBatch>;
constexpr size_t kRows = 50'000, kBatches = 20, kPages = 1'000;

double cpu_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e9 + double(t.tv_nsec);
}

std::vector<codec::ColumnSpec> schema() {
    return {{"event_time", codec::ColumnType::kTimestamp, true},
            {"page", codec::ColumnType::kText, true},
            {"user_id", codec::ColumnType::kInt64, true},
            {"amount", codec::ColumnType::kDouble, true}};
}

template <class T>
codec::Column column(codec::ColumnType type, size_t n) {
    codec::Column c;
    c.type = type;
    c.data.resize(n * sizeof(T));
    return c;
}

std::vector<Batch> make_batches(bool dictionary) {
    auto text = std::make_shared<std::string>();
    for (size_t i = 0; i < kPages; ++i) {
        char page[24];
        std::snprintf(page, sizeof page, "/products/%06zu", i);
        text->append(page, 16);
    }
    auto page = [&](size_t i) {
        return codec::TextRef(std::string_view(*text).substr(i * 16, 16));
    };
    std::vector<Batch> out;
    uint64_t seed = 42;
    for (size_t b = 0; b < kBatches; ++b) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->schema = schema();
        batch->row_count = kRows;
        batch->buffers.push_back(text);
        auto times = column<int64_t>(codec::ColumnType::kTimestamp, kRows);
        auto pages = column<codec::TextRef>(codec::ColumnType::kText, dictionary ? kPages : kRows);
        auto users = column<int64_t>(codec::ColumnType::kInt64, kRows);
        auto amounts = column<double>(codec::ColumnType::kDouble, kRows);
        pages.dictionary = dictionary;
        if (dictionary) {
            pages.codes.resize(kRows);
            for (size_t i = 0; i < kPages; ++i)
                pages.values<codec::TextRef>()[i] = page(i);
        }
        for (size_t i = 0; i < kRows; ++i) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            times.values<int64_t>()[i] = 1'700'000'000'000'000 + int64_t(b * kRows + i) * 10;
            users.values<int64_t>()[i] = int64_t((seed >> 44) % 20'000);
            amounts.values<double>()[i] = double(seed >> 50);
            if (dictionary)
                pages.codes[i] = uint32_t((seed >> 33) % kPages);
            else
                pages.values<codec::TextRef>()[i] = page((seed >> 33) % kPages);
        }
        batch->columns = {std::move(times), std::move(pages), std::move(users), std::move(amounts)};
        out.push_back(std::move(batch));
    }
    return out;
}

template <class T>
T must(Result<T> r) {
    if (!r) {
        std::fprintf(stderr, "%s\n", r.error().message().c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*r);
}

// Best of the rounds, in ns per row. f(batches) does one pass over all rows.
template <class F>
void report(const char* name, const std::vector<Batch>& batches, F&& f) {
    double best = std::numeric_limits<double>::max();
    for (int round = 0; round < 5; ++round) {
        auto start = cpu_ns();
        f(batches);
        best = std::min(best, (cpu_ns() - start) / double(kRows * kBatches));
    }
    std::printf("%-66s %8.1f ns per row\n", name, best);
}

void live(sql::Engine& engine, const char* name, const std::string& select,
          const std::vector<Batch>& batches) {
    std::vector<sql::StreamSchema> streams = {{"s", schema()}};
    report(name, batches, [&](const std::vector<Batch>& input) {
        auto query = must(sql::LiveQuery::compile(must(engine.session()), select, streams, {}));
        std::vector<uint32_t> late;
        for (auto& batch : input) {
            must(query->add(*batch, Timestamp{0}, late));
            if (must(query->take_changes())->row_count == 0) std::abort();
        }
        if (!late.empty()) std::abort();
    });
}

}  // namespace

int main() {
    io::LocalFileSystem fs;
    auto engine = must(sql::Engine::open({.threads = 1}, fs, nullptr));
    const std::string w = "tumble(event_time, interval '5 seconds') as w";
    for (bool dictionary : {false, true}) {
        auto batches = make_batches(dictionary);
        std::printf("pages as %s\n", dictionary ? "a dictionary" : "plain text");
        live(*engine, "  window, page: count(*)",
             "select " + w + ", page, count(*) as n from stream('s') group by w, page", batches);
        live(*engine, "  window, page: count, sum, min, max, avg",
             "select " + w +
                 ", page, count(*) as n, sum(amount) as a, min(amount) as b, max(amount) as c, "
                 "avg(amount) as d from stream('s') group by w, page",
             batches);
        live(*engine, "  window, page: count(*), count(distinct user_id)",
             "select " + w +
                 ", page, count(*) as n, count(distinct user_id) as u from stream('s') group by w, "
                 "page",
             batches);
        live(*engine, "  grouping sets (window), (window, page): count(*), filter",
             "select " + w +
                 ", page, count(*) as n, count(*) filter (where amount > 8000) as big from "
                 "stream('s') "
                 "group by grouping sets ((w), (w, page))",
             batches);
        std::vector<sql::StreamSchema> streams = {{"s", schema()}};
        auto statement =
            must(sql::StreamStatement::compile(must(engine->session()),
                                               "select event_time, upper(page) as page, amount * 2 "
                                               "as amount from stream('s') where user_id > 1000",
                                               streams));
        report("  statement: filter, upper, multiply", batches,
               [&](const std::vector<Batch>& input) {
                   for (auto& batch : input)
                       must(statement->run({{"s", {batch}}}));
               });
        auto session = must(engine->session());
        auto path = (std::filesystem::temp_directory_path() / "tarn_sql_bench.parquet").string();
        const std::vector<int> all = {0, 1, 2, 3};
        report("  write_parquet, zstd 1, synced", batches, [&](const std::vector<Batch>& input) {
            if (must(sql::write_parquet(*session, path, input, all)).rows != kRows * kBatches)
                std::abort();
        });
        std::filesystem::remove(path);
    }
}
