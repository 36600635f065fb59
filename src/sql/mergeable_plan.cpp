#include "mergeable_plan.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "duckdb/common/string_util.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

#include "tarn/sql/quote.h"

namespace tarn::sql {
namespace {

using duckdb::ExpressionClass;
using duckdb::FunctionExpression;
using duckdb::ParsedExpression;

struct About {
    std::string_view function, text;
};

// Aggregates whose state is plain columns, with how states merge.
constexpr About kMerges[] = {
    {"count", "sum"},       {"count_star", "sum"},
    {"sum", "sum"},         {"min", "min"},
    {"max", "max"},         {"bool_and", "bool_and"},
    {"bool_or", "bool_or"}, {"any_value", "any_value"},
    {"arg_max", "arg_max"}, {"arg_min", "arg_min"},
    {"max_by", "arg_max"},  {"min_by", "arg_min"},
};
constexpr auto kGrows = "it grows without bound";
constexpr auto kAllValues = "it needs all values at once; ask for it where it is read";
constexpr auto kMoments = "keep count, sum(x) and sum(x * x), and compute it where it is read";
// Named when refused, since they are aggregates: DuckDB's catalogue has more, which it refuses as
// expressions outside GROUP BY.
constexpr About kInstead[] = {
    {"avg", "keep sum and count, and divide where it is read"},
    {"mean", "keep sum and count, and divide where it is read"},
    {"first", "use arg_min(value, time)"},
    {"last", "use arg_max(value, time)"},
    {"list", kGrows},
    {"array_agg", kGrows},
    {"string_agg", kGrows},
    {"group_concat", kGrows},
    {"count_if", "use count(*) FILTER (WHERE ...)"},
    {"median", kAllValues},
    {"quantile", kAllValues},
    {"quantile_cont", kAllValues},
    {"quantile_disc", kAllValues},
    {"approx_quantile", "its state is no column; ask for it where it is read"},
    {"approx_count_distinct",
     "its state is no column; group by the value, and count where it is read"},
    {"mode", "group by the value, and take the largest where it is read"},
    {"histogram", "group by the value"},
    {"stddev", kMoments},
    {"stddev_pop", kMoments},
    {"stddev_samp", kMoments},
    {"variance", kMoments},
    {"var_pop", kMoments},
    {"var_samp", kMoments},
};

// The text about a function, if there is one.
std::optional<std::string_view> find_in(std::span<const About> list, std::string_view function) {
    auto it = std::ranges::find(list, function, &About::function);
    return it == list.end() ? std::nullopt : std::optional(it->text);
}

std::unexpected<Error> cannot_have(const std::string& what) {
    return fail(ErrorCode::kUnsupported,
                "an aggregate over a table that grows cannot have " + what);
}

duckdb::unique_ptr<duckdb::SelectNode> parse_select(const std::string& sql) {
    duckdb::Parser parser;
    try {
        parser.ParseQuery(sql);
    } catch (const std::exception& e) {
        duckdb::ErrorData error(e);
        error.AddErrorLocation(sql);
        error.Throw();
    }
    if (parser.statements.size() != 1 ||
        parser.statements[0]->type != duckdb::StatementType::SELECT_STATEMENT)
        throw duckdb::InvalidInputException("a flow's SQL is one SELECT statement");
    auto& node = parser.statements[0]->Cast<duckdb::SelectStatement>().node;
    if (node->type != duckdb::QueryNodeType::SELECT_NODE) return nullptr;
    return duckdb::unique_ptr_cast<duckdb::QueryNode, duckdb::SelectNode>(std::move(node));
}

const FunctionExpression* as_function(const ParsedExpression& e) {
    if (e.GetExpressionClass() != ExpressionClass::FUNCTION) return nullptr;
    return &e.Cast<FunctionExpression>();
}

std::string function_name(const FunctionExpression& f) {
    return duckdb::StringUtil::Lower(f.function_name);
}

bool has_aggregate(const ParsedExpression& e) {
    if (auto* f = as_function(e)) {
        auto name = function_name(*f);
        if (find_in(kMerges, name) || find_in(kInstead, name)) return true;
    }
    bool found = false;
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        e, [&](const ParsedExpression& child) { found = found || has_aggregate(child); });
    return found;
}

std::string text_of(const ParsedExpression& e) {
    auto copy = e.Copy();
    copy->ClearAlias();
    return copy->ToString();
}

std::string shown_name(const ParsedExpression& e) {
    return e.HasAlias() ? e.GetAlias() : e.GetName();
}

class Maker {
  public:
    Maker(duckdb::SelectNode& node, const std::vector<std::string>& types, MergeableForm form)
        : node_(node), types_(types), form_(form) {}

