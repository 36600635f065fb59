// CAST(… AS DATE) of a TIMESTAMPTZ where the time zone is UTC: a division. DuckDB's own asks a
// calendar for each row, as other time zones need it.

#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/expression/bound_cast_expression.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"

#include "duckdb/common/vector_operations/unary_executor.hpp"

#include "duck.h"

namespace tarn::sql {
namespace {

duckdb::date_t utc_date(duckdb::timestamp_t t) {
    if (t == duckdb::timestamp_t::infinity()) return duckdb::date_t::infinity();
    if (t == duckdb::timestamp_t::ninfinity()) return duckdb::date_t::ninfinity();
    constexpr int64_t kDay = duckdb::Interval::MICROS_PER_DAY;
    return duckdb::date_t(int32_t(t.value / kDay - (t.value % kDay < 0)));
}

bool cast_to_utc_date(duckdb::Vector& source, duckdb::Vector& result, duckdb::idx_t count,
                      duckdb::CastParameters&) {
    duckdb::UnaryExecutor::Execute<duckdb::timestamp_t, duckdb::date_t>(source, result, count,
                                                                        utc_date);
    return true;
}

class Casts final : public duckdb::LogicalOperatorVisitor {
  protected:
    duckdb::unique_ptr<duckdb::Expression> VisitReplace(
        duckdb::BoundCastExpression& cast, duckdb::unique_ptr<duckdb::Expression>*) override {
        if (cast.return_type.id() == duckdb::LogicalTypeId::DATE &&
            cast.source_type().id() == duckdb::LogicalTypeId::TIMESTAMP_TZ)
            cast.bound_cast = duckdb::BoundCastInfo(cast_to_utc_date);
        return nullptr;  // goes on with its child
    }
};

}  // namespace

void register_utc_dates(duckdb::DatabaseInstance& db) {
    duckdb::OptimizerExtension extension;
    extension.optimize_function = [](duckdb::OptimizerExtensionInput& input,
                                     duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
        duckdb::Value zone;
        if (!input.context.TryGetCurrentSetting("TimeZone", zone) || zone.ToString() != "UTC")
            return;
        Casts().VisitOperator(*plan);
    };
    duckdb::OptimizerExtension::Register(duckdb::DBConfig::GetConfig(db), extension);
}

}  // namespace tarn::sql
