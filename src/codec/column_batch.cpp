#include "tarn/codec/column_batch.h"

#include <algorithm>

namespace tarn::codec {

namespace {

constexpr size_t kArenaBlock = 64 * 1024;

}  // namespace

size_t ColumnBatch::memory_bytes() const {
    size_t sum = sizeof *this;
    for (const auto& c : columns)
        sum += c.data.capacity() + c.validity.capacity() * 8 + c.codes.capacity() * 4;
    return sum;
}

// Blocks of text; never moved once handed out.
struct ColumnBuilder::Arena {
    std::vector<std::unique_ptr<char[]>> blocks;
    size_t used = 0, size = 0;

    std::string_view keep(std::string_view s) {
        if (s.size() > size - used) {
            size = std::max(kArenaBlock, s.size());
            used = 0;
            blocks.push_back(std::make_unique_for_overwrite<char[]>(size));
        }
        char* to = blocks.back().get() + used;
        std::memcpy(to, s.data(), s.size());
        used += s.size();
        return {to, s.size()};
    }
};

ColumnBuilder::ColumnBuilder(ColumnType type) : arena_(std::make_shared<Arena>()) {
    column_.type = type;
}

void ColumnBuilder::add_null() {
    nulls_.push_back(rows_++);
    column_.data.resize(rows_ * column_width(column_.type));
}

void ColumnBuilder::add_bool(bool v) {
    TARN_CHECK(column_.type == ColumnType::kBool, "a boolean goes into a BOOLEAN column");
    column_.data.push_back(v);
    ++rows_;
}

void ColumnBuilder::add_int(int64_t v) {
    auto width = column_width(column_.type);
    TARN_CHECK(
        width == 4 || (width == 8 && column_.type != ColumnType::kDouble),
        "an integer goes into an INTEGER, BIGINT, TIMESTAMPTZ, TIMESTAMP_NTZ or DATE column");
    column_.data.resize(++rows_ * width);
    if (width == 4)
        column_.values<int32_t>()[rows_ - 1] = int32_t(v);
    else
        column_.values<int64_t>()[rows_ - 1] = v;
}

void ColumnBuilder::add_double(double v) {
    TARN_CHECK(column_.type == ColumnType::kDouble, "a double goes into a DOUBLE column");
    column_.data.resize(++rows_ * sizeof v);
    column_.values<double>()[rows_ - 1] = v;
}

void ColumnBuilder::add_decimal(Int128 v) {
    TARN_CHECK(column_.type == ColumnType::kDecimal, "a decimal goes into a DECIMAL column");
    column_.data.resize(++rows_ * sizeof v);
    std::memcpy(column_.data.data() + (rows_ - 1) * sizeof v, &v, sizeof v);
}

void ColumnBuilder::add_text(std::string_view v) {
    TARN_CHECK(column_.type.is_text(), "text goes into a VARCHAR, BLOB or nested column");
    if (v.size() > TextRef::kInline) v = arena_->keep(v);
    column_.data.resize(++rows_ * sizeof(TextRef));
    column_.values<TextRef>()[rows_ - 1] = TextRef(v);
}

Column ColumnBuilder::finish(ColumnBatch& batch) {
    for (auto row : nulls_)
        column_.set_null(row, rows_);
    if (!arena_->blocks.empty()) batch.buffers.push_back(arena_);
    arena_ = std::make_shared<Arena>();
    nulls_.clear();
    rows_ = 0;
    Column done = std::move(column_);
    column_ = Column{};
    column_.type = done.type;
    return done;
}

}  // namespace tarn::codec