    Result<MergeablePlan> make() {
        TARN_RETURN_IF_ERROR(check_shape());
        if (types_.size() != node_.select_list.size()) return cannot_have("* in its SELECT list");
        TARN_RETURN_IF_ERROR(find_groups());
        for (auto& item : node_.select_list)
            TARN_RETURN_IF_ERROR(add(*item));
        for (size_t i = 0; i < groups_.size(); ++i)
            if (!shown_[i])
                return cannot_have("a group that is not in the SELECT list: " + groups_[i]);
        if (node_.where_clause) plan_.where = " WHERE " + node_.where_clause->ToString();
        if (form_ == MergeableForm::kWindows && plan_.event_time.empty())
            return cannot_have(
                "incremental_strategy='append' without a window: group by tumble(time, size), or "
                "by session(time, gap)");
        if (!plan_.event_time.empty()) {
            auto time = quoted_name(plan_.event_time);
            if (plan_.window) {
                const auto start = fmt::format("min(tumble({}, {}))", time, plan_.gap_text);
                plan_.partials.push_back(fmt::format("epoch_us({}) AS _first", start));
                plan_.partials.push_back(
                    fmt::format("epoch_us({} + {}) - 1 AS _last", start, plan_.gap_text));
            } else {
                plan_.partials.push_back("epoch_us(min(" + time + ")) AS _first");
                plan_.partials.push_back("epoch_us(max(" + time + ")) AS _last");
            }
            plan_.merges.push_back("min(_first) AS _first");
            plan_.merges.push_back("max(_last) AS _last");
            plan_.state.push_back("_first");
            plan_.state.push_back("_last");
        }
        return std::move(plan_);
    }

  private:
    Status check_shape() {
        if (node_.having) return cannot_have("HAVING: filter where the table is read");
        if (node_.qualify) return cannot_have("QUALIFY");
        if (node_.sample) return cannot_have("a sample");
        if (!node_.modifiers.empty())
            return cannot_have("ORDER BY, LIMIT or DISTINCT: its rows have no order");
        if (!node_.cte_map.map.empty()) return cannot_have("WITH");
        auto* from = node_.from_table.get();
        if (!from || from->type != duckdb::TableReferenceType::TABLE_FUNCTION)
            return cannot_have("joins or subqueries");
        auto& call = from->Cast<duckdb::TableFunctionRef>();
        auto* function = as_function(*call.function);
        if (!function || function_name(*function) != kStreamFunction)
            return cannot_have("another source than a table");
        return {};
    }

    // Texts of the group expressions, positions and names of the SELECT list resolved.
    Status find_groups() {
        if (node_.groups.grouping_sets.size() > 1)
            return cannot_have("grouping sets: write a model for each");
        if (node_.aggregate_handling == duckdb::AggregateHandling::FORCE_AGGREGATES) {
            for (auto& item : node_.select_list)
                if (!has_aggregate(*item)) groups_.push_back(text_of(*item));
        }
        for (auto& group : node_.groups.group_expressions) {
            const ParsedExpression* meant = group.get();
            if (group->GetExpressionClass() == ExpressionClass::CONSTANT) {
                auto& value = group->Cast<duckdb::ConstantExpression>().value;
                int64_t at = value.type().IsNumeric() ? value.GetValue<int64_t>() : 0;
                if (at < 1 || at > int64_t(node_.select_list.size()))
                    return cannot_have("GROUP BY " + value.ToString());
                meant = node_.select_list[size_t(at) - 1].get();
            } else if (group->GetExpressionClass() == ExpressionClass::COLUMN_REF) {
                auto& name = group->Cast<duckdb::ColumnRefExpression>().GetColumnName();
                for (auto& item : node_.select_list)
                    if (item->HasAlias() && duckdb::StringUtil::CIEquals(item->GetAlias(), name))
                        meant = item.get();
            }
            groups_.push_back(text_of(*meant));
        }
        shown_.assign(groups_.size(), false);
        return {};
    }

    Status add(const ParsedExpression& item) {
        auto text = text_of(item);
        auto group = std::ranges::find(groups_, text);
        if (group != groups_.end()) {
            shown_[size_t(group - groups_.begin())] = true;
            return add_group(item, text);
        }
        auto* function = as_function(item);
        if (function) {
            auto name = function_name(*function);
            if (auto instead = find_in(kInstead, name))
                return cannot_have(name + "(): " + std::string(*instead));
            if (find_in(kMerges, name)) return add_aggregate(item, *function, name);
        }
        if (has_aggregate(item))
            return cannot_have(
                "an expression over aggregates: keep the aggregates, compute where it "
                "is read: " +
                text);
        return cannot_have("a column that is neither a group nor one of its aggregates: " + text);
    }

