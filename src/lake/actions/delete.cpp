// DELETE: the rows for which a condition holds.

#include <fmt/format.h>

#include "row_change.h"

namespace tarn::lake {
namespace {

class Delete final : public RowOperation {
  public:
    explicit Delete(const DeleteRequest& request) : request_(request) {}
    std::string_view name() const override { return "DELETE"; }

    Status plan(RowChange& change, ChangeOutcome& outcome) override {
        TARN_RETURN_IF_ERROR(change.choose_gone(places_where(
            change, request_.alias, request_.where.empty() ? "true" : request_.where)));
        outcome.deleted = change.gone();
        change.record(fmt::format("SELECT {}, 'delete' AS _change_type FROM {} AS t",
                                  column_list(change.table(), "t"), change.rows()));
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
