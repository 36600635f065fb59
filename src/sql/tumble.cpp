// tumble(t, size): the start of the window of fixed size that holds t, counted from the epoch.
// session(t, gap): stands for the start of the session that holds t; what it is depends on the rows
// around t, so it has a value only where a flow computes sessions (mergeable_query.h).

#include "duckdb/common/vector_operations/binary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/extension/extension_loader.hpp"

#include "duck.h"
#include "tumble.h"

namespace tarn::sql {

int64_t tumble_size_us(const duckdb::interval_t& size) {
    if (size.months != 0)
        throw duckdb::InvalidInputException(
            "tumble(): months and years have no fixed length; give days or less");
    const auto us = duckdb::Interval::GetMicro(size);
    if (us <= 0)
        throw duckdb::InvalidInputException(
            "tumble(): the window's size must be greater than zero");
    return us;
}

// TIMESTAMP and TIMESTAMPTZ are the same microseconds since the epoch.
static void tumble(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
    duckdb::BinaryExecutor::Execute<duckdb::timestamp_t, duckdb::interval_t, duckdb::timestamp_t>(
        arguments.data[0], arguments.data[1], result, arguments.size(),
        [](duckdb::timestamp_t t, duckdb::interval_t size) {
            const auto us = tumble_size_us(size);
            if (!duckdb::Timestamp::IsFinite(t)) return t;
            return duckdb::timestamp_t(window_start(t.value, us));
        });
}

static void session(duckdb::DataChunk&, duckdb::ExpressionState&, duckdb::Vector&) {
    throw duckdb::InvalidInputException("session() stands in the GROUP BY of a flow's SQL only");
}

void register_tumble(duckdb::DatabaseInstance& db) {
    using duckdb::LogicalType;
    duckdb::ScalarFunctionSet set("tumble");
    for (auto& type : {LogicalType::TIMESTAMP_TZ, LogicalType::TIMESTAMP})
        set.AddFunction(duckdb::ScalarFunction({type, LogicalType::INTERVAL}, type, tumble));
    duckdb::ExtensionLoader loader(db, "tarn");
    loader.RegisterFunction(set);
    loader.RegisterFunction(
        duckdb::ScalarFunction("session", {LogicalType::TIMESTAMP_TZ, LogicalType::INTERVAL},
                               LogicalType::TIMESTAMP_TZ, session));
}

}  // namespace tarn::sql
