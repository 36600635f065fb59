#include "tarn/sql/csv_result.h"

#include <charconv>

namespace tarn::sql {
namespace {

void append_field(std::string& out, std::string_view text) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

// What stands in a JSON string of append_json, where only these escapes occur.
std::string unescaped(std::string_view json) {
    std::string out;
    for (size_t at = 0; at < json.size(); ++at) {
        if (json[at] != '\\') {
            out += json[at];
            continue;
        }
        const char c = json[++at];
        if (c == 'u') {
            const auto digits = json.substr(at + 1, 4);
            uint8_t value = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
            out += char(value);
            at += 4;
        } else {
            out += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
        }
    }
    return out;
}

}  // namespace

Status CsvSink::begin(std::span<const ResultColumn> columns) {
    kinds_.clear();
    text_.clear();
    for (const auto& column : columns) {
        if (!kinds_.empty()) text_ += ',';
        append_field(text_, column.name);
        kinds_.push_back(column.kind);
    }
    text_ += line_end_;
    return lines(text_);
}

void CsvSink::add_value(const ResultBatch& batch, size_t column, size_t row) {
    if (batch.is_null(column, row)) return;
    switch (kinds_[column]) {
        case ValueKind::kText:
        case ValueKind::kJson:
            return append_field(text_, batch.text(column, row));
        case ValueKind::kBool:
        case ValueKind::kInteger:
            return batch.append_json(column, row, text_);
        case ValueKind::kReal:
        case ValueKind::kBytes:
        case ValueKind::kTimestamp:
        case ValueKind::kDate:
        case ValueKind::kOther:
            break;
    }
    value_.clear();
    batch.append_json(column, row, value_);
    const std::string_view value = value_;
    if (value.starts_with('"'))
        append_field(text_, unescaped(value.substr(1, value.size() - 2)));
    else
        append_field(text_, value);
}

Status CsvSink::batch(const ResultBatch& batch) {
    text_.clear();
    for (size_t row = 0; row < batch.rows(); ++row) {
        for (size_t column = 0; column < kinds_.size(); ++column) {
            if (column) text_ += ',';
            add_value(batch, column, row);
        }
        text_ += line_end_;
    }
    return lines(text_);
}

}  // namespace tarn::sql
