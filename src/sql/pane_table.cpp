#include "pane_table.h"

#include "duckdb/planner/expression/bound_reference_expression.hpp"
#include "duckdb/storage/buffer_manager.hpp"

namespace tarn::sql {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::Vector;

// --- The hidden aggregate: its state is the epoch in which the group was touched last, and the
// group's number ---

namespace {

struct TouchedBind : duckdb::FunctionData {
    explicit TouchedBind(Touched* t) : touched(t) {}
    Touched* touched;
    duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
        return duckdb::make_uniq<TouchedBind>(touched);
    }
    bool Equals(const duckdb::FunctionData& other) const override {
        return touched == other.Cast<TouchedBind>().touched;
    }
};

struct TouchedState {
    uint64_t epoch;
    uint32_t number;
};

idx_t state_size(const duckdb::AggregateFunction&) { return sizeof(TouchedState); }

void init_state(const duckdb::AggregateFunction&, duckdb::data_ptr_t state) {
    duckdb::Store<TouchedState>({}, state);
}

uint32_t next_number(Touched& touched) {
    if (touched.groups == UINT32_MAX)
        throw duckdb::OutOfRangeException("a window has more than 2^32 groups or distinct values");
    return ++touched.groups;
}

void touch(Vector*, duckdb::AggregateInputData& input, idx_t, Vector& states, idx_t count) {
    auto& touched = *input.bind_data->Cast<TouchedBind>().touched;
    duckdb::UnifiedVectorFormat format;
    states.ToUnifiedFormat(count, format);
    auto* at = duckdb::UnifiedVectorFormat::GetData<TouchedState*>(format);
    const auto epoch = touched.epoch;
    if (touched.numbered) touched.numbers.resize(count);
    for (idx_t i = 0; i < count; ++i) {
        auto* state = at[format.sel->get_index(i)];
        if (touched.numbered) {
            if (state->number == 0) [[unlikely]]
                state->number = next_number(touched);
            touched.numbers[i] = state->number;
        }
        if (state->epoch == epoch) [[likely]]
            continue;
        state->epoch = epoch;
        touched.rows.push_back(uint32_t(i));
    }
}

void no_result(Vector&, duckdb::AggregateInputData&, Vector& result, idx_t, idx_t) {
    result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
    duckdb::ConstantVector::SetNull(result, true);
}

void no_combine(Vector&, Vector&, duckdb::AggregateInputData&, idx_t) {}

duckdb::AggregateObject hidden_aggregate(Touched* touched) {
    duckdb::AggregateFunction function(
        "tarn_touched", duckdb::vector<LogicalType>(), LogicalType::BIGINT, state_size, init_state,
        touch, no_combine, no_result, duckdb::FunctionNullHandling::DEFAULT_NULL_HANDLING);
    TouchedBind bind(touched);
    return duckdb::AggregateObject(function, &bind, 0, sizeof(TouchedState),
                                   duckdb::AggregateType::NON_DISTINCT,
                                   duckdb::PhysicalType::INT64);
}

}  // namespace

// --- PayloadLayout ---

PayloadLayout::PayloadLayout(const LivePlan& plan) {
    std::vector<std::vector<int>> arguments;
    for (auto& aggregate : plan.aggregates) {
        auto& positions = arguments.emplace_back();
        for (auto& child : aggregate.expression->children) {
            positions.push_back(int(expressions.size()));
            expressions.push_back(child.get());
            types.push_back(child->return_type);
        }
        result_types.push_back(aggregate.expression->return_type);
        aggregates.push_back(aggregate.expression);
    }
    result_types.push_back(LogicalType::BIGINT);
    std::map<std::string, size_t> shared;
    for (size_t i = 0; i < plan.aggregates.size(); ++i) {
        auto& aggregate = plan.aggregates[i];
        filters.emplace_back();
        int filter = -1;
        if (aggregate.expression->filter) {
            filter = int(expressions.size());
            expressions.push_back(aggregate.expression->filter.get());
            types.push_back(LogicalType::BOOLEAN);
            if (!aggregate.distinct)
                filters[i] = duckdb::make_uniq<duckdb::BoundReferenceExpression>(
                    LogicalType::BOOLEAN, idx_t(filter));
        }
        if (!aggregate.distinct) {
            plain.push_back(i);
            continue;
        }
        std::string identity = filter < 0 ? "" : aggregate.expression->filter->ToString();
        for (auto& child : aggregate.expression->children)
            identity += "\n" + child->ToString();
        auto [it, fresh] = shared.emplace(identity, distincts.size());
        if (fresh) distincts.push_back({{}, arguments[i], filter});
        distincts[it->second].aggregates.push_back(i);
    }
    plain.push_back(plan.aggregates.size());  // the hidden one
}

// --- DistinctValues ---

static size_t table_bytes(const duckdb::GroupedAggregateHashTable& table) {
    return table.GetPartitionedData().SizeInBytes() + table.Capacity() * sizeof(uint64_t);
}

DistinctValues::DistinctValues(duckdb::ClientContext& context, const PayloadLayout& layout,
                               const PayloadLayout::Distinct& distinct)
    : distinct_(distinct), touched_(std::make_unique<Touched>()), filtered_(distinct.filter >= 0) {
    for (auto a : distinct.arguments)
        types_.push_back(layout.types[size_t(a)]);
    touched_->numbered = true;
    table_ = duckdb::make_uniq<duckdb::GroupedAggregateHashTable>(
        context, duckdb::BufferAllocator::Get(context), types_, duckdb::vector<LogicalType>(),
        duckdb::vector<duckdb::AggregateObject>{hidden_aggregate(touched_.get())});
    if (filtered_) kept_.Initialize(STANDARD_VECTOR_SIZE);
}