    Status add_group(const ParsedExpression& item, const std::string& text) {
        auto* function = as_function(item);
        if (function && function_name(*function) == "session") {
            if (!plan_.event_time.empty()) return cannot_have("two sessions");
            if (function->children.size() != 2 ||
                function->children[0]->GetExpressionClass() != ExpressionClass::COLUMN_REF)
                return cannot_have("a session over anything but a column: " + text);
            plan_.event_time =
                function->children[0]->Cast<duckdb::ColumnRefExpression>().GetColumnName();
            plan_.gap_text = function->children[1]->ToString();
            plan_.outputs.push_back({shown_name(item), "", "", false});
            return {};
        }
        if (function && form_ == MergeableForm::kWindows && function_name(*function) == "tumble") {
            if (!plan_.event_time.empty()) return cannot_have("two windows");
            if (function->children.size() != 2 ||
                function->children[0]->GetExpressionClass() != ExpressionClass::COLUMN_REF)
                return cannot_have("a window over anything but a column: " + text);
            plan_.window = true;
            plan_.event_time =
                function->children[0]->Cast<duckdb::ColumnRefExpression>().GetColumnName();
            plan_.gap_text = function->children[1]->ToString();
        }
        auto state = "k" + std::to_string(plan_.keys.size());
        plan_.keys.push_back(state);
        plan_.key_texts.push_back(text);
        plan_.state.push_back(state);
        plan_.partials.push_back(text + " AS " + state);
        plan_.merges.push_back(state);
        plan_.outputs.push_back({shown_name(item), state, "", false});
        return {};
    }

    Status add_aggregate(const ParsedExpression& item, const FunctionExpression& function,
                         const std::string& name) {
        if (function.distinct)
            return cannot_have("DISTINCT inside " + name +
                               "(): group by the value too, and count where it is read");
        if (function.order_bys && !function.order_bys->orders.empty())
            return cannot_have("ORDER BY inside " + name + "()");
        auto state = "a" + std::to_string(plan_.outputs.size());
        auto helper = "b" + std::to_string(plan_.outputs.size());
        const std::string merge(find_in(kMerges, name).value());
        bool arg = merge == "arg_max" || merge == "arg_min";
        if (arg && function.children.size() != 2) return cannot_have(name + "() of several rows");
        plan_.state.push_back(state);
        plan_.outputs.push_back({shown_name(item), state, name, arg});
        auto text = text_of(item);
        if (merge == "sum") {
            // A sum of sums is of the same type: of whole numbers DECIMAL(38,0), a count a BIGINT.
            const auto& type = types_.at(plan_.outputs.size() - 1);
            const auto as = " AS " + (type == "HUGEINT" ? "DECIMAL(38,0)" : type) + ") AS " + state;
            plan_.partials.push_back("CAST(" + text + as);
            plan_.merges.push_back("CAST(sum(" + state + ")" + as);
            return {};
        }
        static constexpr std::string_view kPlain[] = {
            "BOOLEAN", "INTEGER",   "BIGINT",
            "DOUBLE",  "VARCHAR",   "DATE",
            "BLOB",    "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"};
        const auto& type = types_.at(plan_.outputs.size() - 1);
        if (!type.starts_with("DECIMAL(") && std::ranges::find(kPlain, type) == std::end(kPlain))
            return cannot_have(name + "() of " + type + ": cast it to a plain type: " + text);
        plan_.partials.push_back(text + " AS " + state);
        if (!arg) {
            plan_.merges.push_back(merge + "(" + state + ") AS " + state);
            return {};
        }
        // What arg_max leaves out (a NULL value or order) must not decide the order kept beside it.
        auto value = function.children[0]->ToString(), order = function.children[1]->ToString();
        auto kept = "(" + value + ") IS NOT NULL";
        if (function.filter) kept += " AND (" + function.filter->ToString() + ")";
        auto extreme = std::string(merge == "arg_max" ? "max" : "min");
        plan_.partials.push_back(extreme + "(" + order + ") FILTER (WHERE " + kept + ") AS " +
                                 helper);
        plan_.merges.push_back(merge + "(" + state + ", " + helper + ") AS " + state);
        plan_.merges.push_back(extreme + "(" + helper + ") AS " + helper);
        plan_.state.push_back(helper);
        return {};
    }

