// ColumnBatch as DuckDB's vectors and back.

#include <bit>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "duckdb/common/types/vector.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"

#include "duck.h"
#include "nested_vectors.h"

namespace tarn::sql {

using codec::ColumnType;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Vector;

using codec::Int128;
static constexpr size_t kChunk = STANDARD_VECTOR_SIZE;
static_assert(kChunk % 64 == 0, "a chunk starts at a whole validity word");
static_assert(sizeof(codec::TextRef) == sizeof(duckdb::string_t));
static_assert(sizeof(Int128) == sizeof(duckdb::hugeint_t));

// --- AdoptedBatch ---

static duckdb::buffer_ptr<duckdb::VectorChildBuffer> copy_dictionary(const codec::Column& column) {
    const auto n = column.dictionary_size();
    // One entry more than the dictionary has: the NULL that rows without a value point at.
    auto buffer = duckdb::DictionaryVector::CreateReusableDictionary(LogicalType::VARCHAR, n + 1);
    auto* to = FlatVector::GetData<duckdb::string_t>(buffer->data);
    if (n) std::memcpy(static_cast<void*>(to), column.data.data(), n * sizeof(codec::TextRef));
    to[n] = duckdb::string_t(uint32_t(0));
    FlatVector::SetNull(buffer->data, n, true);
    return buffer;
}

AdoptedBatch::AdoptedBatch(std::shared_ptr<const codec::ColumnBatch> batch,
                           std::map<int, EnumColumn> enums)
    : batch_(std::move(batch)), enums_(std::move(enums)) {
    dictionaries_.resize(batch_->columns.size());
    for (size_t i = 0; i < batch_->columns.size(); ++i) {
        const auto& column = batch_->columns[i];
        if (column.dictionary && !enums_.contains(int(i)))
            dictionaries_[i] = copy_dictionary(column);
    }
}

AdoptedBatch::AdoptedBatch(std::shared_ptr<const codec::ColumnBatch> batch,
                           const std::vector<int>& columns)
    : batch_(std::move(batch)) {
    dictionaries_.resize(batch_->columns.size());
    for (auto i : columns) {
        const auto& column = batch_->columns[size_t(i)];
        if (column.dictionary) dictionaries_[size_t(i)] = copy_dictionary(column);
    }
}

size_t AdoptedBatch::chunks() const { return (batch_->row_count + kChunk - 1) / kChunk; }

size_t AdoptedBatch::chunk_rows(size_t chunk) const {
    return std::min(kChunk, batch_->row_count - chunk * kChunk);
}

template <class T>
static void fill_enum(const codec::Column& column, const std::vector<uint32_t>& positions,
                      size_t from, size_t n, Vector& out) {
    auto* to = FlatVector::GetData<T>(out);
    for (size_t i = 0; i < n; ++i) {
        if (column.is_null(from + i)) {
            FlatVector::SetNull(out, i, true);
            to[i] = T(0);
        } else {
            to[i] = T(positions[column.codes[from + i]]);
        }
    }
}

// DuckDB's decimals of few digits are smaller than ours.
template <class T>
static void fill_decimals(const codec::Column& column, size_t from, size_t n, Vector& out) {
    auto* to = FlatVector::GetData<T>(out);
    const auto* values = column.values<Int128>() + from;
    for (size_t i = 0; i < n; ++i)
        to[i] = T(values[i]);
}

// A vector of its own, of values that DuckDB lays out otherwise than a batch does; nothing if it
// does not.
static std::optional<Vector> made_vector(const codec::Column& column, size_t from, size_t n) {
    const auto type = to_logical(column.type);
    if (column.type.is_nested()) {
        Vector out(type);
        for (size_t i = 0; i < n; ++i) {
            if (column.is_null(from + i))
                FlatVector::SetNull(out, i, true);
            else
                put_nested(column.type, column.text(from + i), out, i);
        }
        return out;
    }
    if (column.type != ColumnType::kDecimal || type.InternalType() == duckdb::PhysicalType::INT128)
        return std::nullopt;
    Vector out(type);
    switch (type.InternalType()) {
        case duckdb::PhysicalType::INT16:
            fill_decimals<int16_t>(column, from, n, out);
            break;
        case duckdb::PhysicalType::INT32:
            fill_decimals<int32_t>(column, from, n, out);
            break;
        default:
            fill_decimals<int64_t>(column, from, n, out);
    }
    for (size_t i = 0; !column.validity.empty() && i < n; ++i)
        if (column.is_null(from + i)) FlatVector::SetNull(out, i, true);
    return out;
}

void AdoptedBatch::reference(size_t chunk, int index, Vector& out) const {
    const size_t from = chunk * kChunk, n = chunk_rows(chunk);
    if (index < 0) {
        out.Reference(duckdb::Value(out.GetType()));
        return;
    }
    const auto& column = batch_->columns[size_t(index)];
    if (auto it = enums_.find(index); it != enums_.end()) {
        switch (it->second.type.InternalType()) {
            case duckdb::PhysicalType::UINT8:
                return fill_enum<uint8_t>(column, it->second.positions, from, n, out);
            case duckdb::PhysicalType::UINT16:
                return fill_enum<uint16_t>(column, it->second.positions, from, n, out);
            default:
                return fill_enum<uint32_t>(column, it->second.positions, from, n, out);
        }
    }
    if (column.dictionary) {
        auto* codes = const_cast<uint32_t*>(column.codes.data() + from);
        if (column.validity.empty()) {
            out.Dictionary(dictionaries_[size_t(index)], duckdb::SelectionVector(codes));
            return;
        }
        duckdb::SelectionVector sel(n);
        const auto null_entry = column.dictionary_size();
        for (size_t i = 0; i < n; ++i)
            sel.set_index(i, column.is_null(from + i) ? null_entry : codes[i]);
        out.Dictionary(dictionaries_[size_t(index)], sel);
        return;
    }
    if (auto made = made_vector(column, from, n)) return out.Reference(*made);
    auto* data = const_cast<char*>(column.data.data()) + from * codec::column_width(column.type);
    Vector view(to_logical(column.type), duckdb::data_ptr_cast(data));
    if (!column.validity.empty())
        FlatVector::SetValidity(
            view, duckdb::ValidityMask(const_cast<uint64_t*>(column.validity.data()) + from / 64,
                                       kChunk));
    out.Reference(view);
}

// --- BatchBuilder ---

// Text of a batch: blocks that never move.
struct BatchBuilder::Arena {
    static constexpr size_t kBlock = 64 << 10;
    std::vector<std::unique_ptr<char[]>> blocks;
    char* at = nullptr;
    size_t left = 0;

