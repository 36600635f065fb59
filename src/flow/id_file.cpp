#include "id_file.h"

#include <algorithm>

namespace tarn::flow {
namespace {

constexpr size_t kBitsOfId = 10;    // of the filter
constexpr int kBits = 6;            // that an id sets in its block
constexpr size_t kIdsOfPage = 256;  // 4 KiB

__extension__ using Wide = unsigned __int128;

// Bits of the hash that choose neither table nor block, spread.
uint64_t filter_bits(uint64_t hash) { return hash * 0x9e3779b97f4a7c15; }

}  // namespace

size_t IdFile::block_of(uint64_t hash) const {
    return size_t(Wide(hash) * (filter_.size() / kWords) >> 64);
}

void IdFile::remember(uint64_t hash) {
    auto* block = &filter_[block_of(hash) * kWords];
    auto bits = filter_bits(hash);
    for (int i = 0; i < kBits; ++i, bits >>= 9)
        block[bits >> 6 & 7] |= uint64_t(1) << (bits & 63);
}

bool IdFile::may_have(uint64_t hash) const {
    const auto* block = &filter_[block_of(hash) * kWords];
    auto bits = filter_bits(hash);
    for (int i = 0; i < kBits; ++i, bits >>= 9)
        if (!(block[bits >> 6 & 7] >> (bits & 63) & 1)) return false;
    return true;
}

Result<std::unique_ptr<IdFile>> IdFile::write(io::FileSystem& fs, const std::string& path,
                                              size_t count, const TableOf& table_of) {
    std::unique_ptr<IdFile> out(new IdFile(fs, path));
    out->filter_.assign((count * kBitsOfId / (64 * kWords) + 1) * kWords, 0);
    TARN_TRY(out->file_, fs.open(path, {.mode = io::OpenMode::kCreateNew}));
    uint64_t begin = 0;
    for (size_t i = 0; i < kTables; ++i) {
        auto& table = out->tables_[i];
        TARN_TRY(auto ids, table_of(i));
        TARN_RETURN_IF_ERROR(out->write_table(table, std::move(ids), begin));
        begin += table.ids * sizeof(IdPlace);
    }
    return out;
}

Status IdFile::write_table(Table& table, std::vector<IdPlace> ids, uint64_t begin) {
    std::ranges::sort(ids, {}, &IdPlace::hash);
    table.begin = begin;
    table.ids = ids.size();
    for (size_t i = 0; i < ids.size(); ++i) {
        if (i % kIdsOfPage == 0) table.fences.push_back(ids[i].hash);
        remember(ids[i].hash);
        newest_ = std::max(newest_, ids[i].second);
    }
    return file_->write_at(
        begin, {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(IdPlace)});
}

IdFile::~IdFile() {
    if (!file_) return;
    file_.reset();
    // What stays behind goes when the flow is opened again.
    (void)fs_.remove(path_);
}

size_t IdFile::memory_bytes() const {
    auto sum = filter_.size() * sizeof(uint64_t);
    for (const auto& table : tables_)
        sum += table.fences.capacity() * sizeof(uint64_t);
    return sum;
}

size_t IdFile::ids() const {
    size_t sum = 0;
    for (const auto& table : tables_)
        sum += table.ids;
    return sum;
}

Status IdFile::read(const Table& table, size_t first, std::span<IdPlace> to) const {
    TARN_TRY(auto n, file_->read_at(table.begin + first * sizeof(IdPlace),
                                    reinterpret_cast<char*>(to.data()), to.size_bytes()));
    if (n == to.size_bytes()) return {};
    return fail(ErrorCode::kCorrupted, "a file of ids is shorter than it was: " + path_);
}

Result<std::vector<IdPlace>> IdFile::table(size_t table) const {
    std::vector<IdPlace> out(tables_[table].ids);
    TARN_RETURN_IF_ERROR(read(tables_[table], 0, out));
    return out;
}

Result<uint32_t> IdFile::find(uint64_t hash, uint32_t more) const {
    if (!may_have(hash)) return 0;
    const auto& table = tables_[hash % kTables];
    // Ids of one hash may lie on two pages and more.
    auto fence = std::ranges::lower_bound(table.fences, hash);
    auto page = size_t(fence - table.fences.begin());
    if (page > 0) --page;
    std::array<IdPlace, kIdsOfPage> ids;
    for (; page < table.fences.size() && table.fences[page] <= hash; ++page) {
        const auto first = page * kIdsOfPage, count = std::min(kIdsOfPage, table.ids - first);
        const auto all = std::span(ids).first(count);
        TARN_RETURN_IF_ERROR(read(table, first, all));
        for (const auto& id : std::ranges::equal_range(all, hash, {}, &IdPlace::hash))
            if (id.more == more) return id.second;
    }
    return 0;
}

}  // namespace tarn::flow
