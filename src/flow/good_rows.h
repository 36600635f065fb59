#pragma once

// What is done over all rows of an epoch is done over fewer of them where they stop it. A value
// that an expression of a model's SQL refuses (a cast that fails, a sum past 64 bits): over the
// rows without it. Memory that their SQL may not take: over smaller pieces, one after the other.

#include <functional>
#include <string>
#include <vector>

#include "input.h"
#include "tarn/base/result.h"
#include "tarn/sql/mergeable_query.h"

namespace tarn::flow {

// A batch of one row, with what was said of it.
struct RefusedInput {
    BatchPtr row;
    std::string why;
};
using RefusedInputs = std::vector<RefusedInput>;

// Something done over rows that leaves nothing behind when it fails.
using RowWork = std::function<Status(const std::vector<BatchPtr>&)>;

// Once over all rows. If a value stops that (errors::kSqlValue), over halves of them, and so on, in
// their order, down to the rows that stop it by themselves: they are left out. Of n rows at most 2n
// runs, 2·log2(n) for each that is left out. If memory stops it (errors::kSqlMemory), over halves
// too, down to pieces of kLeastPiece rows; then, and for others, the error ends it.
Status over_good_rows(const std::vector<BatchPtr>& rows, const RowWork& work,
                      RefusedInputs& refused);

// The same for memory alone: what refuses a value ends it.
inline constexpr size_t kLeastPiece = 2048;
Status in_pieces(const std::vector<BatchPtr>& rows, const RowWork& work);
// And for work that must see all rows of a key at once: the pieces are told apart by a hash of
// these columns. With no columns there is one piece.
Status in_pieces_by_key(const std::vector<BatchPtr>& rows, const std::vector<int>& key,
                        const RowWork& work);

// State rows that rows of the source give, some of them already left out.
using PartialWork = std::function<Result<BatchPtr>(const std::vector<BatchPtr>&)>;
struct Partials {
    std::vector<BatchPtr> rows, states;
};
Result<Partials> partial_of_good_rows(const std::vector<BatchPtr>& rows, const PartialWork& partial,
                                      RefusedInputs& refused);
// The standing state rows with those of the rows merged in, all of a key in one batch; rows that
// carry a sum past its type are left out, in their order.
Result<std::vector<BatchPtr>> merge_good_rows(sql::MergeableQuery& query,
                                              std::vector<BatchPtr> standing, const Partials& added,
                                              const PartialWork& partial, RefusedInputs& refused);

}  // namespace tarn::flow