    std::string_view keep(std::string_view text) {
        if (!at || text.size() > left) {
            left = std::max(kBlock, text.size());
            blocks.push_back(std::make_unique_for_overwrite<char[]>(left));
            at = blocks.back().get();
        }
        std::memcpy(at, text.data(), text.size());
        std::string_view kept(at, text.size());
        at += text.size();
        left -= text.size();
        return kept;
    }
};

// A text column as codes, while it comes as dictionary vectors and has few values.
struct BatchBuilder::Codes {
    static constexpr size_t kMost = 4096;  // beyond, a dictionary saves little
    static constexpr uint32_t kUnknown = UINT32_MAX;
    std::unordered_map<std::string_view, uint32_t> known;  // text in the arena → code
    std::string dictionary;                                // the vectors' that `places` is of
    std::vector<uint32_t> places;                          // its entry → code
};

BatchBuilder::BatchBuilder(const std::vector<std::string>& names,
                           const duckdb::vector<LogicalType>& types, Texts texts)
    : texts_(texts), arena_(std::make_shared<Arena>()) {
    columns_.resize(names.size());
    codes_.resize(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
        schema_.push_back({names[i], to_column_type(types[i]), false});
        begin_column(i);
    }
}

void BatchBuilder::begin_column(size_t index) {
    columns_[index] = {};
    columns_[index].type = schema_[index].type;
    const bool coded = texts_ == Texts::kCoded && schema_[index].type == ColumnType::kText;
    codes_[index] = coded ? std::make_unique<Codes>() : nullptr;
}

BatchBuilder::~BatchBuilder() = default;

void BatchBuilder::borrow_from(const codec::ColumnBatch& batch) {
    for (const auto& column : batch.columns) {
        if (!column.type.is_text() || column.type.is_nested() || column.dictionary) continue;
        const auto* begin = column.data.data();
        lenders_[begin] = {begin + column.data.size(), lent_.size()};
    }
    lent_.push_back({batch.buffers, false});
}

// Whether a vector's values are those of a column that was lent.
bool BatchBuilder::is_borrowed(const void* values) {
    const auto* at = static_cast<const char*>(values);
    auto lender = lenders_.upper_bound(at);
    if (lender == lenders_.begin() || at >= (--lender)->second.end) return false;
    lent_[lender->second.batch].used = true;
    return true;
}

static void set_nulls(codec::Column& column, const duckdb::UnifiedVectorFormat& values,
                      size_t before, size_t count) {
    if (values.validity.AllValid() && column.validity.empty()) return;
    column.validity.resize((before + count + 63) / 64, ~uint64_t(0));
    for (size_t i = 0; i < count; ++i) {
        if (values.validity.RowIsValid(values.sel->get_index(i))) continue;
        column.validity[(before + i) / 64] &= ~(uint64_t(1) << ((before + i) % 64));
    }
}

template <class T>
static void copy_values(codec::Column& column, const duckdb::UnifiedVectorFormat& values,
                        size_t count) {
    const auto before = column.data.size();
    column.data.resize_for_overwrite(before + count * sizeof(T));
    auto* to = reinterpret_cast<T*>(column.data.data() + before);
    auto* from = duckdb::UnifiedVectorFormat::GetData<T>(values);
    if (!values.sel->IsSet() && values.validity.AllValid()) {
        std::memcpy(to, from, count * sizeof(T));
        return;
    }
    for (size_t i = 0; i < count; ++i) {
        const auto at = values.sel->get_index(i);
        to[i] = values.validity.RowIsValid(at) ? from[at] : T{};
    }
}

template <class T>
static void widen_decimals(codec::Column& column, const duckdb::UnifiedVectorFormat& values,
                           size_t count) {
    const auto before = column.data.size();
    column.data.resize(before + count * sizeof(Int128));
    auto* to = reinterpret_cast<Int128*>(column.data.data() + before);
    auto* from = duckdb::UnifiedVectorFormat::GetData<T>(values);
    for (size_t i = 0; i < count; ++i) {
        const auto at = values.sel->get_index(i);
        to[i] = values.validity.RowIsValid(at) ? Int128(from[at]) : 0;
    }
}

static void copy_decimals(codec::Column& column, duckdb::PhysicalType type,
                          const duckdb::UnifiedVectorFormat& values, size_t count) {
    switch (type) {
        case duckdb::PhysicalType::INT16:
            return widen_decimals<int16_t>(column, values, count);
        case duckdb::PhysicalType::INT32:
            return widen_decimals<int32_t>(column, values, count);
        case duckdb::PhysicalType::INT64:
            return widen_decimals<int64_t>(column, values, count);
        default:
            return copy_values<duckdb::hugeint_t>(column, values, count);
    }
}

void BatchBuilder::append_nested(size_t index, Vector& vector, size_t count) {
    auto& column = columns_[index];
    const auto before = column.data.size();
    column.data.resize(before + count * sizeof(codec::TextRef));
    auto* to = reinterpret_cast<codec::TextRef*>(column.data.data() + before);
    const NestedReader reader(vector, column.type, count);
    std::string payload;
    for (size_t i = 0; i < count; ++i) {
        payload.clear();
        if (!reader.payload(i, payload)) continue;
        const bool inside = payload.size() <= codec::TextRef::kInline;
        to[i] = codec::TextRef(inside ? std::string_view(payload) : arena_->keep(payload));
    }
}

void BatchBuilder::append_column(size_t index, Vector& vector, size_t count) {
    auto& column = columns_[index];
    duckdb::UnifiedVectorFormat values;
    vector.ToUnifiedFormat(count, values);
    set_nulls(column, values, rows_, count);
    switch (column.type.kind()) {
        case ColumnType::kBool:
            return copy_values<bool>(column, values, count);
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return copy_values<int32_t>(column, values, count);
        case ColumnType::kDouble:
            return copy_values<double>(column, values, count);
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            return copy_values<int64_t>(column, values, count);
        case ColumnType::kDecimal:
            return copy_decimals(column, vector.GetType().InternalType(), values, count);
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            return append_nested(index, vector, count);
        case ColumnType::kText:
        case ColumnType::kBytes:
            break;
    }
    if (codes_[index] && append_codes(index, vector, values, count)) return;
    stop_coding(index);
    append_texts(index, values, count);
}

// False, and nothing appended, if the column is to be plain.
bool BatchBuilder::append_codes(size_t index, const Vector& vector,
                                const duckdb::UnifiedVectorFormat& values, size_t count) {
    auto& column = columns_[index];
    auto& codes = *codes_[index];
    if (vector.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR) {
        codes.dictionary.clear();
        codes.places.assign(1, Codes::kUnknown);
    } else if (vector.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR) {
        auto size = duckdb::DictionaryVector::DictionarySize(vector);
        if (!size.IsValid()) return false;
        auto& id = duckdb::DictionaryVector::DictionaryId(vector);
        if (id.empty() || id != codes.dictionary || codes.places.size() != size.GetIndex()) {
            codes.dictionary = id;
            codes.places.assign(size.GetIndex(), Codes::kUnknown);
        }
    } else {
        return false;
    }
    auto* from = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(values);
    column.codes.resize(rows_ + count);
    auto* to = column.codes.data() + rows_;
    for (size_t i = 0; i < count; ++i) {
        const auto at = values.sel->get_index(i);
        if (!values.validity.RowIsValid(at)) continue;
        auto& place = codes.places.at(at);
        if (place == Codes::kUnknown) place = code_of(index, from[at]);
        if (place == Codes::kUnknown) {
            column.codes.resize(rows_);
            return false;
        }
        to[i] = place;
    }
    return true;
}

// kUnknown if the column has too many values.
uint32_t BatchBuilder::code_of(size_t index, const duckdb::string_t& value) {
    auto& known = codes_[index]->known;
    std::string_view text(value.GetData(), value.GetSize());
    if (auto it = known.find(text); it != known.end()) return it->second;
    if (known.size() == Codes::kMost) return Codes::kUnknown;
    text = arena_->keep(text);
    auto& column = columns_[index];
    column.data.resize(column.data.size() + sizeof(codec::TextRef));
    auto code = uint32_t(known.size());
    column.values<codec::TextRef>()[code] = codec::TextRef(text);
    known.emplace(text, code);
    return code;
}

// The rows so far become plain.
void BatchBuilder::stop_coding(size_t index) {
    if (!codes_[index]) return;
    codes_[index].reset();
    auto& column = columns_[index];
    codec::SharedArray<char> plain;
    plain.resize_for_overwrite(rows_ * sizeof(codec::TextRef));
    auto* to = reinterpret_cast<codec::TextRef*>(plain.data());
    const auto* entries = std::as_const(column).values<codec::TextRef>();
    const auto* codes = std::as_const(column.codes).data();
    for (size_t row = 0; row < rows_; ++row)
        to[row] = column.is_null(row) ? codec::TextRef() : entries[codes[row]];
    column.data = std::move(plain);
    column.codes = {};
}

void BatchBuilder::append_texts(size_t index, const duckdb::UnifiedVectorFormat& values,
                                size_t count) {
    auto& column = columns_[index];
    const auto before = column.data.size();
    column.data.resize_for_overwrite(before + count * sizeof(codec::TextRef));
    auto* to = reinterpret_cast<codec::TextRef*>(column.data.data() + before);
    auto* from = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(values);
    const bool borrowed = is_borrowed(from);
    for (size_t i = 0; i < count; ++i) {
        const auto at = values.sel->get_index(i);
        if (!values.validity.RowIsValid(at)) {
            to[i] = {};
            continue;
        }
        if (borrowed) {
            std::memcpy(static_cast<void*>(to + i), from + at, sizeof *to);
            continue;
        }
        std::string_view text(from[at].GetData(), from[at].GetSize());
        to[i] = codec::TextRef(text.size() <= codec::TextRef::kInline ? text : arena_->keep(text));
    }
}

// DuckDB's sums of decimals are of 38 digits by name, and go on for a while past them.
static void check_digits(Vector& vector, const ColumnType& type, size_t count) {
    if (type != ColumnType::kDecimal || type.precision() < codec::kMostDigits) return;
    const auto limit = codec::power_of_ten(codec::kMostDigits);
    duckdb::UnifiedVectorFormat values;
    vector.ToUnifiedFormat(count, values);
    const auto* data = duckdb::UnifiedVectorFormat::GetData<duckdb::hugeint_t>(values);
    for (size_t i = 0; i < count; ++i) {
        const auto at = values.sel->get_index(i);
        const auto value = std::bit_cast<Int128>(data[at]);
        if ((value < limit && value > -limit) || !values.validity.RowIsValid(at)) continue;
        throw duckdb::OutOfRangeException("Out of range for " + codec::to_string(type) + ": " +
                                          codec::decimal_text(value, type.scale()));
    }
}

void BatchBuilder::append(duckdb::ClientContext& context, duckdb::DataChunk& chunk) {
    const auto count = chunk.size();
    // All casts first: one that fails leaves nothing of the chunk.
    std::vector<std::unique_ptr<Vector>> casts(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
        auto target = to_logical(columns_[i].type);
        if (chunk.data[i].GetType() == target) {
            check_digits(chunk.data[i], columns_[i].type, count);
            continue;
        }
        casts[i] = std::make_unique<Vector>(target, count);
        duckdb::VectorOperations::Cast(context, chunk.data[i], *casts[i], count);
    }
    for (size_t i = 0; i < columns_.size(); ++i)
        append_column(i, casts[i] ? *casts[i] : chunk.data[i], count);
    rows_ += count;
}

codec::ColumnBatch BatchBuilder::finish() {
    codec::ColumnBatch batch;
    batch.schema = schema_;
    batch.row_count = rows_;
    for (size_t i = 0; i < columns_.size(); ++i) {
        auto& column = columns_[i];
        // A validity begun before later rows came must cover all of them.
        if (!column.validity.empty()) column.validity.resize((rows_ + 63) / 64, ~uint64_t(0));
        if (column.data.empty()) stop_coding(i);  // nothing but nulls
        column.dictionary = codes_[i] != nullptr;
        batch.columns.push_back(std::move(column));
        begin_column(i);
    }
    if (!arena_->blocks.empty())
        batch.buffers.push_back(std::exchange(arena_, std::make_shared<Arena>()));
    for (auto& lent : lent_)
        if (std::exchange(lent.used, false))
            batch.buffers.insert(batch.buffers.end(), lent.buffers.begin(), lent.buffers.end());
    rows_ = 0;
    return batch;
}

}  // namespace tarn::sql
