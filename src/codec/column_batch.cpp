#include "tarn/codec/column_batch.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tarn/base/settings.h"

namespace tarn::codec {

namespace {

struct TypeName {
    std::string_view name;
    ColumnType type;
};
// The SQL name of each type first, then what else is understood.
constexpr std::array kTypeNames = {
    TypeName{"BOOLEAN", ColumnType::kBool},
    TypeName{"INTEGER", ColumnType::kInt32},
    TypeName{"BIGINT", ColumnType::kInt64},
    TypeName{"DOUBLE", ColumnType::kDouble},
    TypeName{"VARCHAR", ColumnType::kText},
    TypeName{"BLOB", ColumnType::kBytes},
    TypeName{"TIMESTAMPTZ", ColumnType::kTimestamp},
    TypeName{"DATE", ColumnType::kDate},
    TypeName{"BOOL", ColumnType::kBool},
    TypeName{"INT", ColumnType::kInt32},
    TypeName{"INT4", ColumnType::kInt32},
    TypeName{"INT32", ColumnType::kInt32},
    TypeName{"LONG", ColumnType::kInt64},
    TypeName{"INT8", ColumnType::kInt64},
    TypeName{"INT64", ColumnType::kInt64},
    TypeName{"FLOAT8", ColumnType::kDouble},
    TypeName{"FLOAT64", ColumnType::kDouble},
    TypeName{"DOUBLE PRECISION", ColumnType::kDouble},
    TypeName{"NUMBER", ColumnType::kDouble},
    TypeName{"STRING", ColumnType::kText},
    TypeName{"TEXT", ColumnType::kText},
    TypeName{"BYTES", ColumnType::kBytes},
    TypeName{"BYTEA", ColumnType::kBytes},
    TypeName{"BINARY", ColumnType::kBytes},
    TypeName{"TIMESTAMP", ColumnType::kTimestamp},
    TypeName{"TIMESTAMP WITH TIME ZONE", ColumnType::kTimestamp},
};
constexpr size_t kTypeCount = 8;

constexpr size_t kArenaBlock = 64 * 1024;

}  // namespace

std::string_view to_string(ColumnType type) {
    for (size_t i = 0; i < kTypeCount; ++i)
        if (kTypeNames[i].type == type) return kTypeNames[i].name;
    return "UNKNOWN";
}

Result<ColumnType> parse_column_type(std::string_view name) {
    std::string upper(name);
    for (auto& c : upper)
        c = char(c >= 'a' && c <= 'z' ? c - 32 : c);
    std::vector<std::string> known;
    for (const auto& candidate : kTypeNames) {
        if (candidate.name == upper) return candidate.type;
        known.emplace_back(candidate.name);
    }
    auto message = fmt::format("unknown column type \"{}\"", name);
    if (auto near = nearest(upper, known))
        message += fmt::format(": did you mean {}?", *near);
    else
        message += " (known: BOOLEAN, INTEGER, BIGINT, DOUBLE, VARCHAR, BLOB, TIMESTAMPTZ, DATE)";
    return fail(ErrorCode::kInvalidArgument, std::move(message));
}

size_t column_width(ColumnType type) {
    switch (type) {
        case ColumnType::kBool:
            return 1;
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return 4;
        case ColumnType::kInt64:
        case ColumnType::kDouble:
        case ColumnType::kTimestamp:
            return 8;
        case ColumnType::kText:
        case ColumnType::kBytes:
            return sizeof(TextRef);
    }
    return 0;
}

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
    TARN_CHECK(width == 4 || (width == 8 && column_.type != ColumnType::kDouble),
               "an integer goes into an INTEGER, BIGINT, TIMESTAMPTZ or DATE column");
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

void ColumnBuilder::add_text(std::string_view v) {
    TARN_CHECK(column_.type == ColumnType::kText || column_.type == ColumnType::kBytes,
               "text goes into a VARCHAR or BLOB column");
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
