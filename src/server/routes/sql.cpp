// One SELECT; the connection runs it in a slot and ends it when the client goes away.

#include "host_names.h"

namespace tarn::server {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "/api/v1/sql", Operation::kRead, "platform", nullptr, Answer::kQuery,
     R"(POST {"sql": "select 1"} as application/json.)"},
};

}  // namespace

std::span<const Route> sql_routes() { return kRoutes; }

}  // namespace tarn::server
