#include "delta_bounds.h"

#include <cmath>
#include <limits>

#include <duckdb/common/types/hugeint.hpp>
#include <duckdb/storage/statistics/numeric_stats.hpp>
#include <duckdb/storage/statistics/string_stats.hpp>

namespace tarn::sql {

using namespace duckdb;  // NOLINT: this file is an adapter of DuckDB

namespace {

// Some writers (deltalake 1.6) have a decimal's bounds as doubles, which may be a step of a double
// off where that is more than the last digit.
Value widened(const Value& bound, const std::string& text, bool upper) {
    uint8_t width = 0, scale = 0;
    bound.type().GetDecimalProperties(width, scale);
    const auto size = std::abs(std::strtod(text.c_str(), nullptr));
    const auto step = std::nextafter(size, std::numeric_limits<double>::infinity()) - size;
    const auto units = step * std::pow(10.0, scale);
    if (!(units > 0.5)) return bound;
    const auto most = Hugeint::POWERS_OF_TEN[width] - hugeint_t(1);
    hugeint_t by;
    if (!Hugeint::TryConvert(std::ceil(units) + 1, by)) return Value();
    auto value = IntegralValue::Get(bound);
    if (upper)
        value = value > most - by ? most : value + by;
    else
        value = value < by - most ? hugeint_t(0) - most : value - by;
    if (bound.type().InternalType() == PhysicalType::INT128)
        return Value::DECIMAL(value, width, scale);
    return Value::DECIMAL(Hugeint::Cast<int64_t>(value), width, scale);
}

}  // namespace

Value bound_value(const std::optional<std::string>& text, const LogicalType& type, bool upper) {
    Value out;
    string error;
    if (!text || !Value(*text).DefaultTryCastAs(type, out, &error)) return Value();
    if (type.id() == LogicalTypeId::DECIMAL) return widened(out, *text, upper);
    constexpr int64_t kMillisecond = 1000;  // statistics are cut to milliseconds
    if (upper && type.id() == LogicalTypeId::TIMESTAMP_TZ)
        return Value::TIMESTAMPTZ(
            timestamp_tz_t(timestamp_t(out.GetValue<timestamp_tz_t>().value + kMillisecond)));
    if (upper && type.id() == LogicalTypeId::TIMESTAMP)
        return Value::TIMESTAMP(timestamp_t(out.GetValue<timestamp_t>().value + kMillisecond));
    return out;
}

unique_ptr<BaseStatistics> make_statistics(const LogicalType& type, const Value& low,
                                           const Value& high, bool may_be_null, bool may_be_value) {
    auto kind = BaseStatistics::GetStatsType(type);
    bool bounded = !low.IsNull() && !high.IsNull() &&
                   (kind == StatisticsType::NUMERIC_STATS || kind == StatisticsType::STRING_STATS);
    auto out = bounded ? BaseStatistics::CreateEmpty(type) : BaseStatistics::CreateUnknown(type);
    if (bounded && kind == StatisticsType::NUMERIC_STATS) {
        NumericStats::SetMin(out, low);
        NumericStats::SetMax(out, high);
    } else if (bounded) {
        StringStats::Update(out, string_t(StringValue::Get(low)));
        StringStats::Update(out, string_t(StringValue::Get(high)));
    }
    out.Set(may_be_null ? StatsInfo::CAN_HAVE_NULL_VALUES : StatsInfo::CANNOT_HAVE_NULL_VALUES);
    out.Set(may_be_value ? StatsInfo::CAN_HAVE_VALID_VALUES : StatsInfo::CANNOT_HAVE_VALID_VALUES);
    return out.ToUnique();
}

}  // namespace tarn::sql
