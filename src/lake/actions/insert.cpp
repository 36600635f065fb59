// INSERT: rows of a query come; with OVERWRITE all rows, those of their partitions, or those of a
// condition go.

#include <algorithm>

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

using sql::quoted_name;

class Insert final : public RowOperation {
  public:
    explicit Insert(const InsertRequest& request) : request_(request) {}
    std::string_view name() const override { return "WRITE"; }
    bool reads_table() const override {
        return request_.reads_table || request_.overwrite != Overwrite::kNothing;
    }

    Status plan(RowChange& change, ChangeOutcome&) override {
        if (request_.evolves) {
            if (!request_.by_name)
                return fail(ErrorCode::kInvalidArgument,
                            "columns that come with an INSERT have the names that the query gives: "
                            "write no list of columns");
            TARN_TRY(const auto given, sql::schema_of_query(change.session(), request_.select));
            TARN_RETURN_IF_ERROR(change.add_columns(given.fields));
        }
        TARN_TRY(auto rows, whole_rows(change));
        const auto partitioned = !change.table().metadata->partition_columns.empty();
        switch (request_.overwrite) {
            case Overwrite::kNothing:
                break;
            case Overwrite::kAll:
                change.choose_all();
                break;
            case Overwrite::kPartitions:
                if (partitioned)
                    change.replace_partitions();
                else
                    change.choose_all();
                break;
            case Overwrite::kWhere:
                rows = checked(rows);
                TARN_RETURN_IF_ERROR(replace_where(change));
                change.record(fmt::format("SELECT *, 'insert' AS _change_type FROM ({})", rows));
                break;
        }
        change.come(rows);
        return {};
    }
    void count(const RowChange& change, ChangeOutcome& outcome) const override {
        outcome.inserted = outcome.written;
        outcome.deleted = change.gone();
    }

    std::vector<std::pair<std::string, std::string>> parameters() const override {
        std::vector<std::pair<std::string, std::string>> out = {
            {"mode", request_.overwrite == Overwrite::kNothing ? "Append" : "Overwrite"}};
        if (request_.overwrite == Overwrite::kPartitions)
            out.emplace_back("partitionOverwriteMode", "dynamic");
        if (request_.overwrite == Overwrite::kWhere) out.emplace_back("predicate", request_.where);
        return out;
    }
    std::vector<std::pair<std::string, std::string>> metrics(
        const ChangeOutcome& outcome) const override {
        return {{"numFiles", std::to_string(outcome.files_added)},
                {"numOutputRows", std::to_string(outcome.written)}};
    }

  private:
    // The query's rows with all columns of the table, by name.
    Result<std::string> whole_rows(RowChange& change) const {
        const auto& fields = change.table().schema->fields;
        TARN_TRY(auto given, columns_of(change.session()));
        auto named = request_.columns;
        if (request_.by_name) named = given;
        if (named.empty() && !request_.by_name) named = by_position(change, given.size());
        if (named.size() != given.size())
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("the query gives {} columns, table {} takes {}", given.size(),
                                    request_.table, named.size()));
        for (auto& name : named)
            name = spelled(*change.table().schema, name);
        std::string names, list;
        size_t used = 0;
        for (const auto& name : named)
            names += (names.empty() ? "" : ", ") + quoted_name(name);
        for (const auto& field : fields) {
            const auto count = std::ranges::count(named, field.name);
            if (count > 1)
                return fail(ErrorCode::kInvalidArgument, "column " + field.name + " comes twice");
            used += size_t(count);
            auto value = "v." + quoted_name(field.name);
            if (count == 0) {
                TARN_TRY(value, change.left_out(field.name));
            }
            list +=
                fmt::format("{}{} AS {}", list.empty() ? "" : ", ", value, quoted_name(field.name));
        }
        if (used != named.size())
            for (const auto& name : named)
                if (!change.table().schema->find(name))
                    return fail(ErrorCode::kInvalidArgument,
                                fmt::format("table {} has no column {}", request_.table, name));
        TARN_TRY(const auto rows, change.numbered(fmt::format("SELECT {} FROM ({}) AS v({})", list,
                                                              request_.select, names),
                                                  named));
        return change.kept(rows, named);
    }
    // All columns; those that take no values are left out if there are none for them.
    static std::vector<std::string> by_position(const RowChange& change, size_t given) {
        std::vector<std::string> all, taking;
        for (const auto& field : change.table().schema->fields) {
            all.push_back(field.name);
            const auto identity = change.rules().identities.find(field.name);
            if (identity == change.rules().identities.end() || identity->second.takes_values)
                taking.push_back(field.name);
        }
        return given == taking.size() ? taking : all;
    }
    // The names of what the query gives.
    Result<std::vector<std::string>> columns_of(sql::Session& session) const {
        TARN_TRY(auto given,
                 sql::schema_of_query(session, request_.select, sql::UnknownTypes::kVoid));
        std::vector<std::string> out;
        for (auto& field : given.fields)
            out.push_back(std::move(field.name));
        return out;
    }
    std::string checked(const std::string& rows) const {
        const auto refusal =
            sql::refuse_row("a row that comes does not hold to REPLACE WHERE " + request_.where);
        return fmt::format("SELECT * FROM ({}) AS {} WHERE CASE WHEN ({}) THEN true ELSE {} END",
                           rows, quoted_name(request_.alias), request_.where, refusal);
    }
    Status replace_where(RowChange& change) const {
        TARN_RETURN_IF_ERROR(
            change.choose_gone(places_where(change, request_.alias, request_.where)));
        change.record(fmt::format("SELECT {}, 'delete' AS _change_type FROM {} AS t",
                                  column_list(change.table(), "t"), change.rows()));
        return {};
    }

    const InsertRequest& request_;
};

}  // namespace

Result<ChangeOutcome> Lake::insert(const InsertRequest& request) {
    Insert operation(request);
    return change_rows(*impl_, request, operation);
}

}  // namespace tarn::lake
