#pragma once

// Care of tables as people ask for it, in JSON: what the API's addresses and the commands share.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "tarn/base/result.h"
#include "tarn/lake/lake.h"

namespace tarn::host {

// The verbs: optimize, vacuum, restore, clone, validate, repair,
// undrop. `request` and the answer are those of
// /api/v1/tables/{name}/<verb> (src/server/routes/tables.openapi.yaml). Runs as long as it takes.
// Errors: kInvalidArgument (a key that the verb has not, a value of another form), those of the
// lake.
Result<nlohmann::ordered_json> maintain_table(lake::Lake& lake, std::string_view verb,
                                              const std::string& table,
                                              const nlohmann::json& request);

// Tables that can be brought back, as GET /api/v1/dropped gives them.
nlohmann::ordered_json dropped_tables(lake::Lake& lake);

}  // namespace tarn::host
