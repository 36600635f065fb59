#include "good_rows.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "key_hash.h"
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
bool of_memory(const Error& error) { return error.id() == errors::kSqlMemory; }

size_t count(const std::vector<BatchPtr>& rows) {
    size_t sum = 0;
    for (const auto& batch : rows)
        sum += batch->row_count;
    return sum;
}

// Of several rows.
std::array<std::vector<BatchPtr>, 2> halves(const std::vector<BatchPtr>& rows) {
    if (rows.size() == 1) {
        const auto all = rows[0]->row_count;
        return {part_of(rows[0], 0, all / 2), part_of(rows[0], all / 2, all)};
    }
    const auto middle = rows.begin() + ptrdiff_t(rows.size() / 2);
    return {{{rows.begin(), middle}, {middle, rows.end()}}};
}

// `refused` null: a value ends it.
Status over_pieces(const std::vector<BatchPtr>& rows, const RowWork& work, RefusedInputs* refused) {
    auto done = work(rows);
    if (done) return done;
    const auto all = count(rows);
    const bool value = refused && of_value(done.error());
    if (!value && !(of_memory(done.error()) && all > kLeastPiece)) return done;
    if (all == 0) return done;
    if (all == 1) {
        const auto row = std::ranges::find(rows, size_t(1), &codec::ColumnBatch::row_count);
        refused->push_back({*row, done.error().message()});
        return {};
    }
    for (const auto& half : halves(rows))
        TARN_RETURN_IF_ERROR(over_pieces(half, work, refused));
    return {};
}

// Pieces of keys whose hashes are the same in the bits before this one.
Status by_key(const std::vector<BatchPtr>& rows, const std::vector<int>& key, int bit,
              const RowWork& work) {
    constexpr int kMostBits = 20;
    auto done = work(rows);
    if (done || !of_memory(done.error()) || key.empty() || bit == kMostBits ||
        count(rows) <= kLeastPiece)
        return done;
    for (const auto& half : halves_by_key(rows, key, bit))
        if (!half.empty()) TARN_RETURN_IF_ERROR(by_key(half, key, bit + 1, work));
    return {};
}

}  // namespace

Status over_good_rows(const std::vector<BatchPtr>& rows, const RowWork& work,
                      RefusedInputs& refused) {
    return over_pieces(rows, work, &refused);
}

Status in_pieces(const std::vector<BatchPtr>& rows, const RowWork& work) {
    return over_pieces(rows, work, nullptr);
}

Status in_pieces_by_key(const std::vector<BatchPtr>& rows, const std::vector<int>& key,
                        const RowWork& work) {
    return by_key(rows, key, 0, work);
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

Result<std::vector<BatchPtr>> merge_good_rows(sql::MergeableQuery& query,
                                              std::vector<BatchPtr> standing, const Partials& added,
                                              const PartialWork& partial, RefusedInputs& refused) {
    auto all = standing;
    all.insert(all.end(), added.states.begin(), added.states.end());
    std::vector<BatchPtr> out;
    auto merge = [&](const std::vector<BatchPtr>& states) -> Status {
        TARN_TRY(auto merged, query.merge(states));
        out.push_back(std::move(merged));
        return {};
    };
    auto merged = in_pieces_by_key(all, query.info().state_key, merge);
    if (merged) return out;
    if (!of_value(merged.error())) return fail(merged.error());
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
    return std::vector{std::move(sum)};
}

}  // namespace tarn::flow
