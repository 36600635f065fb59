#include "asked_rows.h"

#include <duckdb/planner/filter/conjunction_filter.hpp>
#include <duckdb/planner/filter/constant_filter.hpp>
#include <duckdb/planner/filter/dynamic_filter.hpp>
#include <duckdb/planner/filter/optional_filter.hpp>

#include <algorithm>
#include <mutex>

namespace tarn::sql {

AskedRows::AskedRows() : impl_(std::make_unique<Impl>()) {}
AskedRows::~AskedRows() = default;

bool AskedRows::may_hold(const delta::AddFile& file) const {
    const auto wanted_by = [&](const Impl::Scan& scan) {
        if (scan.everything || !scan.ran) return true;
        return std::ranges::any_of(scan.runs, [&](const Impl::Scan::Run& run) {
            const ColumnFilters filters(*scan.state, scan.names, run.column_ids, run.filters);
            return possible(*scan.state, file, scan.names, scan.types, filters);
        });
    };
    try {
        return std::ranges::any_of(impl_->scans, wanted_by);
    } catch (const std::exception&) {
        return true;  // statistics or values that cannot be read say nothing
    }
}

using namespace duckdb;  // NOLINT: what follows is an adapter of DuckDB

unique_ptr<TableFilter> as_it_stands(const TableFilter& filter) {
    switch (filter.filter_type) {
        case TableFilterType::CONSTANT_COMPARISON:
        case TableFilterType::IS_NULL:
        case TableFilterType::IS_NOT_NULL:
        case TableFilterType::IN_FILTER:
            return filter.Copy();
        case TableFilterType::CONJUNCTION_AND: {
            auto out = make_uniq<ConjunctionAndFilter>();
            for (const auto& child : filter.Cast<ConjunctionAndFilter>().child_filters)
                if (auto one = as_it_stands(*child)) out->child_filters.push_back(std::move(one));
            if (out->child_filters.empty()) return nullptr;
            return out;
        }
        case TableFilterType::CONJUNCTION_OR: {
            auto out = make_uniq<ConjunctionOrFilter>();
            for (const auto& child : filter.Cast<ConjunctionOrFilter>().child_filters) {
                auto one = as_it_stands(*child);
                if (!one) return nullptr;
                out->child_filters.push_back(std::move(one));
            }
            return out;
        }
        case TableFilterType::OPTIONAL_FILTER: {
            // A scan may skip it; what asks for rows does not.
            const auto& child = filter.Cast<OptionalFilter>().child_filter;
            return child ? as_it_stands(*child) : nullptr;
        }
        case TableFilterType::DYNAMIC_FILTER: {
            const auto& data = filter.Cast<DynamicFilter>().filter_data;
            if (!data) return nullptr;
            const std::lock_guard lock(data->lock);
            if (!data->initialized || !data->filter) return nullptr;
            return data->filter->Copy();
        }
        // Of an expression it is not known how long what it refers to lives, a bloom filter dies
        // with its join, and fields of structs have no statistics here.
        case TableFilterType::EXPRESSION_FILTER:
        case TableFilterType::BLOOM_FILTER:
        case TableFilterType::STRUCT_EXTRACT:
            return nullptr;
    }
    return nullptr;
}

}  // namespace tarn::sql
