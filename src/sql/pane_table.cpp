#include "pane_table.h"

#include "duckdb/planner/expression/bound_reference_expression.hpp"
#include "duckdb/storage/buffer_manager.hpp"

namespace tarn::sql {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::Vector;

// --- The hidden aggregate: its state is the epoch in which the group was touched last ---

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

idx_t state_size(const duckdb::AggregateFunction&) { return sizeof(uint64_t); }

void init_state(const duckdb::AggregateFunction&, duckdb::data_ptr_t state) {
    duckdb::Store<uint64_t>(0, state);
}

void touch(Vector*, duckdb::AggregateInputData& input, idx_t, Vector& states, idx_t count) {
    auto& touched = *input.bind_data->Cast<TouchedBind>().touched;
    duckdb::UnifiedVectorFormat format;
    states.ToUnifiedFormat(count, format);
    auto* at = duckdb::UnifiedVectorFormat::GetData<uint64_t*>(format);
    const auto epoch = touched.epoch;
    for (idx_t i = 0; i < count; ++i) {
        auto* state = at[format.sel->get_index(i)];
        if (*state == epoch) [[likely]]
            continue;
        *state = epoch;
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
    return duckdb::AggregateObject(function, &bind, 0, sizeof(uint64_t),
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

// --- PaneTable ---

PaneTable::PaneTable(duckdb::ClientContext& context, const PayloadLayout& layout,
                     const duckdb::vector<LogicalType>& keys)
    : context_(context), layout_(layout), key_types_(keys), touched_(std::make_unique<Touched>()) {
    std::vector<duckdb::AggregateObject> objects;
    for (size_t i = 0; i < layout.aggregates.size(); ++i) {
        auto& object = objects.emplace_back(layout.aggregates[i]);
        object.aggr_type = duckdb::AggregateType::NON_DISTINCT;
        object.filter = layout.filters[i].get();
    }
    objects.push_back(hidden_aggregate(touched_.get()));
    table_ = duckdb::make_uniq<duckdb::GroupedAggregateHashTable>(
        context, duckdb::BufferAllocator::Get(context), key_types_, layout.types,
        duckdb::vector<duckdb::AggregateObject>(objects.begin(), objects.end()));
    seen_.resize(layout.distincts.size());
}

void PaneTable::add(DataChunk& keys, DataChunk& payload) {
    table_->AddChunk(keys, payload, layout_.plain);
    if (!touched_->rows.empty()) remember_touched(keys);
    for (size_t i = 0; i < seen_.size(); ++i)
        add_distinct(i, keys, payload);
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

void PaneTable::add_distinct(size_t index, DataChunk& keys, DataChunk& payload) {
    auto& distinct = layout_.distincts[index];
    duckdb::vector<LogicalType> types = key_types_;
    for (auto a : distinct.arguments)
        types.push_back(layout_.types[size_t(a)]);
    DataChunk probe, key_rows, payload_rows;
    probe.InitializeEmpty(types);
    key_rows.InitializeEmpty(key_types_);
    payload_rows.InitializeEmpty(layout_.types);
    key_rows.Reference(keys);
    payload_rows.Reference(payload);
    if (distinct.filter >= 0) {
        duckdb::UnifiedVectorFormat condition;
        payload.data[size_t(distinct.filter)].ToUnifiedFormat(payload.size(), condition);
        duckdb::SelectionVector kept(STANDARD_VECTOR_SIZE);
        idx_t n = 0;
        for (idx_t i = 0; i < payload.size(); ++i) {
            auto at = condition.sel->get_index(i);
            if (condition.validity.RowIsValid(at) &&
                duckdb::UnifiedVectorFormat::GetData<bool>(condition)[at])
                kept.set_index(n++, i);
        }
        if (n == 0) return;
        key_rows.Slice(kept, n);
        payload_rows.Slice(kept, n);
    }
    for (size_t i = 0; i < key_types_.size(); ++i)
        probe.data[i].Reference(key_rows.data[i]);
    for (size_t i = 0; i < distinct.arguments.size(); ++i)
        probe.data[key_types_.size() + i].Reference(
            payload_rows.data[size_t(distinct.arguments[i])]);
    probe.SetCardinality(key_rows.size());
    auto& seen = seen_[index];
    if (!seen)
        seen = duckdb::make_uniq<duckdb::GroupedAggregateHashTable>(
            context_, duckdb::BufferAllocator::Get(context_), types);
    Vector addresses(LogicalType::POINTER);
    duckdb::SelectionVector fresh(STANDARD_VECTOR_SIZE);
    auto n = seen->FindOrCreateGroups(probe, addresses, fresh);
    if (n == 0) return;
    key_rows.Slice(fresh, n);
    payload_rows.Slice(fresh, n);
    table_->AddChunk(key_rows, payload_rows, distinct.aggregates);
}

static size_t table_bytes(const duckdb::GroupedAggregateHashTable& table) {
    return table.GetPartitionedData().SizeInBytes() + table.Capacity() * sizeof(uint64_t);
}

size_t PaneTable::memory_bytes() const {
    auto bytes = table_bytes(*table_) + table_->GetAggregateAllocator()->AllocationSize();
    for (auto& seen : seen_)
        if (seen) bytes += table_bytes(*seen);
    for (auto& keys : touched_keys_)
        bytes += keys->GetAllocationSize();
    return bytes;
}

}  // namespace tarn::sql
