// One SELECT; the connection runs it in a slot and ends it when the client goes away. Statements
// that change tables run to their end.

#include <nlohmann/json.hpp>

#include "host_names.h"
#include "tarn/host/table_statements.h"
#include "tarn/lake/error_ids.h"

namespace tarn::server {
namespace {

Status drop_table(const RouteContext& context, const std::string& table, bool purge) {
    const auto& drop = context.platform.flows.drop_output;
    if (!drop) return fail(not_found(errors::kNoTable, "table", table));
    return drop(flow::table_node(table), purge ? flow::Dropped::kPurged : flow::Dropped::kKept);
}

Result<Response> change(const RouteContext& context, const Call& call) {
    constexpr auto kForm = R"(the body is no JSON object with a text "sql" alone)";
    if (!call.request.content_type.starts_with("application/json"))
        return fail(ErrorCode::kInvalidArgument, "a statement is sent as application/json");
    const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
    if (!body.is_object() || body.size() != 1 || !body.contains("sql") || !body["sql"].is_string())
        return fail(ErrorCode::kInvalidArgument, kForm);
    TARN_TRY(const auto answer, host::run_table_statement(
                                    context.platform.lake, context.platform.changes,
                                    [&](const std::string& table, bool purge) {
                                        return drop_table(context, table, purge);
                                    },
                                    body["sql"].get<std::string>(), true));
    return json_response(answer.dump());
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
