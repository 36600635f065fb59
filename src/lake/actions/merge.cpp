// MERGE: rows of a source are matched with those of the table; each pair, each row of the source
// without a match and each row of the table without one takes the first clause whose condition
// holds.
//
// First only what conditions need is read, to find the pairs; then whole rows, of the files that
// are touched.

#include <algorithm>

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/base/names.h"
#include "tarn/lake/error_ids.h"
#include "tarn/sql/quote.h"

namespace tarn::errors {
extern const ErrorId kMergeAmbiguous;
}  // namespace tarn::errors

namespace tarn::lake {
namespace {

using sql::quoted_name;

constexpr std::string_view kSource = "tarn_source", kPairs = "tarn_pairs", kAlone = "tarn_alone";

class Merge final : public RowOperation {
  public:
    explicit Merge(const MergeRequest& request)
        : request_(request),
          t_(quoted_name(request.alias)),
          s_(quoted_name(request.source_alias)) {}
    std::string_view name() const override { return "MERGE"; }

    Status plan(RowChange& change, ChangeOutcome& outcome) override {
        auto& session = change.session();
        TARN_RETURN_IF_ERROR(session.execute(
            fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT row_number() OVER () AS "
                        "\"tarn sid\", * FROM ({}) AS {}",
                        kSource, request_.source, s_)));
        TARN_RETURN_IF_ERROR(look_at_source(change));
        TARN_RETURN_IF_ERROR(change.leave_out_files(
            sql::key_pairs(request_.on, request_.alias, request_.source_alias),
            std::string(kSource)));
        TARN_RETURN_IF_ERROR(session.execute(fmt::format(
            "CREATE OR REPLACE TEMP TABLE {} AS SELECT {t}.\"tarn file number\" AS f, {t}.\"tarn "
            "row\" AS r, {s}.\"tarn sid\" AS sid, {} AS c FROM {} AS {s} JOIN {} AS {t} ON ({})",
            kPairs, clause_of(MergeWhen::kMatched), kSource, change.rows(), request_.on,
            fmt::arg("t", t_), fmt::arg("s", s_))));
        TARN_RETURN_IF_ERROR(look_at_pairs(change));
        TARN_RETURN_IF_ERROR(session.execute(alone(change)));
        TARN_RETURN_IF_ERROR(change.choose_gone(
            fmt::format("SELECT f, r FROM {} WHERE {} UNION ALL SELECT f, r FROM {} WHERE {}",
                        kPairs, changes_by(MergeWhen::kMatched, "c"), kAlone,
                        changes_by(MergeWhen::kNotMatchedBySource, "c"))));
        TARN_RETURN_IF_ERROR(check_pairs(change));
        for (size_t i = 0; i < request_.clauses.size(); ++i)
            TARN_RETURN_IF_ERROR(apply(change, i));
        return count(session, outcome);
    }

    std::vector<std::pair<std::string, std::string>> parameters() const override {
        std::vector<std::pair<std::string, std::string>> out = {{"predicate", request_.on}};
        auto list = [&](std::string name, MergeWhen when) {
            std::vector<std::string> texts;
            for (const auto& clause : request_.clauses)
                if (clause.when == when) {
                    constexpr std::string_view kNames[] = {"update", "delete", "insert", "nothing"};
                    texts.push_back(fmt::format("{}{}{}", kNames[size_t(clause.then)],
                                                clause.condition.empty() ? "" : " if ",
                                                clause.condition));
                }
            out.emplace_back(std::move(name), json_list(texts));
        };
        list("matchedPredicates", MergeWhen::kMatched);
        list("notMatchedPredicates", MergeWhen::kNotMatched);
        list("notMatchedBySourcePredicates", MergeWhen::kNotMatchedBySource);
        return out;
    }
    std::vector<std::pair<std::string, std::string>> metrics(
        const ChangeOutcome& outcome) const override {
        return {{"numTargetRowsInserted", std::to_string(outcome.inserted)},
                {"numTargetRowsUpdated", std::to_string(outcome.updated)},
                {"numTargetRowsDeleted", std::to_string(outcome.deleted)}};
    }

