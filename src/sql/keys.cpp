#include "tarn/sql/keys.h"

#include <fmt/format.h>

#include "tarn/sql/quote.h"

namespace tarn::sql {
namespace {

using codec::ColumnType;

bool has_bounds(const ColumnType& type) {
    switch (type.kind()) {
        case ColumnType::kInt32:
        case ColumnType::kInt64:
        case ColumnType::kText:
        case ColumnType::kTimestamp:
        case ColumnType::kDate:
        case ColumnType::kDecimal:
            return true;
        default:
            return false;
    }
}

// " WHERE …" that all rows of `table` pass whose keys are among `rows`. Empty: nothing can be said.
Result<std::string> bounds_of(Session& session, std::string_view table,
                              const std::vector<codec::ColumnSpec>& keys, const std::string& rows) {
    std::string list, out;
    for (const auto& key : keys)
        if (const auto name = quoted_name(key.name); has_bounds(key.type))
            list += fmt::format("{0}min({1})::VARCHAR, max({1})::VARCHAR, count(*) - count({1})",
                                list.empty() ? "" : ", ", name);
    if (list.empty()) return out;
    TARN_TRY(const auto bounds, session.query_columns("SELECT " + list + " FROM " + rows));
    size_t at = 0;
    for (const auto& key : keys) {
        if (!has_bounds(key.type)) continue;
        const auto &low = bounds.columns[at], &high = bounds.columns[at + 1];
        const bool nulls = bounds.columns[at + 2].values<int64_t>()[0] > 0;
        at += 3;
        if (nulls || low.is_null(0)) continue;
        const auto type = codec::to_string(key.type);
        out += fmt::format("{}{}.{} BETWEEN CAST({} AS {}) AND CAST({} AS {})",
                           out.empty() ? " WHERE " : " AND ", table, quoted_name(key.name),
                           quoted_text(low.text(0)), type, quoted_text(high.text(0)), type);
    }
    return out;
}

}  // namespace

std::string same_keys(std::string_view a, std::string_view b,
                      const std::vector<codec::ColumnSpec>& keys) {
    std::string out;
    for (const auto& key : keys)
        out += fmt::format("{}{}.{} IS NOT DISTINCT FROM {}.{}", out.empty() ? "" : " AND ", a,
                           quoted_name(key.name), b, quoted_name(key.name));
    return out.empty() ? "true" : out;
}

Result<std::string> rows_of_keys(Session& session, const std::string& table,
                                 const std::vector<codec::ColumnSpec>& keys,
                                 const std::string& rows) {
    TARN_TRY(const auto bounds, bounds_of(session, "m", keys, rows));
    return fmt::format("SELECT m.* FROM {} AS m SEMI JOIN {} AS k ON {}{}", table, rows,
                       same_keys("m", "k", keys), bounds);
}

}  // namespace tarn::sql
