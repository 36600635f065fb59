// DELETE: the rows for which a condition holds.

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

class Delete final : public RowOperation {
  public:
    explicit Delete(const DeleteRequest& request) : request_(request) {}
    std::string_view name() const override { return "DELETE"; }

    Status plan(RowChange& change, ChangeOutcome& outcome) override {
        const auto alias = sql::quoted_name(request_.alias);
        TARN_RETURN_IF_ERROR(change.choose_gone(fmt::format(
            "SELECT {0}.\"tarn file\" AS f, {0}.\"tarn row\" AS r FROM {1} AS {0} WHERE {2}", alias,
            change.rows(), request_.where.empty() ? "true" : "(" + request_.where + ")")));
        outcome.deleted = change.gone();
        change.record(fmt::format(
            "SELECT {}, 'delete' AS _change_type FROM {} AS t SEMI JOIN {} "
            "AS \"tarn g\" ON t.\"tarn file\" = \"tarn g\".f AND t.\"tarn row\" = \"tarn g\".r",
            column_list(change.table(), "t"), change.rows(), RowChange::kGone));
        return {};
    }
    std::vector<std::pair<std::string, std::string>> parameters() const override {
        return {{"predicate", request_.where.empty() ? "[]" : json_list({request_.where})}};
    }
    std::vector<std::pair<std::string, std::string>> metrics(
        const ChangeOutcome& outcome) const override {
        return {{"numDeletedRows", std::to_string(outcome.deleted)}};
    }

  private:
    const DeleteRequest& request_;
};

}  // namespace

Result<ChangeOutcome> Lake::delete_rows(const DeleteRequest& request) {
    Delete operation(request);
    return change_rows(*impl_, request, operation);
}

}  // namespace tarn::lake
