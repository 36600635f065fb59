// tumble(t, size): the start of the window of fixed size that holds t, counted from the epoch.

#include "tumble.h"

#include "duckdb/common/vector_operations/binary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/extension/extension_loader.hpp"

#include "duck.h"
#include "tarn/sql/functions.h"

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

namespace {

// TIMESTAMP and TIMESTAMPTZ are the same microseconds since the epoch.
void tumble(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
    duckdb::BinaryExecutor::Execute<duckdb::timestamp_t, duckdb::interval_t, duckdb::timestamp_t>(
        arguments.data[0], arguments.data[1], result, arguments.size(),
        [](duckdb::timestamp_t t, duckdb::interval_t size) {
            const auto us = tumble_size_us(size);
            if (!duckdb::Timestamp::IsFinite(t)) return t;
            return duckdb::timestamp_t(window_start(t.value, us));
        });
}

Status add(Engine& engine) {
    using duckdb::LogicalType;
    duckdb::ScalarFunctionSet set("tumble");
    for (auto& type : {LogicalType::TIMESTAMP_TZ, LogicalType::TIMESTAMP})
        set.AddFunction(duckdb::ScalarFunction({type, LogicalType::INTERVAL}, type, tumble));
    duckdb::ExtensionLoader(engine.impl().instance(), "tarn").RegisterFunction(set);
    return {};
}

}  // namespace

SqlFunction tumble_function() {
    return {.name = "tumble",
            .signature = "tumble(time TIMESTAMPTZ, size INTERVAL) → TIMESTAMPTZ",
            .text =
                "The start of the window of this size that holds the time, counted from "
                "1970-01-01 00:00 UTC.",
            .kind = FunctionKind::kScalar,
            .use = FunctionUse::kAll,
            .add = add};
}

}  // namespace tarn::sql
