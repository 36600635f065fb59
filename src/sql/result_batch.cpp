#include "result_batch.h"

#include "json_values.h"

namespace tarn::sql {

using duckdb::LogicalTypeId;

ValueKind kind_of(const duckdb::LogicalType& type) {
    switch (type.id()) {
        case LogicalTypeId::BOOLEAN:
            return ValueKind::kBool;
        case LogicalTypeId::TINYINT:
        case LogicalTypeId::SMALLINT:
        case LogicalTypeId::INTEGER:
        case LogicalTypeId::BIGINT:
        case LogicalTypeId::UTINYINT:
        case LogicalTypeId::USMALLINT:
        case LogicalTypeId::UINTEGER:
            return ValueKind::kInteger;
        case LogicalTypeId::FLOAT:
        case LogicalTypeId::DOUBLE:
            return ValueKind::kReal;
        case LogicalTypeId::VARCHAR:
            return type.IsJSONType() ? ValueKind::kJson : ValueKind::kText;
        case LogicalTypeId::BLOB:
            return ValueKind::kBytes;
        case LogicalTypeId::TIMESTAMP:
        case LogicalTypeId::TIMESTAMP_SEC:
        case LogicalTypeId::TIMESTAMP_MS:
        case LogicalTypeId::TIMESTAMP_NS:
        case LogicalTypeId::TIMESTAMP_TZ:
            return ValueKind::kTimestamp;
        case LogicalTypeId::DATE:
            return ValueKind::kDate;
        default:
            return ValueKind::kOther;
    }
}

void ResultBatch::Impl::look_at(duckdb::DataChunk& at) {
    chunk = &at;
    formats = std::vector<duckdb::UnifiedVectorFormat>(at.ColumnCount());
    for (size_t i = 0; i < formats.size(); ++i)
        at.data[i].ToUnifiedFormat(at.size(), formats[i]);
}

bool ResultBatch::is_null(size_t column, size_t row) const {
    return !impl_.formats[column].validity.RowIsValid(impl_.place(column, row));
}

bool ResultBatch::boolean(size_t column, size_t row) const {
    return impl_.value<bool>(column, row);
}

int64_t ResultBatch::integer(size_t column, size_t row) const {
    switch (impl_.chunk->data[column].GetType().InternalType()) {
        case duckdb::PhysicalType::INT8:
            return impl_.value<int8_t>(column, row);
        case duckdb::PhysicalType::INT16:
            return impl_.value<int16_t>(column, row);
        case duckdb::PhysicalType::INT32:
            return impl_.value<int32_t>(column, row);
        case duckdb::PhysicalType::UINT8:
            return impl_.value<uint8_t>(column, row);
        case duckdb::PhysicalType::UINT16:
            return impl_.value<uint16_t>(column, row);
        case duckdb::PhysicalType::UINT32:
            return impl_.value<uint32_t>(column, row);
        default:
            return impl_.value<int64_t>(column, row);
    }
}

double ResultBatch::real(size_t column, size_t row) const {
    return impl_.chunk->data[column].GetType().id() == LogicalTypeId::FLOAT
               ? double(impl_.value<float>(column, row))
               : impl_.value<double>(column, row);
}

std::string_view ResultBatch::text(size_t column, size_t row) const {
    const auto& text = impl_.value<duckdb::string_t>(column, row);
    return {text.GetData(), text.GetSize()};
}

Timestamp ResultBatch::timestamp(size_t column, size_t row) const {
    const auto& type = impl_.chunk->data[column].GetType();
    const auto value = impl_.value<int64_t>(column, row);
    if (type.id() == LogicalTypeId::TIMESTAMP || type.id() == LogicalTypeId::TIMESTAMP_TZ ||
        !duckdb::Timestamp::IsFinite(duckdb::timestamp_t(value)))
        return {value};
    return {impl_.chunk->data[column]
                .GetValue(row)
                .DefaultCastAs(duckdb::LogicalType::TIMESTAMP)
                .GetValue<duckdb::timestamp_t>()
                .value};
}

int32_t ResultBatch::date(size_t column, size_t row) const {
    return impl_.value<int32_t>(column, row);
}

void ResultBatch::append_json(size_t column, size_t row, std::string& out) const {
    sql::append_json(out, impl_.chunk->data[column], impl_.formats[column], row);
}

}  // namespace tarn::sql
