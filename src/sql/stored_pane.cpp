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
    rows_.Append(all);
}

void StoredPane::results(size_t memory, const Each& each) {
    for (size_t set = 0; set < shape_.sets.size(); ++set)
        if (shape_.sets[set].empty())
            results_of_whole(set, memory, each);
        else
            results_of_part(set, {}, memory, each);
}

// Until each(groups, payload) says false; whether it never did.
template <class F>
bool StoredPane::scan(F&& each) {
    duckdb::ColumnDataScanState state;
    rows_.InitializeScan(state);
    DataChunk chunk;
    rows_.InitializeScanChunk(state, chunk);
    const auto end = group_count_ + shape_.layout.types.size();
    while (rows_.Scan(state, chunk)) {
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
