#include "tarn/sql/json_result.h"

#include "json_text.h"

namespace tarn::sql {

Status JsonRowSink::begin(std::span<const ResultColumn> columns) {
    keys_.clear();
    for (const auto& column : columns) {
        std::string key = keys_.empty() ? "" : ",";
        append_json_text(key, column.name);
        keys_.push_back(key + ":");
    }
    return this->columns(columns);
}

Status JsonRowSink::batch(const ResultBatch& batch) {
    for (size_t row = 0; row < batch.rows(); ++row) {
        row_.assign(1, '{');
        for (size_t column = 0; column < keys_.size(); ++column) {
            row_ += keys_[column];
            batch.append_json(column, row, row_);
        }
        row_ += '}';
        TARN_RETURN_IF_ERROR(this->row(row_));
    }
    return {};
}

}  // namespace tarn::sql
