// One SELECT; the connection runs it in a slot and ends it when the client goes away. Statements
// that change tables run to their end.

#include <nlohmann/json.hpp>

#include "host_names.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/table_statement.h"

namespace tarn::server {
namespace {

Result<Response> change(const RouteContext& context, const Call& call) {
    constexpr auto kForm = R"(the body is no JSON object with a text "sql" alone)";
    if (!call.request.content_type.starts_with("application/json"))
        return fail(ErrorCode::kInvalidArgument, "a statement is sent as application/json");
    const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
    if (!body.is_object() || body.size() != 1 || !body.contains("sql") || !body["sql"].is_string())
        return fail(ErrorCode::kInvalidArgument, kForm);
    auto& engine = context.platform.changes;
    TARN_TRY(const auto statement,
             sql::parse_table_statement(engine, body["sql"].get<std::string>(), true));
    if (!statement)
        return fail(errors::kSqlRefused,
                    "this is no statement that changes a table; queries go to /api/v1/sql");
    TARN_TRY(const auto outcome, lake::run_statement(context.platform.lake, engine, *statement));
    return json_response(lake::outcome_json(*statement, outcome).dump());
}

constexpr Route kRoutes[] = {
    {"POST", "/api/v1/sql", Operation::kRead, "platform", nullptr, Answer::kQuery,
     R"(POST {"sql": "select 1"} as application/json.)"},
    {"POST", "/api/v1/sql/statement", Operation::kWrite, "platform", change, Answer::kSlow,
     R"(POST {"sql": "delete from silver.orders where id = 7"} as application/json.)"},
};

}  // namespace

std::span<const Route> sql_routes() { return kRoutes; }

}  // namespace tarn::server
