#include "good_rows.h"

#include <numeric>

#include "tarn/codec/select_rows.h"
#include "tarn/sql/error_ids.h"

namespace tarn::flow {
namespace {

std::vector<BatchPtr> part_of(const BatchPtr& rows, size_t from, size_t to) {
    std::vector<uint32_t> which(to - from);
    std::iota(which.begin(), which.end(), uint32_t(from));
    return {codec::select_rows(*rows, which)};
}

bool of_value(const Error& error) { return error.id() == errors::kSqlValue; }

}  // namespace

Status over_good_rows(const std::vector<BatchPtr>& rows, const RowWork& work,
                      RefusedInputs& refused) {
    auto done = work(rows);
    if (done || !of_value(done.error())) return done;
    if (rows.size() > 1) {
        const auto middle = rows.begin() + ptrdiff_t(rows.size() / 2);
        TARN_RETURN_IF_ERROR(over_good_rows({rows.begin(), middle}, work, refused));
        return over_good_rows({middle, rows.end()}, work, refused);
    }
    const auto count = rows.empty() ? 0 : rows[0]->row_count;
    if (count == 0) return done;
    if (count == 1) {
        refused.push_back({rows[0], done.error().message()});
        return {};
    }
    TARN_RETURN_IF_ERROR(over_good_rows(part_of(rows[0], 0, count / 2), work, refused));
    return over_good_rows(part_of(rows[0], count / 2, count), work, refused);
}

Result<Partials> partial_of_good_rows(const std::vector<BatchPtr>& rows, const PartialWork& partial,
                                      RefusedInputs& refused) {
    Partials out;
    auto work = [&](const std::vector<BatchPtr>& some) -> Status {
        TARN_TRY(auto state, partial(some));
        out.states.push_back(std::move(state));
        out.rows.insert(out.rows.end(), some.begin(), some.end());
        return {};
    };
    TARN_RETURN_IF_ERROR(over_good_rows(rows, work, refused));
    return out;
}

Result<BatchPtr> merge_good_rows(sql::MergeableQuery& query, std::vector<BatchPtr> standing,
                                 const Partials& added, const PartialWork& partial,
                                 RefusedInputs& refused) {
    auto all = standing;
    all.insert(all.end(), added.states.begin(), added.states.end());
    auto merged = query.merge(all);
    if (merged || !of_value(merged.error())) return merged;
    TARN_TRY(auto sum, query.merge(standing));
    auto work = [&](const std::vector<BatchPtr>& some) -> Status {
        TARN_TRY(auto state, partial(some));
        TARN_TRY(sum, query.merge({sum, state}));
        return {};
    };
    const auto before = refused.size();
    TARN_RETURN_IF_ERROR(over_good_rows(added.rows, work, refused));
    // DuckDB's words name a column of the state.
    for (auto i = before; i < refused.size(); ++i) {
        auto& why = refused[i].why;
        why = "the group cannot take it: " + why.substr(0, why.find(" when casting"));
    }
    return sum;
}

}  // namespace tarn::flow