  private:
    // The table gets the source's columns that a clause asks for, if it evolves.
    Status look_at_source(RowChange& change) {
        if (!request_.evolves && !change.rules().any() && change.rules().identities.empty())
            return {};
        const auto source = fmt::format("SELECT * EXCLUDE (\"tarn sid\") FROM {}", kSource);
        TARN_TRY(const auto given, sql::schema_of_query(change.session(), source));
        for (const auto& field : given.fields)
            source_.push_back(field.name);
        if (!request_.evolves) return {};
        bool all = false;
        std::vector<std::string> wanted;
        for (const auto& clause : request_.clauses) {
            all = all || clause.all;
            for (const auto& one : clause.set)
                wanted.push_back(one.column);
        }
        auto more = given.fields;
        std::erase_if(more, [&](const auto& field) {
            return !all && std::ranges::none_of(wanted, [&](const auto& name) {
                return same_but_case(name, field.name);
            });
        });
        return change.add_columns(more);
    }
    // Whether a clause for all columns takes this one from the source: where the table does not
    // evolve, one that the source has not is an error, unless the table has values for it.
    bool in_source(const RowChange& change, const std::string& column) const {
        const auto& rules = change.rules();
        return (!request_.evolves && !rules.generated.contains(column) &&
                !rules.identities.contains(column)) ||
               std::ranges::any_of(source_,
                                   [&](const auto& name) { return same_but_case(name, column); });
    }
    std::vector<std::string> given_by(const MergeClause& clause) const {
        if (clause.all) return source_;
        std::vector<std::string> out;
        for (const auto& one : clause.set)
            out.push_back(one.column);
        return out;
    }
    // Which clause of this kind a row takes, by its index in the request; NULL: none.
    std::string clause_of(MergeWhen when) const {
        std::string cases;
        for (size_t i = 0; i < request_.clauses.size(); ++i)
            if (const auto& clause = request_.clauses[i]; clause.when == when)
                cases += fmt::format(" WHEN ({}) THEN {}",
                                     clause.condition.empty() ? "true" : clause.condition, i);
        return cases.empty() ? "CAST(NULL AS INTEGER)" : "CAST(CASE" + cases + " END AS INTEGER)";
    }
    // Whether `c` is a clause of this kind that updates or deletes.
    std::string changes_by(MergeWhen when, std::string_view c) const {
        return in_clauses(c, [&](const auto& clause) {
            return clause.when == when && clause.then != MergeThen::kNothing;
        });
    }
    template <class F>
    std::string in_clauses(std::string_view c, F&& takes) const {
        std::string list;
        for (size_t i = 0; i < request_.clauses.size(); ++i)
            if (takes(request_.clauses[i])) list += (list.empty() ? "" : ", ") + std::to_string(i);
        return list.empty() ? "false" : fmt::format("{} IN ({})", c, list);
    }
    bool has(MergeWhen when) const {
        return std::ranges::find(request_.clauses, when, &MergeClause::when) !=
               request_.clauses.end();
    }

    // Which rows of the table have a match. Should one of them go meanwhile, its row of the source
    // has none, and would be inserted.
    Status look_at_pairs(RowChange& change) const {
        const bool inserts = has(MergeWhen::kNotMatched);
        const bool by_source = has(MergeWhen::kNotMatchedBySource);
        if (!inserts && !by_source) return {};
        TARN_TRY(const auto matched, change.places(fmt::format("SELECT f, r FROM {}", kPairs)));
        if (inserts) change.rest_on(matched);
        if (by_source) change.leave_out(matched);
        return {};
    }
    // Rows of the table that no row of the source matches, with their clause.
    std::string alone(RowChange& change) const {
        if (!has(MergeWhen::kNotMatchedBySource))
            return fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT f, r, c FROM {} LIMIT 0",
                               kAlone, kPairs);
        return fmt::format(
            "CREATE OR REPLACE TEMP TABLE {} AS SELECT * FROM (SELECT {t}.\"tarn file number\" AS "
            "f, {t}.\"tarn row\" AS r, {} AS c FROM {} AS {t}) WHERE c IS NOT NULL",
            kAlone, clause_of(MergeWhen::kNotMatchedBySource), change.rows(), fmt::arg("t", t_));
    }