    duckdb::SelectNode& node_;
    const std::vector<std::string>& types_;  // of the SELECT list
    const MergeableForm form_;
    MergeablePlan plan_;
    std::vector<std::string> groups_;
    std::vector<bool> shown_;
};

std::string joined(const std::vector<std::string>& parts, const std::string& between = ", ") {
    std::string out;
    for (auto& part : parts)
        out += (out.empty() ? "" : between) + part;
    return out;
}

std::string group_by(const std::vector<std::string>& keys) {
    return keys.empty() ? "" : " GROUP BY " + joined(keys);
}

}  // namespace

Result<bool> parsed_is_aggregate(const std::string& sql) {
    return guarded([&]() -> Result<bool> {
        auto node = parse_select(sql);
        if (!node) return false;
        if (!node->groups.group_expressions.empty() ||
            node->aggregate_handling == duckdb::AggregateHandling::FORCE_AGGREGATES)
            return true;
        return std::ranges::any_of(node->select_list,
                                   [](auto& item) { return has_aggregate(*item); });
    });
}

Result<MergeablePlan> make_mergeable_plan(const std::string& sql,
                                          const std::vector<std::string>& types,
                                          MergeableForm form) {
    return guarded([&]() -> Result<MergeablePlan> {
        auto node = parse_select(sql);
        if (!node) return cannot_have("UNION and the like");
        return Maker(*node, types, form).make();
    });
}

// Rows of one bucket as long as the gap are at most the gap apart: one session, whatever comes.
std::string partial_text(const MergeablePlan& plan, const std::string& stream) {
    auto keys = plan.key_texts;
    if (!plan.event_time.empty() && !plan.window)
        keys.push_back("tumble(" + quoted_name(plan.event_time) + ", " + plan.gap_text + ")");
    return "SELECT " + joined(plan.partials) + " FROM " + kStreamFunction + "(" +
           quoted_text(stream) + ")" + plan.where + group_by(keys);
}

// Sessions: most keys have one state row, or two that touch; those need no order. The others are
// walked by time: a new session begins where the gap to all that came before is too long.
std::string merge_text(const MergeablePlan& plan, int64_t gap_us) {
    const std::string from = std::string(kStreamFunction) + "('state')";
    if (plan.event_time.empty() || plan.window)
        return "SELECT " + joined(plan.merges) + " FROM " + from + group_by(plan.keys);
    const auto gap = std::to_string(gap_us);
    std::string same;
    for (auto& key : plan.keys)
        same += (same.empty() ? "" : " AND ") + ("u." + key + " IS NOT DISTINCT FROM c." + key);
    if (same.empty()) same = "true";
    const auto keys = joined(plan.keys);
    const auto by_key = keys.empty() ? std::string() : "PARTITION BY " + keys;
    auto island_keys = plan.keys;
    island_keys.push_back("island");
    const auto easy = std::string("(n = 1 OR (n = 2 AND apart <= ") + gap + "))";
    return "WITH u AS NOT MATERIALIZED (SELECT * FROM " + from + "), g AS MATERIALIZED (SELECT " +
           joined(plan.merges) + ", count(*) AS n, max(_first) - min(_last) AS apart FROM u" +
           group_by(plan.keys) + "), c AS (SELECT " + (keys.empty() ? "1" : keys) +
           " FROM g WHERE NOT " + easy +
           "), w AS (SELECT u.*, coalesce(CASE WHEN _first - max(_last) "
           "OVER (" +
           by_key +
           " ORDER BY _first, _last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "
           "PRECEDING) <= " +
           gap + " THEN 0 ELSE 1 END, 1) AS breaks FROM u SEMI JOIN c ON " + same +
           "), i AS (SELECT *, sum(breaks) OVER (" + by_key +
           " ORDER BY _first, _last ROWS UNBOUNDED "
           "PRECEDING) AS island FROM w) SELECT " +
           joined(plan.state) + " FROM g WHERE " + easy + " UNION ALL SELECT " +
           joined(plan.merges) + " FROM i" + group_by(island_keys);
}

std::string finish_text(const MergeablePlan& plan) {
    std::vector<std::string> columns, order;
    if (!plan.event_time.empty()) order.push_back("_last");
    for (auto& output : plan.outputs)
        columns.push_back((output.state.empty() ? "make_timestamptz(_first)" : output.state) +
                          " AS " + quoted_name(output.name));
    for (auto& key : plan.keys)
        order.push_back(key);
    return "SELECT " + joined(columns) + " FROM " + kStreamFunction + "('state')" +
           (order.empty() ? "" : " ORDER BY " + joined(order));
}

}  // namespace tarn::sql
