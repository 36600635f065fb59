#include "stored_pane.h"

#include <optional>

namespace tarn::sql {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::SelectionVector;

namespace {

constexpr int kMostBits = 20;          // of a part: a million parts
constexpr size_t kFew = 16;            // groups or values that are not split
constexpr size_t kBytesOfGroup = 128;  // in memory, about
constexpr size_t kBytesOfPair = 22;    // of group and value, at most
constexpr int kMostPasses = 6;         // over the rows of a part: so many bits more

duckdb::vector<LogicalType> types_of(const DataChunk& groups, const DataChunk& payload) {
    duckdb::vector<LogicalType> types;
    for (const auto* chunk : {&groups, &payload})
        for (const auto& column : chunk->data)
            types.push_back(column.GetType());
    // A row of nothing is still a row.
    if (types.empty()) types.push_back(LogicalType::UTINYINT);
    return types;
}

// Makes a new chunk of columns [from, to) of another, which it refers to.
void refer(DataChunk& chunk, size_t from, size_t to, DataChunk& out) {
    duckdb::vector<LogicalType> types;
    for (auto i = from; i < to; ++i)
        types.push_back(chunk.data[i].GetType());
    out.InitializeEmpty(types);
    for (auto i = from; i < to; ++i)
        out.data[i - from].Reference(chunk.data[i]);
    out.SetCardinality(chunk.size());
}

// The same of columns here and there.
void refer(DataChunk& chunk, const std::vector<int>& which, DataChunk& out) {
    duckdb::vector<LogicalType> types;
    for (auto i : which)
        types.push_back(chunk.data[size_t(i)].GetType());
    out.InitializeEmpty(types);
    for (size_t i = 0; i < which.size(); ++i)
        out.data[i].Reference(chunk.data[size_t(which[i])]);
    out.SetCardinality(chunk.size());
}

}  // namespace

StoredPane::StoredPane(duckdb::ClientContext& context, const PaneShape& shape,
                       const DataChunk& groups, const DataChunk& payload)
    : context_(context),
      shape_(shape),
      group_count_(groups.ColumnCount()),
      rows_(duckdb::BufferManager::GetBufferManager(context), types_of(groups, payload)) {}

void StoredPane::add(DataChunk& groups, DataChunk& payload) {
    DataChunk all;
    all.InitializeEmpty(rows_.Types());
    size_t at = 0;
    for (auto* chunk : {&groups, &payload})
        for (auto& column : chunk->data)
            all.data[at++].Reference(column);
    if (at == 0) all.data[0].Reference(duckdb::Value::UTINYINT(0));
    all.SetCardinality(payload.size());
    if (shape_.layout.distincts.size() != 1 || rows_.Count() < kRowsOfNoPart)
        rows_.Append(all);
    else
        add_to_parts(all, payload);
}

// The rows of a chunk, by parts.
void StoredPane::add_to_parts(DataChunk& all, DataChunk& payload) {
    constexpr size_t kParts = size_t(1) << kPartBits;
    while (parts_.size() < kParts)
        parts_.emplace_back(duckdb::BufferManager::GetBufferManager(context_), rows_.Types());
    DataChunk values;
    refer(payload, shape_.layout.distincts[0].arguments, values);
    duckdb::Vector hashes(LogicalType::HASH);
    values.Hash(hashes);
    hashes.Flatten(all.size());
    const auto* hash = duckdb::FlatVector::GetData<duckdb::hash_t>(hashes);
    std::array<idx_t, kParts + 1> from = {};
    for (idx_t i = 0; i < all.size(); ++i)
        ++from[(hash[i] & (kParts - 1)) + 1];
    for (size_t part = 0; part < kParts; ++part)
        from[part + 1] += from[part];
    SelectionVector order(STANDARD_VECTOR_SIZE);
    auto to = from;
    for (idx_t i = 0; i < all.size(); ++i)
        order.set_index(to[hash[i] & (kParts - 1)]++, i);
    for (size_t part = 0; part < kParts; ++part) {
        const auto count = from[part + 1] - from[part];
        if (count == 0) continue;
        DataChunk some;
        some.InitializeEmpty(rows_.Types());
        some.Reference(all);
        some.Slice(SelectionVector(order.data() + from[part]), count);
        parts_[part].Append(some);
    }
}

size_t StoredPane::rows() const {
    auto sum = rows_.Count();
    for (const auto& part : parts_)
        sum += part.Count();
    return sum;
}

void StoredPane::results(size_t memory, const Each& each) {
    if (results_of_all(memory, each)) return;
    for (size_t set = 0; set < shape_.sets.size(); ++set)
        if (shape_.sets[set].empty())
            results_of_whole(set, memory, each);
        else
            results_of_part(set, {}, memory, each);
}

// Until each(groups, payload) says false; whether it never did.
template <class F>
bool StoredPane::scan(F&& each) {
    if (!scan(rows_, each)) return false;
    for (auto& part : parts_)
        if (!scan(part, each)) return false;
    return true;
}

// The rows whose one DISTINCT's values are in the part.
template <class F>
bool StoredPane::scan_part(Part part, F&& each) {
    if (part.bits == 0) return scan(each);
    auto of_part = [&](DataChunk& groups, DataChunk& payload) {
        DataChunk values;
        refer(payload, shape_.layout.distincts[0].arguments, values);
        return !keep(part, values, {&groups, &payload}) || each(groups, payload);
    };
    if (!scan(rows_, of_part)) return false;
    if (parts_.empty()) return true;
    auto& rows = parts_[part.ending % parts_.size()];
    return part.bits == kPartBits ? scan(rows, each) : scan(rows, of_part);
}

template <class F>
bool StoredPane::scan(Rows& rows, F&& each) {
    duckdb::ColumnDataScanState state;
    rows.InitializeScan(state);
    DataChunk chunk;
    rows.InitializeScanChunk(state, chunk);
    const auto end = group_count_ + shape_.layout.types.size();
    while (rows.Scan(state, chunk)) {
        DataChunk groups, payload;
        refer(chunk, 0, group_count_, groups);
        refer(chunk, group_count_, end, payload);
        if (!each(groups, payload)) return false;
    }
    return true;
}

void StoredPane::keys_of(size_t set, DataChunk& groups, DataChunk& keys) const {
    keys.InitializeEmpty(shape_.key_types[set]);
    const auto& places = shape_.sets[set];
    for (size_t i = 0; i < places.size(); ++i)
        keys.data[i].Reference(groups.data[size_t(places[i])]);
    if (places.empty()) keys.data[0].Reference(duckdb::Value::UTINYINT(0));
    keys.SetCardinality(groups.size());
}

// The rows whose key is in the part.
idx_t StoredPane::select(DataChunk& keys, Part part, SelectionVector& rows) {
    duckdb::Vector hashes(LogicalType::HASH);
    keys.Hash(hashes);
    hashes.Flatten(keys.size());
    const auto* hash = duckdb::FlatVector::GetData<duckdb::hash_t>(hashes);
    const auto mask = (uint64_t(1) << part.bits) - 1;
    idx_t n = 0;
    for (idx_t i = 0; i < keys.size(); ++i)
        if ((hash[i] & mask) == part.ending) rows.set_index(n++, i);
    return n;
}

size_t StoredPane::bytes_of_groups() const {
    return rows() * (shape_.sets.size() + shape_.layout.distincts.size()) * kBytesOfGroup;
}

void StoredPane::each_rows(const EachRows& each) {
    scan([&](DataChunk& groups, DataChunk& payload) {
        each(groups, payload);
        return true;
    });
}

// The rows of a chunk that are in the part, in place; false if none is.
bool StoredPane::keep(Part part, DataChunk& hashed, std::initializer_list<DataChunk*> chunks) {
    if (part.bits == 0) return true;
    SelectionVector chosen(STANDARD_VECTOR_SIZE);
    const auto n = select(hashed, part, chosen);
    if (n == 0) return false;
    for (auto* chunk : chunks)
        chunk->Slice(chosen, n);
    return true;
}

// False, with nothing given, where that is not possible: several DISTINCTs each need parts of their
// own, and the groups of all sets may be too many. A part of the rows is read more than once if its
// values are too many; how much a row of it takes is told by the parts before.
bool StoredPane::results_of_all(size_t memory, const Each& each) {
    const auto& layout = shape_.layout;
    const auto sets = shape_.sets.size();
    if (layout.distincts.size() > 1) return false;
    std::vector<PaneTable> tables;
    for (size_t set = 0; set < sets; ++set)
        tables.emplace_back(context_, layout, shape_.key_types[set], shape_.sets[set].empty());
    auto sum_of = [&](auto bytes) {
        size_t sum = 0;
        for (const auto& table : tables)
            sum += (table.*bytes)();
        return sum;
    };
    const auto most = sum_of(&PaneTable::group_bytes) + memory;
    auto of_row = kBytesOfGroup + sets * kBytesOfPair;
    auto add = [&](Part part) {
        std::vector<DistinctValues> values;
        for (const auto& distinct : layout.distincts)
            values.emplace_back(context_, layout, distinct);
        const auto empty = values.empty() ? 0 : values[0].memory_bytes();
        size_t rows = 0;
        const bool fits = scan_part(part, [&](DataChunk& groups, DataChunk& payload) {
            rows += payload.size();
            for (auto& of_distinct : values)
                of_distinct.add(payload);
            for (size_t set = 0; set < sets; ++set) {
                DataChunk keys;
                keys_of(set, groups, keys);
                tables[set].add(keys, payload, values);
            }
            return sum_of(&PaneTable::group_bytes) <= most;
        });
        if (rows >= kRowsOfNoPart)
            of_row = (values.empty()
                          ? 0
                          : values[0].memory_bytes() - empty + sum_of(&PaneTable::pair_bytes)) *
                         5 / 4 / rows +
                     1;
        for (auto& table : tables)
            table.forget_pairs();
        return fits;
    };
    const int bits = parts_.empty() ? 0 : kPartBits;
    for (uint64_t ending = 0; ending < uint64_t(1) << bits; ++ending) {
        const auto rows = (rows_.Count() >> bits) + (bits > 0 ? parts_[ending].Count() : 0);
        int more = 0;
        while (!layout.distincts.empty() && rows * of_row >> more > memory)
            if (++more > kMostPasses) return false;
        for (uint64_t pass = 0; pass < uint64_t(1) << more; ++pass)
            if (!add({ending | pass << bits, bits + more})) return false;
    }
    for (size_t set = 0; set < sets; ++set)
        tables[set].take([&](DataChunk& keys, DataChunk& results) { each(set, keys, results); });
    return true;
}

// In halves, if its groups are too many.
void StoredPane::results_of_part(size_t set, Part part, size_t memory, const Each& each) {
    const auto made = [&]() -> std::optional<PaneTable> {
        std::vector<DistinctValues> values;
        for (const auto& distinct : shape_.layout.distincts)
            values.emplace_back(context_, shape_.layout, distinct);
        PaneTable table(context_, shape_.layout, shape_.key_types[set], false);
        auto bytes = [&] {
            auto sum = table.memory_bytes();
            for (const auto& of_distinct : values)
                sum += of_distinct.memory_bytes();
            return sum;
        };
        const auto most = bytes() + memory;
        const bool fits = scan([&](DataChunk& groups, DataChunk& payload) {
            DataChunk keys;
            keys_of(set, groups, keys);
            if (!keep(part, keys, {&keys, &payload})) return true;
            for (auto& of_distinct : values)
                of_distinct.add(payload);
            table.add(keys, payload, values);
            return part.bits == kMostBits || table.groups() <= kFew || bytes() <= most;
        });
        if (!fits) return std::nullopt;
        return table;
    };
    if (auto table = made()) {
        table->take([&](DataChunk& keys, DataChunk& results) { each(set, keys, results); });
        return;
    }
    for (const auto half : halves(part))
        results_of_part(set, half, memory, each);
}

// One group, whose distinct values come part by part.
void StoredPane::results_of_whole(size_t set, size_t memory, const Each& each) {
    PaneTable table(context_, shape_.layout, shape_.key_types[set], true);
    scan([&](DataChunk& groups, DataChunk& payload) {
        DataChunk keys;
        keys_of(set, groups, keys);
        table.add(keys, payload, {});
        return true;
    });
    for (size_t d = 0; d < shape_.layout.distincts.size(); ++d)
        add_values(set, d, {}, memory, table);
    table.take([&](DataChunk& keys, DataChunk& results) { each(set, keys, results); });
}

// The values of a distinct whose hash is in the part; in halves, if they are too many.
void StoredPane::add_values(size_t set, size_t distinct, Part part, size_t memory,
                            PaneTable& table) {
    const auto& of = shape_.layout.distincts[distinct];
    // False if they are too many; then none must be added.
    auto run = [&](bool adds) {
        DistinctValues values(context_, shape_.layout, of);
        const auto most = values.memory_bytes() + memory;
        size_t count = 0;
        return scan([&](DataChunk& groups, DataChunk& payload) {
            DataChunk keys;
            keys_of(set, groups, keys);
            DataChunk arguments;
            refer(payload, of.arguments, arguments);
            if (!keep(part, arguments, {&keys, &payload})) return true;
            values.add(payload);
            if (adds) table.add_distinct(distinct, values, keys, payload);
            count += values.fresh().size();
            return adds || count <= kFew || values.memory_bytes() <= most;
        });
    };
    if (part.bits < kMostBits && !run(false)) {
        for (const auto half : halves(part))
            add_values(set, distinct, half, memory, table);
        return;
    }
    run(true);
}

}  // namespace tarn::sql