    // Two rows of the source must not change one row of the table, but for a lone DELETE without a
    // condition, which they agree about.
    Status check_pairs(RowChange& change) const {
        if (!change.gone_twice()) return {};
        auto& session = change.session();
        const auto matched =
            std::ranges::count(request_.clauses, MergeWhen::kMatched, &MergeClause::when);
        const auto& clause =
            *std::ranges::find(request_.clauses, MergeWhen::kMatched, &MergeClause::when);
        if (matched == 1 && clause.then == MergeThen::kDelete && clause.condition.empty())
            return {};
        const auto twice =
            fmt::format("SELECT f, r FROM {} WHERE {} GROUP BY f, r HAVING count(*) > 1", kPairs,
                        changes_by(MergeWhen::kMatched, "c"));
        TARN_TRY(auto count, session.query_columns("SELECT count(*) FROM (" + twice + ")"));
        const auto rows = count.columns[0].values<int64_t>()[0];
        TARN_TRY(auto one,
                 session.query_columns(fmt::format(
                     "SELECT to_json(x)::VARCHAR FROM (SELECT {} FROM {} AS {t} JOIN ({} ORDER BY "
                     "f, r LIMIT 1) AS \"tarn p\" ON {t}.\"tarn file number\" = \"tarn p\".f AND "
                     "{t}.\"tarn row\" = "
                     "\"tarn p\".r) x",
                     column_list(change.table(), request_.alias), change.rows(), twice,
                     fmt::arg("t", t_))));
        return fail(errors::kMergeAmbiguous,
                    fmt::format("MERGE into {}: several rows of the source would change the same "
                                "row, for {} of the table's rows; one is {}",
                                request_.table, rows,
                                one.row_count ? one.columns[0].text(0) : std::string_view()));
    }

    Status apply(RowChange& change, size_t i) const {
        const auto& clause = request_.clauses[i];
        const auto& table = change.table();
        if (clause.then == MergeThen::kNothing) return {};
        if (clause.when == MergeWhen::kNotMatched) {
            const auto those = fmt::format(
                "FROM {} AS {s} ANTI JOIN {} AS \"tarn p\" ON \"tarn p\".sid = {s}.\"tarn sid\" "
                "WHERE {} = {}",
                kSource, kPairs, clause_of(MergeWhen::kNotMatched), i, fmt::arg("s", s_));
            TARN_TRY(const auto row, inserted_row(change, clause));
            TARN_TRY(const auto whole,
                     change.numbered(fmt::format("SELECT {} {}", row, those), given_by(clause)));
            TARN_TRY(const auto rows, change.kept(whole, given_by(clause)));
            change.come(rows);
            change.record(fmt::format("SELECT *, 'insert' AS _change_type FROM ({})", rows));
            return {};
        }
        const bool by_source = clause.when == MergeWhen::kNotMatchedBySource;
        const auto those =
            by_source
                ? fmt::format(
                      "FROM {} AS \"tarn p\" JOIN {} AS {t} ON {t}.\"tarn file number\" = \"tarn "
                      "p\".f "
                      "AND "
                      "{t}.\"tarn row\" = \"tarn p\".r WHERE \"tarn p\".c = {}",
                      kAlone, change.rows(), i, fmt::arg("t", t_))
                : fmt::format(
                      "FROM {} AS \"tarn p\" JOIN {} AS {s} ON {s}.\"tarn sid\" = \"tarn p\".sid "
                      "JOIN "
                      "{} AS {t} ON {t}.\"tarn file number\" = \"tarn p\".f AND {t}.\"tarn row\" = "
                      "\"tarn p\".r WHERE \"tarn p\".c = {}",
                      kPairs, kSource, change.rows(), i, fmt::arg("t", t_), fmt::arg("s", s_));
        const auto old = column_list(table, request_.alias);
        if (clause.then == MergeThen::kDelete) {
            change.record(
                fmt::format("SELECT DISTINCT ON (\"tarn p\".f, \"tarn p\".r) {}, 'delete' AS "
                            "_change_type {}",
                            old, those));
            return {};
        }
        TARN_TRY(const auto row, updated_row(change, clause));
        TARN_TRY(const auto rows, change.kept(fmt::format("SELECT {}{} {}", row,
                                                          change.kept_ids(request_.alias), those),
                                              given_by(clause), change.kept_beside()));
        change.come(rows, change.kept_beside());
        change.record(fmt::format("SELECT {}, 'update_preimage' AS _change_type {}", old, those));
        change.record(fmt::format("SELECT *, 'update_postimage' AS _change_type FROM ({})", rows));
        return {};
    }

