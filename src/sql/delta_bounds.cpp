#include "delta_bounds.h"

#include <duckdb/storage/statistics/numeric_stats.hpp>
#include <duckdb/storage/statistics/string_stats.hpp>

namespace tarn::sql {

using namespace duckdb;  // NOLINT: this file is an adapter of DuckDB

Value bound_value(const std::optional<std::string>& text, const LogicalType& type, bool upper) {
    Value out;
    string error;
    if (!text || !Value(*text).DefaultTryCastAs(type, out, &error)) return Value();
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
