#include "value_text.h"

#include <cstring>

namespace tarn::flow {
namespace {

using codec::ColumnType;

template <class T>
void append_bytes(T value, std::string& out) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.append(bytes, sizeof(T));
}

template <class T>
bool same_value(const codec::Column& a, uint32_t a_row, const codec::Column& b, uint32_t b_row) {
    return std::memcmp(a.values<T>() + a_row, b.values<T>() + b_row, sizeof(T)) == 0;
}

bool same(const codec::Column& a, uint32_t a_row, const codec::Column& b, uint32_t b_row) {
    if (a.is_null(a_row) || b.is_null(b_row)) return a.is_null(a_row) && b.is_null(b_row);
    if (a.type.is_nested()) return false;
    if (a.type.is_text()) return a.text(a_row) == b.text(b_row);
    switch (codec::column_width(a.type.kind())) {
        case 1:
            return same_value<uint8_t>(a, a_row, b, b_row);
        case 4:
            return same_value<int32_t>(a, a_row, b, b_row);
        case 8:
            return same_value<int64_t>(a, a_row, b, b_row);
        default:
            return same_value<codec::Int128>(a, a_row, b, b_row);
    }
}

}  // namespace

void append_value_text(const codec::Column& column, uint32_t row, std::string& out) {
    if (column.is_null(row)) {
        out += '0';
        return;
    }
    out += '1';
    if (column.type.is_text()) {
        const auto text = column.text(row);
        append_bytes(uint32_t(text.size()), out);
        out += text;
        return;
    }
    switch (codec::column_width(column.type.kind())) {
        case 1:
            return append_bytes(column.values<uint8_t>()[row], out);
        case 4:
            return append_bytes(column.values<int32_t>()[row], out);
        case 8:
            return append_bytes(column.values<int64_t>()[row], out);
        default:
            return append_bytes(column.values<codec::Int128>()[row], out);
    }
}

bool same_row(const codec::ColumnBatch& a, uint32_t a_row, const codec::ColumnBatch& b,
              uint32_t b_row) {
    for (size_t i = 0; i < a.columns.size(); ++i)
        if (!same(a.columns[i], a_row, b.columns[i], b_row)) return false;
    return true;
}

bool has_order(const codec::ColumnType& type) {
    return !type.is_nested() && type != ColumnType::kDouble && type != ColumnType::kBool;
}

std::strong_ordering compare_values(const codec::Column& a, uint32_t a_row, const codec::Column& b,
                                    uint32_t b_row) {
    if (a.type.is_text()) return a.text(a_row).compare(b.text(b_row)) <=> 0;
    switch (codec::column_width(a.type.kind())) {
        case 4:
            return a.values<int32_t>()[a_row] <=> b.values<int32_t>()[b_row];
        case 8:
            return a.values<int64_t>()[a_row] <=> b.values<int64_t>()[b_row];
        default:
            return a.values<codec::Int128>()[a_row] <=> b.values<codec::Int128>()[b_row];
    }
}

BatchPtr empty_as_null(const BatchPtr& rows, const std::vector<size_t>& columns) {
    std::shared_ptr<codec::ColumnBatch> out;
    for (const auto at : columns) {
        const auto& type = rows->columns[at].type;
        if (!type.is_text() || type.is_nested()) continue;
        for (size_t row = 0; row < rows->row_count; ++row) {
            const auto& column = out ? out->columns[at] : rows->columns[at];
            if (column.is_null(row) || !column.text(row).empty()) continue;
            if (!out) out = std::make_shared<codec::ColumnBatch>(*rows);
            out->columns[at].set_null(row, rows->row_count);
        }
    }
    return out ? BatchPtr(out) : rows;
}

BatchPtr without_column(const BatchPtr& rows, int column) {
    if (column < 0) return rows;
    auto out = std::make_shared<codec::ColumnBatch>(*rows);
    out->schema.erase(out->schema.begin() + column);
    out->columns.erase(out->columns.begin() + column);
    return out;
}

}  // namespace tarn::flow
