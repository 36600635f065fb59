// tumble(t, size): the start of the window of fixed size that holds t, counted from the epoch.

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

void register_tumble(duckdb::DatabaseInstance& db) {
    using duckdb::LogicalType;
    duckdb::ScalarFunctionSet set("tumble");
    for (auto& type : {LogicalType::TIMESTAMP_TZ, LogicalType::TIMESTAMP})
        set.AddFunction(duckdb::ScalarFunction({type, LogicalType::INTERVAL}, type, tumble));
    duckdb::ExtensionLoader(db, "tarn").RegisterFunction(set);
}

}  // namespace tarn::sql
