#include "tarn/sql/merge_keys.h"

#include <fmt/format.h>
#include <duckdb/main/appender.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/comparison_expression.hpp>
#include <duckdb/parser/expression/conjunction_expression.hpp>
#include <duckdb/parser/parser.hpp>

#include <algorithm>

#include "delta_bounds.h"
#include "delta_types.h"
#include "duck.h"
#include "tarn/base/names.h"
#include "tarn/delta/statistics.h"
#include "tarn/sql/delta_write.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {
namespace {

constexpr const char* kBounds = "tarn_bounds";

class Pairs {
  public:
    Pairs(const std::string& alias, const std::string& source) : alias_(alias), source_(source) {}

    void look(const duckdb::ParsedExpression& e) {
        using duckdb::ExpressionType;
        if (e.GetExpressionType() == ExpressionType::CONJUNCTION_AND) {
            for (const auto& child : e.Cast<duckdb::ConjunctionExpression>().children)
                look(*child);
            return;
        }
        if (e.GetExpressionType() != ExpressionType::COMPARE_EQUAL) return;
        const auto& both = e.Cast<duckdb::ComparisonExpression>();
        for (const auto& [mine, other] : {std::pair(both.left.get(), both.right.get()),
                                          std::pair(both.right.get(), both.left.get())}) {
            const auto* column = of(*mine, alias_);
            const auto* source = of(*other, source_);
            if (column && source) found.push_back({*column, *source});
        }
    }
    std::vector<KeyPair> found;

  private:
    // The column's name, if this is one of that alias.
    static const std::string* of(const duckdb::ParsedExpression& e, const std::string& alias) {
        if (e.GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) return nullptr;
        const auto& names = e.Cast<duckdb::ColumnRefExpression>().column_names;
        return names.size() == 2 && same_but_case(names[0], alias) ? &names[1] : nullptr;
    }
    const std::string& alias_;
    const std::string& source_;
};

// Whether bounds of the log order values as `=` compares them: floats have NaN and two zeros.
bool has_bounds(const delta::DataType& type) {
    using delta::TypeKind;
    switch (type.kind) {
        case TypeKind::kByte:
        case TypeKind::kShort:
        case TypeKind::kInteger:
        case TypeKind::kLong:
        case TypeKind::kDecimal:
        case TypeKind::kString:
        case TypeKind::kDate:
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampNtz:
            return true;
        case TypeKind::kBoolean:
        case TypeKind::kFloat:
        case TypeKind::kDouble:
        case TypeKind::kBinary:
        case TypeKind::kVoid:
        case TypeKind::kVariant:
        case TypeKind::kStruct:
        case TypeKind::kArray:
        case TypeKind::kMap:
            return false;
    }
    return false;
}

}  // namespace

std::vector<KeyPair> key_pairs(const std::string& on, const std::string& alias,
                               const std::string& source_alias) {
    try {
        const auto parsed = duckdb::Parser::ParseExpressionList(on);
        Pairs pairs(alias, source_alias);
        if (parsed.size() == 1) pairs.look(*parsed[0]);
        return pairs.found;
    } catch (const std::exception&) {
        return {};  // the statement itself will say what is wrong
    }
}

Result<Files> files_with_keys(Session& session, const delta::Snapshot& table, Files files,
                              const KeyPair& key, const std::string& source) {
    const auto& fields = table.schema->fields;
    const auto field = std::ranges::find_if(
        fields, [&](const auto& one) { return same_but_case(one.name, key.column); });
    if (field == fields.end() || !has_bounds(field->type)) return files;
    const auto keys = fmt::format("SELECT {} AS k FROM {}", quoted_name(key.source), source);
    const auto given = schema_of_query(session, keys, UnknownTypes::kVoid);
    const auto type = duck_type(field->type);
    if (!given || given->fields.size() != 1 || duck_type(given->fields[0].type) != type)
        return files;
    return guarded([&]() -> Result<Files> {
        auto& connection = session.impl().connection;
        auto run = [&](const std::string& sql) {
            auto result = connection.Query(sql);
            if (result->HasError()) result->ThrowError();
            return result;
        };
        run(fmt::format("CREATE OR REPLACE TEMP TABLE {} (n BIGINT, lo {}, hi {})", kBounds,
                        type.ToString(), type.ToString()));
        const std::vector<std::string> name = {delta::physical_name(*field, table.mapping())};
        std::vector<bool> keep(files.size(), true);
        {
            duckdb::Appender appender(connection, "temp", "main", kBounds);
            for (size_t i = 0; i < files.size(); ++i) {
                const auto range = delta::read_statistics(files[i]->stats, name)[0];
                const auto low = bound_value(range.min, type, false);
                const auto high = bound_value(range.max, type, true);
                if (low.IsNull() || high.IsNull()) continue;
                keep[i] = false;
                appender.AppendRow(int64_t(i), low, high);
            }
            appender.Close();
        }
        auto found =
            run(fmt::format("SELECT n FROM temp.{} b ASOF JOIN (SELECT DISTINCT k FROM "
                            "({}) WHERE k IS NOT NULL) ON b.lo <= k WHERE k <= b.hi",
                            kBounds, keys));
        for (duckdb::idx_t row = 0; row < found->RowCount(); ++row)
            keep[size_t(found->GetValue(0, row).GetValue<int64_t>())] = true;
        run(fmt::format("DROP TABLE temp.{}", kBounds));
        Files out;
        for (size_t i = 0; i < files.size(); ++i)
            if (keep[i]) out.push_back(std::move(files[i]));
        return out;
    });
}

}  // namespace tarn::sql
