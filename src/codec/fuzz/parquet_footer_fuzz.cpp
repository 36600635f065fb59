// Parquet footers: of what is read as one, a file made of its row groups twice has a footer that is
// read too, with the same columns and twice the row groups, each as large as before. Page headers
// break nothing.

#include <cstdlib>

#include "tarn/codec/parquet_footer.h"

using namespace tarn::codec;

namespace {

constexpr uint64_t kEnd = uint64_t(1) << 40;

void require(bool condition) {
    if (!condition) std::abort();
}

std::vector<uint64_t> placed(const ParquetFooter& footer, uint64_t& at) {
    std::vector<uint64_t> out;
    for (const auto& group : footer.groups) {
        out.push_back(at);
        at += group.end() - group.begin();
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto page = parse_parquet_page(text)) require(page->header <= size);
    const auto read = parse_parquet_footer(text, kEnd);
    if (!read || read->rows > INT32_MAX || read->groups.size() > 1000) return 0;
    require(is_same_form(*read, *read));
    ParquetJoin join;
    uint64_t at = kParquetMagic.size();
    for (int i = 0; i < 2; ++i)
        join.add(*read, placed(*read, at));
    auto made = join.finish();
    made.resize(made.size() - kParquetTail);
    const auto again = parse_parquet_footer(made, at);
    require(again.has_value() && again->elements == read->elements);
    require(again->rows == 2 * read->rows && again->groups.size() == 2 * read->groups.size());
    require(again->properties == read->properties && is_same_form(*read, *again));
    for (size_t i = 0; i < again->groups.size(); ++i) {
        const auto& before = read->groups[i % read->groups.size()];
        const auto& after = again->groups[i];
        require(after.rows == before.rows && after.chunks.size() == before.chunks.size());
        for (size_t c = 0; c < before.chunks.size(); ++c) {
            require(after.chunks[c].begin - after.begin() ==
                    before.chunks[c].begin - before.begin());
            require(after.chunks[c].end - after.begin() == before.chunks[c].end - before.begin());
        }
    }
    return 0;
}