    std::string from_source(std::string_view column) const {
        return s_ + "." + quoted_name(column);
    }
    Result<std::string> updated_row(const RowChange& change, const MergeClause& clause) const {
        auto set = clause.set;
        if (clause.all)
            for (const auto& field : change.table().schema->fields)
                if (in_source(change, field.name))
                    set.push_back({field.name, from_source(field.name)});
        TARN_RETURN_IF_ERROR(change.check_set(set));
        return set_list(change.table(), request_.alias, set);
    }
    Result<std::string> inserted_row(const RowChange& change, const MergeClause& clause) const {
        auto set = spelled(*change.table().schema, clause.set);
        for (const auto& field : change.table().schema->fields)
            if (clause.all && in_source(change, field.name)) {
                set.push_back({field.name, from_source(field.name)});
            } else if (std::ranges::find(set, field.name, &SetColumn::column) == set.end()) {
                TARN_TRY(auto value, change.left_out(field.name));
                set.push_back({field.name, std::move(value)});
            }
        return set_list(change.table(), request_.alias, set);
    }

    Status count(sql::Session& session, ChangeOutcome& outcome) const {
        auto by = [&](std::string_view from, std::string_view what, MergeWhen when,
                      MergeThen then) -> Result<uint64_t> {
            auto rows = session.query_columns(fmt::format(
                "SELECT count({}) FROM {} WHERE {}", what, from, in_clauses("c", [&](auto& clause) {
                    return clause.when == when && clause.then == then;
                })));
            if (!rows) return fail(std::move(rows).error());
            return uint64_t(rows->columns[0].values<int64_t>()[0]);
        };
        TARN_TRY(auto updated, by(kPairs, "*", MergeWhen::kMatched, MergeThen::kUpdate));
        TARN_TRY(auto updated_alone,
                 by(kAlone, "*", MergeWhen::kNotMatchedBySource, MergeThen::kUpdate));
        TARN_TRY(auto deleted,
                 by(kPairs, "DISTINCT (f, r)", MergeWhen::kMatched, MergeThen::kDelete));
        TARN_TRY(auto deleted_alone,
                 by(kAlone, "*", MergeWhen::kNotMatchedBySource, MergeThen::kDelete));
        outcome.updated = updated + updated_alone;
        outcome.deleted = deleted + deleted_alone;
        if (!has(MergeWhen::kNotMatched)) return {};
        TARN_TRY(
            auto inserted,
            by(fmt::format("(SELECT {} AS c FROM {} AS {s} ANTI JOIN {} AS \"tarn p\" ON "
                           "\"tarn p\".sid = {s}.\"tarn sid\")",
                           clause_of(MergeWhen::kNotMatched), kSource, kPairs, fmt::arg("s", s_)),
               "*", MergeWhen::kNotMatched, MergeThen::kInsert));
        outcome.inserted = inserted;
        return {};
    }

    const MergeRequest& request_;
    const std::string t_, s_;
    std::vector<std::string> source_;  // its columns, where the table evolves or has rules
};

}  // namespace

Result<ChangeOutcome> Lake::merge(const MergeRequest& request) {
    Merge operation(request);
    return change_rows(*impl_, request, operation);
}

}  // namespace tarn::lake
