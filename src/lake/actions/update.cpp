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
        TARN_RETURN_IF_ERROR(change.check_set(request_.set));
        TARN_TRY(auto row, set_list(change.table(), request_.alias, request_.set));
        TARN_RETURN_IF_ERROR(change.choose_gone(places_where(
            change, request_.alias, request_.where.empty() ? "true" : request_.where)));
        outcome.updated = change.gone();
        if (change.gone() == 0) return {};
        const auto those =
            fmt::format("FROM {} AS {}", change.rows(), sql::quoted_name(request_.alias));
        std::vector<std::string> given;
        for (const auto& one : request_.set)
            given.push_back(one.column);
        TARN_TRY(const auto rows, change.kept(fmt::format("SELECT {}{} {}", row,
                                                          change.kept_ids(request_.alias), those),
                                              given, change.kept_beside()));
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
