// JSON records: the walk and the naive reading give the same rows and the same rejections. Input: a
// byte that chooses the options, then records separated by 0x1e.

#include <cstdio>
#include <cstdlib>

#include "json_test_support.h"

using namespace tarn::codec;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    auto options = mixed_options(data[0] & 1);
    options.dictionary_limit = data[0] & 2 ? 4 : 0;
    if (data[0] & 4) options.wanted = {"kind", "n", "at"};
    std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::vector<std::string> values;
    for (size_t at = 0; at <= text.size();) {
        auto end = std::min(text.find('\x1e', at), text.size());
        values.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    JsonBatchDecoder walk(options, JsonWay::kWalk), naive(options, JsonWay::kNaive);
    auto records = records_of(values);
    auto fast = decode_json(walk, records), slow = decode_json(naive, records);
    if (fast == slow) return 0;
    std::fprintf(stderr, "the walk and the naive reading differ: %zu and %zu rows\n",
                 fast.rows.size(), slow.rows.size());
    std::abort();
}
