#pragma once

// Statements of SQL that change tables or care for them: what the API and the commands share.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "tarn/base/result.h"
#include "tarn/lake/lake.h"
#include "tarn/sql/engine.h"

namespace tarn::host {

// Care of a table as SQL says it, as Delta's own SQL does:
//   OPTIMIZE t [WHERE condition] [ZORDER BY (a, b)] [DRY RUN]
//   VACUUM t [LITE | FULL] [RETAIN n HOURS] [DRY RUN]
//   RESTORE [TABLE] t TO VERSION AS OF n | TO TIMESTAMP AS OF 'time'
//   FSCK REPAIR TABLE t [DRY RUN]
//   UNDROP TABLE t [AS u]
//   CREATE TABLE t SHALLOW | DEEP CLONE s [VERSION AS OF n | TIMESTAMP AS OF 'time']
struct CareStatement {
    std::string verb, table;  // of maintain_table()
    nlohmann::json request;
};
// EXPLAIN in front of OPTIMIZE, VACUUM or FSCK REPAIR is a dry run.
// Nothing if it is none of these. Errors: kInvalidArgument (it begins as one, and is none).
Result<std::optional<CareStatement>> parse_care_statement(std::string_view sql);

// Whether the first word is one of a statement that run_table_statement() takes.
bool is_table_statement(std::string_view sql);
// How DROP TABLE drops a table, which flows have a say in. Errors: kNotFound, kFailedPrecondition.
using DropTable = std::function<Status(const std::string& table, bool purge)>;
// Runs one, or with EXPLAIN in front says what it would read (lake::StatementPlan). The answer has
// "text", for people, and what POST /api/v1/sql/statement says of it. Errors: kInvalidArgument
// (SQL), kUnsupported (not such a statement), those of the lake.
Result<nlohmann::ordered_json> run_table_statement(lake::Lake& lake, sql::Engine& engine,
                                                   const DropTable& drop, const std::string& sql,
                                                   bool restricted);

}  // namespace tarn::host
