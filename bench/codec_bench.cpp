// What decoding costs: CPU time per event and per byte of the codec's hot paths, on generated click
// events.
//
// Method: one thread, CPU time of the process, best of several rounds over 64 different batches (10
// MB, larger than the second-level cache); what comes out is counted and printed. Shapes: S =
// 153-byte event of 10 fields, L = the same with URL, referrer and user agent.

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/base/ids.h"
#include "tarn/codec/json_decoder.h"
#include "tarn/codec/record_batch.h"

namespace {

using namespace tarn;
using namespace tarn::codec;

constexpr size_t kBatches = 64;
constexpr int kRounds = 15;
constexpr size_t kLimit = 64 << 20;

double cpu_seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

template <class Work>
double best_of(int rounds, Work work) {
    double best = 1e9;
    for (int i = 0; i < rounds; ++i) {
        double start = cpu_seconds();
        work();
        best = std::min(best, cpu_seconds() - start);
    }
    return best;
}

const char* pick(Random& random, std::initializer_list<const char*> choices) {
    return choices.begin()[random.below(choices.size())];
}

std::string event(Random& random, uint64_t i, bool large) {
    auto text = fmt::format(
        R"({{"id":{},"ts":"2026-01-31T{:02}:{:02}:{:02}.{:03}Z","user":{},"page":"/p/{}","kind":"{}","country":"{}",)"
        R"("device":"{}","price":{}.{:02},"ms":{},"ok":{})",
        1'000'000 + i, i / 3'600'000 % 24, i / 60'000 % 60, i / 1000 % 60, i % 1000,
        random.below(100'000), random.below(500),
        pick(random, {"view", "click", "cart", "purchase"}),
        pick(random, {"DE", "FR", "US", "JP", "BR"}), pick(random, {"phone", "desktop", "tablet"}),
        random.below(200), random.below(100), random.below(3000),
        random.chance(0.9) ? "true" : "false");
    if (large)
        text += fmt::format(
            R"(,"url":"https://shop.example.com/catalog/{}/{}?utm_source=newsletter&utm_campaign=winter-{}",)"
            R"("referrer":"https://search.example.org/?q=product+{}",)"
            R"("session":"{}","agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) )"
            R"(Chrome/{}.0.0.0 Safari/537.36")",
            random.below(500), random.below(100'000), random.below(20), random.below(5000),
            Uuid::make(random).str(), 100 + random.below(20));
    return text + "}";
}

std::vector<ColumnSpec> fields(bool large, bool few) {
    using enum ColumnType;
    if (few) return {{"ts", kTimestamp}, {"page", kText}, {"kind", kText}, {"price", kDouble}};
    std::vector<ColumnSpec> all = {{"id", kInt64, true}, {"ts", kTimestamp, true},
                                   {"user", kInt64},     {"page", kText},
                                   {"kind", kText},      {"country", kText},
                                   {"device", kText},    {"price", kDouble},
                                   {"ms", kInt32},       {"ok", kBool}};
    if (large)
        for (auto name : {"url", "referrer", "session", "agent"})
            all.push_back({name, kText});
    return all;
}

struct Input {
    std::vector<std::string> batches;            // uncompressed
    std::vector<std::vector<RecordView>> views;  // into them
    size_t events = 0, json_bytes = 0;
};

Input make_input(bool large, size_t per_batch) {
    Input input;
    Random random(1);
    for (size_t b = 0; b < kBatches; ++b) {
        BatchBuilder builder;
        for (size_t i = 0; i < per_batch; ++i) {
            auto json = event(random, input.events++, large);
            input.json_bytes += json.size();
            builder.add(1'700'000'000'000 + int64_t(i), std::nullopt, json);
        }
        input.batches.push_back(*builder.finish());
    }
    std::string scratch;
    for (const auto& batch : input.batches)
        if (!read_records(batch, scratch, kLimit, input.views.emplace_back())) std::abort();
    return input;
}

void print(std::string_view what, const Input& input, double seconds, size_t bytes,
           size_t counted) {
    fmt::print("{:<46} {:7.1f} ns/event {:7.0f} MB/s   (counted {})\n", what,
               seconds * 1e9 / double(input.events), double(bytes) / seconds / 1e6, counted);
}

// All declared fields as columns, or only some, the others being checked.
void bench_decode(std::string_view name, const Input& input, bool large, bool few,
                  uint32_t dictionary, std::optional<std::vector<std::string>> wanted = {}) {
    JsonDecoder decoder({fields(large, few), "", dictionary, wanted});
    std::vector<uint32_t> accepted;
    std::vector<Rejected> rejected;
    size_t rows = 0;
    auto seconds = best_of(kRounds, [&] {
        rows = 0;
        for (const auto& views : input.views) {
            auto batch = decoder.decode(views, nullptr, accepted, rejected);
            if (batch) rows += (*batch)->row_count;
        }
    });
    auto columns = fields(large, few).size();
    auto which =
        wanted ? fmt::format("{} of {}", wanted->size(), columns) : fmt::to_string(columns);
    print(fmt::format("decode {}, {} columns, {}", name, which,
                      dictionary ? "dictionaries" : "plain text"),
          input, seconds, input.json_bytes, rows);
}

void bench_batches(std::string_view name, const Input& input) {
    size_t good = 0, records = 0;
    auto run = [&](std::string_view what, const std::vector<std::string>& batches) {
        auto validate = best_of(kRounds, [&] {
            good = 0;
            for (const auto& batch : batches)
                good += bool(validate_batch(batch, kLimit));
        });
        print(fmt::format("validate {} {}", name, what), input, validate, input.json_bytes, good);
        std::string scratch;
        std::vector<RecordView> out;
        auto read = best_of(kRounds, [&] {
            records = 0;
            for (const auto& batch : batches) {
                out.clear();
                if (read_records(batch, scratch, kLimit, out)) records += out.size();
            }
        });
        print(fmt::format("read {} {}", name, what), input, read, input.json_bytes, records);
    };
    run("uncompressed", input.batches);
    for (auto c : {Compression::kLz4, Compression::kZstd, Compression::kSnappy}) {
        std::vector<std::string> compressed;
        for (const auto& views : input.views) {
            BatchBuilder builder({.compression = c});
            for (const auto& v : views)
                builder.add(v.timestamp_ms, v.key, v.value);
            compressed.push_back(*builder.finish());
        }
        run(to_string(c), compressed);
    }
}

}  // namespace

int main() {
    for (bool large : {false, true}) {
        for (size_t per_batch : {100, 1000, 10'000}) {
            auto input = make_input(large, per_batch);
            auto name = fmt::format("{} ({} B) × {}", large ? "L" : "S",
                                    input.json_bytes / input.events, per_batch);
            bench_decode(name, input, large, false, 4096);
            bench_decode(name, input, large, false, 0);
            bench_decode(name, input, large, true, 4096);
            bench_decode(name, input, large, false, 4096, {{"ts", "page", "kind", "price"}});
            if (per_batch == 1000) bench_batches(name, input);
        }
    }
    std::string block(1 << 20, 'x');
    uint32_t sum = 0;
    double seconds = best_of(kRounds, [&] {
        for (int i = 0; i < 100; ++i)
            sum ^= tarn::crc32c(block, sum);
    });
    fmt::print("crc32c of 1 MB {:.1f} GB/s (sum {:08x})\n",
               double(block.size()) * 100 / seconds / 1e9, sum);
    return 0;
}
