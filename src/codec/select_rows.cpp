#include "tarn/codec/select_rows.h"

namespace tarn::codec {
namespace {

template <class T>
void select_as(const Column& in, std::span<const uint32_t> rows, Column& out) {
    out.data.resize_for_overwrite(rows.size() * sizeof(T));
    const auto* from = in.values<T>();
    auto* to = out.values<T>();
    for (size_t i = 0; i < rows.size(); ++i)
        to[i] = from[rows[i]];
}

void select_values(const Column& in, std::span<const uint32_t> rows, Column& out) {
    switch (column_width(in.type)) {
        case 1:
            return select_as<uint8_t>(in, rows, out);
        case 4:
            return select_as<uint32_t>(in, rows, out);
        case 8:
            return select_as<uint64_t>(in, rows, out);
        default:
            return select_as<TextRef>(in, rows, out);
    }
}

}  // namespace

std::shared_ptr<const ColumnBatch> select_rows(const ColumnBatch& batch,
                                               std::span<const uint32_t> rows) {
    auto out = std::make_shared<ColumnBatch>();
    out->schema = batch.schema;
    out->row_count = rows.size();
    out->buffers = batch.buffers;
    for (const auto& in : batch.columns) {
        Column column;
        column.type = in.type;
        column.dictionary = in.dictionary;
        if (in.dictionary) {
            column.data = in.data;
            column.codes.resize_for_overwrite(rows.size());
            auto* codes = column.codes.data();
            for (size_t i = 0; i < rows.size(); ++i)
                codes[i] = in.codes[rows[i]];
        } else {
            select_values(in, rows, column);
        }
        for (size_t i = 0; !in.validity.empty() && i < rows.size(); ++i)
            if (in.is_null(rows[i])) column.set_null(i, rows.size());
        out->columns.push_back(std::move(column));
    }
    return out;
}

}  // namespace tarn::codec
