// UPDATE: columns of the rows for which a condition holds.

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

class Update final : public RowOperation {
  public:
    explicit Update(const UpdateRequest& request) : request_(request) {}
    std::string_view name() const override { return "UPDATE"; }

    Status plan(RowChange& change, ChangeOutcome& outcome) override {
        const auto alias = sql::quoted_name(request_.alias);
        TARN_RETURN_IF_ERROR(change.check_set(request_.set));
        TARN_TRY(auto row, set_list(change.table(), request_.alias, request_.set));
        TARN_RETURN_IF_ERROR(change.choose_gone(fmt::format(
            "SELECT {0}.\"tarn file\" AS f, {0}.\"tarn row\" AS r FROM {1} AS {0} WHERE {2}", alias,
            change.rows(), request_.where.empty() ? "true" : "(" + request_.where + ")")));
        outcome.updated = change.gone();
        if (change.gone() == 0) return {};
        const auto those = fmt::format(
            "FROM {1} AS {0} SEMI JOIN {2} AS \"tarn g\" ON {0}.\"tarn file\" = \"tarn g\".f AND "
            "{0}.\"tarn row\" = "
            "\"tarn g\".r",
            alias, change.rows(), RowChange::kGone);
        std::vector<std::string> given;
        for (const auto& one : request_.set)
            given.push_back(one.column);
        const auto rows =
            change.kept(fmt::format("SELECT {}{} {}", row, change.kept_ids(request_.alias), those),
                        given, change.kept_beside());
        change.come(rows, change.kept_beside());
        change.record(fmt::format("SELECT {}, 'update_preimage' AS _change_type {}",
                                  column_list(change.table(), request_.alias), those));
        change.record(fmt::format("SELECT *, 'update_postimage' AS _change_type FROM ({})", rows));
        return {};
    }
    std::vector<std::pair<std::string, std::string>> parameters() const override {
        return {{"predicate", request_.where.empty() ? "[]" : json_list({request_.where})}};
    }
    std::vector<std::pair<std::string, std::string>> metrics(
        const ChangeOutcome& outcome) const override {
        return {{"numUpdatedRows", std::to_string(outcome.updated)}};
    }

  private:
    const UpdateRequest& request_;
};

}  // namespace

Result<ChangeOutcome> Lake::update_rows(const UpdateRequest& request) {
    Update operation(request);
    return change_rows(*impl_, request, operation);
}

}  // namespace tarn::lake
