// A batch of a topic's table as the table's writer takes it: columns → Parquet (zstd, level 1) with
// the statistics of the Delta log, for bench/delta/run.
//
//   tarn_write_columns FOLDER      → FOLDER/{VARCHAR,ENUM}.parquet, and a line of JSON for each
//
// One million events of ten fields in batches of 50,000 rows, one thread; CPU seconds of that
// thread, sync of the file included, best of five. `json_bytes` is what the events take as JSON,
// each in a line of its own.

#include <cstdio>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include "tarn/delta/statistics.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/parquet.h"

using namespace tarn;

namespace {

using Batch = std::shared_ptr<const codec::ColumnBatch>;
using codec::ColumnType;
constexpr size_t kRows = 50'000, kBatches = 20;

template <class T>
T must(Result<T> r) {
    if (!r) {
        std::fprintf(stderr, "%s\n", r.error().message().c_str());
        std::exit(1);
    }
    return std::move(*r);
}

double cpu_s() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

// A text column takes one of `values`.
struct Text {
    const char* name;
    std::vector<std::string> values;
};

std::vector<std::string> numbered(const char* stem, size_t count) {
    std::vector<std::string> out;
    for (size_t i = 0; i < count; ++i)
        out.push_back(stem + std::to_string(i));
    return out;
}

const std::vector<Text>& texts() {
    static const std::vector<Text> all = {
        {"page", numbered("/products/", 1000)},
        {"action", {"view", "click", "cart", "buy", "leave"}},
        {"country", {"de", "at", "ch", "fr", "it", "es", "pl", "nl", "be", "dk"}},
        {"device", {"phone", "tablet", "desktop"}},
        {"referrer", numbered("site", 50)}};
    return all;
}

struct Events {
    std::vector<Batch> batches;
    uint64_t json_bytes = 0;
};

// kRows values of these, chosen by `random`; `each` is told the row and which.
template <class Random, class Each>
codec::Column text_column(const std::vector<std::string>& values, bool coded,
                          codec::ColumnBatch& batch, Random&& random, Each&& each) {
    auto held = std::make_shared<std::string>();
    for (const auto& value : values)
        *held += value;
    std::vector<codec::TextRef> refs;
    size_t at = 0;
    for (const auto& value : values) {
        refs.emplace_back(std::string_view(*held).substr(at, value.size()));
        at += value.size();
    }
    batch.buffers.push_back(held);
    codec::Column column;
    column.type = ColumnType::kText;
    column.dictionary = coded;
    column.data.resize((coded ? refs.size() : kRows) * sizeof(codec::TextRef));
    if (coded) {
        column.codes.resize(kRows);
        std::copy(refs.begin(), refs.end(), column.values<codec::TextRef>());
    }
    for (size_t i = 0; i < kRows; ++i) {
        const auto code = random() % refs.size();
        if (coded)
            column.codes[i] = uint32_t(code);
        else
            column.values<codec::TextRef>()[i] = refs[code];
        each(i, code);
    }
    return column;
}

Events make_events(bool coded) {
    Events out;
    uint64_t seed = 42;
    auto random = [&] {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return seed >> 33;
    };
    for (size_t b = 0; b < kBatches; ++b) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->row_count = kRows;
        std::vector<size_t> length(kRows, std::string_view("{}\n").size());
        auto put = [&]<class T>(const char* name, ColumnType type, T, auto value) {
            codec::Column column;
            column.type = type;
            column.data.resize(kRows * sizeof(T));
            for (size_t i = 0; i < kRows; ++i) {
                const auto [stored, characters] = value(i);
                column.values<T>()[i] = stored;
                length[i] +=
                    std::string_view(name).size() + std::string_view("\"\":,").size() + characters;
            }
            batch->schema.push_back({name, type, false});
            batch->columns.push_back(std::move(column));
        };
        using Number = std::pair<int64_t, size_t>;
        auto number = [](uint64_t n) { return Number(int64_t(n), std::to_string(n).size()); };
        put("event_time", ColumnType::kTimestamp, int64_t(), [&](size_t i) {
            return Number(1'767'225'600'000'000 + int64_t(b * kRows + i) * 10,
                          std::string_view("\"2026-01-01T00:00:00.000000Z\"").size());
        });
        put("user_id", ColumnType::kInt64, int64_t(),
            [&](size_t) { return number(random() % 20'000); });
        put("session", ColumnType::kInt64, int64_t(),
            [&](size_t) { return number(random() % 5'000); });
        put("duration", ColumnType::kInt64, int64_t(),
            [&](size_t) { return number(random() % 9'000); });
        put("amount", ColumnType::kDouble, double(), [&](size_t) {
            const auto cents = random() % 10'000;
            return std::pair(double(cents) / 100, size_t(5));
        });
        for (const auto& text : texts()) {
            auto column =
                text_column(text.values, coded, *batch, random, [&](size_t i, size_t code) {
                    length[i] += std::string_view(text.name).size() +
                                 std::string_view("\"\":\"\",").size() + text.values[code].size();
                });
            batch->schema.push_back({text.name, ColumnType::kText, false});
            batch->columns.push_back(std::move(column));
        }
        for (const auto one : length)
            out.json_bytes += one - 1;  // no comma behind the last field
        out.batches.push_back(std::move(batch));
    }
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    io::LocalFileSystem fs;
    sql::EngineOptions options;
    options.threads = 1;
    auto engine = must(sql::Engine::open(options, fs, nullptr));
    for (const bool coded : {false, true}) {
        const auto events = make_events(coded);
        const char* name = coded ? "ENUM" : "VARCHAR";
        std::vector<int> columns;
        for (size_t i = 0; i < events.batches[0]->schema.size(); ++i)
            columns.push_back(int(i));
        double best = std::numeric_limits<double>::max();
        uint64_t rows = 0, bytes = 0;
        for (int round = 0; round < 5; ++round) {
            auto session = must(engine->session());
            const auto begun = cpu_s();
            const auto file =
                must(sql::write_parquet(*session, std::string(argv[1]) + "/" + name + ".parquet",
                                        events.batches, columns, {}));
            const auto statistics = delta::file_statistics(events.batches, columns, 32);
            best = std::min(best, cpu_s() - begun);
            if (statistics.empty()) return 1;
            rows = file.rows, bytes = file.bytes;
        }
        std::printf(
            "{\"columns\":\"%s\",\"rows\":%llu,\"json_bytes\":%llu,\"file_bytes\":%llu,"
            "\"cpu_s\":%.4f}\n",
            name, static_cast<unsigned long long>(rows),
            static_cast<unsigned long long>(events.json_bytes),
            static_cast<unsigned long long>(bytes), best);
    }
    return 0;
}