void DistinctValues::add(DataChunk& payload) {
    touched_->rows.clear();
    count_ = payload.size();
    DataChunk values, none;
    values.InitializeEmpty(types_);
    for (size_t i = 0; i < types_.size(); ++i)
        values.data[i].Reference(payload.data[size_t(distinct_.arguments[i])]);
    values.SetCardinality(payload.size());
    if (filtered_) {
        duckdb::UnifiedVectorFormat condition;
        payload.data[size_t(distinct_.filter)].ToUnifiedFormat(payload.size(), condition);
        count_ = 0;
        for (idx_t i = 0; i < payload.size(); ++i) {
            auto at = condition.sel->get_index(i);
            if (condition.validity.RowIsValid(at) &&
                duckdb::UnifiedVectorFormat::GetData<bool>(condition)[at])
                kept_.set_index(count_++, i);
        }
        if (count_ > 0) values.Slice(kept_, count_);
    }
    if (count_ == 0) return;
    none.SetCardinality(count_);
    static const duckdb::unsafe_vector<idx_t> kHidden{0};
    table_->AddChunk(values, none, kHidden);
}

size_t DistinctValues::memory_bytes() const { return table_bytes(*table_); }

// --- PaneTable ---

PaneTable::PaneTable(duckdb::ClientContext& context, const PayloadLayout& layout,
                     const duckdb::vector<LogicalType>& keys, bool whole)
    : layout_(layout), whole_(whole), key_types_(keys), touched_(std::make_unique<Touched>()) {
    std::vector<duckdb::AggregateObject> objects;
    for (size_t i = 0; i < layout.aggregates.size(); ++i) {
        auto& object = objects.emplace_back(layout.aggregates[i]);
        object.aggr_type = duckdb::AggregateType::NON_DISTINCT;
        object.filter = layout.filters[i].get();
    }
    objects.push_back(hidden_aggregate(touched_.get()));
    auto& allocator = duckdb::BufferAllocator::Get(context);
    table_ = duckdb::make_uniq<duckdb::GroupedAggregateHashTable>(
        context, allocator, key_types_, layout.types,
        duckdb::vector<duckdb::AggregateObject>(objects.begin(), objects.end()));
    if (whole_) return;
    for (size_t i = 0; i < layout.distincts.size(); ++i)
        seen_.emplace_back(allocator);
    touched_->numbered = !seen_.empty();
}

void PaneTable::add(DataChunk& keys, DataChunk& payload, std::span<const DistinctValues> values) {
    table_->AddChunk(keys, payload, layout_.plain);
    if (!touched_->rows.empty()) remember_touched(keys);
    for (size_t i = 0; i < values.size(); ++i)
        add_distinct(i, values[i], keys, payload);
}

void PaneTable::remember_touched(DataChunk& keys) {
    auto& rows = touched_->rows;
    for (size_t done = 0; done < rows.size();) {
        if (touched_keys_.empty() || touched_keys_.back()->size() == STANDARD_VECTOR_SIZE) {
            touched_keys_.push_back(std::make_unique<DataChunk>());
            touched_keys_.back()->Initialize(duckdb::Allocator::DefaultAllocator(), key_types_);
        }
        auto& chunk = *touched_keys_.back();
        auto n = std::min<size_t>(rows.size() - done, STANDARD_VECTOR_SIZE - chunk.size());
        duckdb::SelectionVector sel(rows.data() + done);
        chunk.Append(keys, false, &sel, n);
        done += n;
    }
    rows.clear();
}

// Of each pair of group and value the first row counts.
void PaneTable::add_distinct(size_t index, const DistinctValues& values, DataChunk& keys,
                             DataChunk& payload) {
    duckdb::SelectionVector fresh(STANDARD_VECTOR_SIZE);
    idx_t n = 0;
    if (whole_) {
        for (auto i : values.fresh())
            fresh.set_index(n++, values.row(i));
    } else {
        auto& seen = seen_[index];
        const auto& groups = touched_->numbers;
        constexpr size_t kAhead = 16;
        for (size_t i = 0; i < values.count(); ++i) {
            if (i + kAhead < values.count())
                seen.prefetch(groups[values.row(i + kAhead)], values.number(i + kAhead));
            if (seen.insert(groups[values.row(i)], values.number(i)))
                fresh.set_index(n++, values.row(i));
        }
    }
    if (n == 0) return;
    DataChunk key_rows, payload_rows;
    key_rows.InitializeEmpty(key_types_);
    payload_rows.InitializeEmpty(layout_.types);
    key_rows.Reference(keys);
    payload_rows.Reference(payload);
    key_rows.Slice(fresh, n);
    payload_rows.Slice(fresh, n);
    table_->AddChunk(key_rows, payload_rows, layout_.distincts[index].aggregates);
}

void PaneTable::forget_pairs() {
    for (auto& seen : seen_)
        seen.clear();
}

size_t PaneTable::pair_bytes() const {
    size_t bytes = 0;
    for (const auto& seen : seen_)
        bytes += seen.bytes();
    return bytes;
}

size_t PaneTable::group_bytes() const {
    auto bytes = table_bytes(*table_) + table_->GetAggregateAllocator()->AllocationSize();
    for (auto& keys : touched_keys_)
        bytes += keys->GetAllocationSize();
    return bytes;
}

size_t Pane::memory_bytes() const {
    size_t bytes = 0;
    for (auto& each : values)
        bytes += each.memory_bytes();
    for (auto& each : tables)
        bytes += each.memory_bytes();
    return bytes;
}

}  // namespace tarn::sql
