#include "nested_vectors.h"

#include <bit>

#include "tarn/base/bytes.h"
#include "tarn/codec/nested.h"

namespace tarn::sql {
namespace {

using codec::ColumnType;
using codec::Int128;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::PhysicalType;
using duckdb::Vector;
using Format = duckdb::RecursiveUnifiedVectorFormat;

// --- Into vectors ---

template <class T>
void put(Vector& out, idx_t row, T value) {
    FlatVector::GetData<T>(out)[row] = value;
}

Int128 take_int128(ByteReader& in) {
    const auto low = in.le<uint64_t>();
    return Int128(low) | Int128(in.le<int64_t>()) << 64;
}

void put_decimal(Vector& out, idx_t row, Int128 value) {
    switch (out.GetType().InternalType()) {
        case PhysicalType::INT16:
            return put(out, row, int16_t(value));
        case PhysicalType::INT32:
            return put(out, row, int32_t(value));
        case PhysicalType::INT64:
            return put(out, row, int64_t(value));
        default:
            return put(out, row, std::bit_cast<duckdb::hugeint_t>(value));
    }
}

void put_payload(const ColumnType& type, ByteReader& in, Vector& out, idx_t row);

void put_value(const ColumnType& type, ByteReader& in, Vector& out, idx_t row) {
    if (in.le<uint8_t>() == codec::kNestedNull)
        FlatVector::SetNull(out, row, true);
    else
        put_payload(type, in, out, row);
}

// Appends `count` items, each of one value for each of `parts`, to a list or map.
void put_items(const ColumnType& type, ByteReader& in, Vector& out, idx_t row) {
    const auto count = in.le<uint32_t>();
    if (count > in.remaining()) return in.fail();  // each has a byte at least
    const auto first = duckdb::ListVector::GetListSize(out);
    put(out, row, duckdb::list_entry_t(first, count));
    duckdb::ListVector::Reserve(out, first + count);
    duckdb::ListVector::SetListSize(out, first + count);
    auto& items = duckdb::ListVector::GetEntry(out);
    for (idx_t i = first; i < first + count && in.ok(); ++i) {
        if (type == ColumnType::kList) {
            put_value(type.fields()[0].type, in, items, i);
            continue;
        }
        auto& parts = duckdb::StructVector::GetEntries(items);
        for (size_t part = 0; part < 2; ++part)
            put_value(type.fields()[part].type, in, *parts[part], i);
    }
}

void put_payload(const ColumnType& type, ByteReader& in, Vector& out, idx_t row) {
    switch (type.kind()) {
        case ColumnType::kBool:
            return put(out, row, in.le<uint8_t>() != 0);
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return put(out, row, in.le<int32_t>());
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            return put(out, row, in.le<int64_t>());
        case ColumnType::kDouble:
            return put(out, row, std::bit_cast<double>(in.le<uint64_t>()));
        case ColumnType::kDecimal:
            return put_decimal(out, row, take_int128(in));
        case ColumnType::kText:
        case ColumnType::kBytes: {
            const auto text = in.raw(in.le<uint32_t>());
            return put(out, row,
                       duckdb::StringVector::AddStringOrBlob(out, text.data(), text.size()));
        }
        case ColumnType::kStruct: {
            auto& fields = duckdb::StructVector::GetEntries(out);
            for (size_t i = 0; i < fields.size() && in.ok(); ++i)
                put_value(type.fields()[i].type, in, *fields[i], row);
            return;
        }
        case ColumnType::kList:
        case ColumnType::kMap:
            return put_items(type, in, out, row);
    }
}

// --- Out of vectors ---

template <class T>
void add(std::string& out, const T& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
const T& at(const Format& format, idx_t index) {
    return duckdb::UnifiedVectorFormat::GetData<T>(format.unified)[index];
}

void add_decimal(const Format& format, idx_t index, std::string& out) {
    switch (format.logical_type.InternalType()) {
        case PhysicalType::INT16:
            return add(out, Int128(at<int16_t>(format, index)));
        case PhysicalType::INT32:
            return add(out, Int128(at<int32_t>(format, index)));
        case PhysicalType::INT64:
            return add(out, Int128(at<int64_t>(format, index)));
        default:
            return add(out, at<duckdb::hugeint_t>(format, index));
    }
}

bool add_payload(const ColumnType& type, const Format& format, idx_t row, std::string& out);

void add_value(const ColumnType& type, const Format& format, idx_t row, std::string& out) {
    const auto mark = out.size();
    out.push_back(char(codec::kNestedValue));
    if (!add_payload(type, format, row, out)) out[mark] = char(codec::kNestedNull);
}

void add_items(const ColumnType& type, const Format& format, const duckdb::list_entry_t& entry,
               std::string& out) {
    add(out, uint32_t(entry.length));
    const auto& items = format.children[0];
    for (idx_t i = entry.offset; i < entry.offset + entry.length; ++i) {
        if (type == ColumnType::kList) {
            add_value(type.fields()[0].type, items, i, out);
            continue;
        }
        for (size_t part = 0; part < 2; ++part)
            add_value(type.fields()[part].type, items.children[part], i, out);
    }
}

// False, and nothing added, for NULL.
bool add_payload(const ColumnType& type, const Format& format, idx_t row, std::string& out) {
    const auto index = format.unified.sel->get_index(row);
    if (!format.unified.validity.RowIsValid(index)) return false;
    switch (type.kind()) {
        case ColumnType::kBool:
            add(out, uint8_t(at<bool>(format, index)));
            break;
        case ColumnType::kInt32:
        case ColumnType::kDate:
            add(out, at<int32_t>(format, index));
            break;
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            add(out, at<int64_t>(format, index));
            break;
        case ColumnType::kDouble:
            add(out, at<double>(format, index));
            break;
        case ColumnType::kDecimal:
            add_decimal(format, index, out);
            break;
        case ColumnType::kText:
        case ColumnType::kBytes: {
            const auto& text = at<duckdb::string_t>(format, index);
            add(out, uint32_t(text.GetSize()));
            out.append(text.GetData(), text.GetSize());
            break;
        }
        case ColumnType::kStruct:
            for (size_t i = 0; i < format.children.size(); ++i)
                add_value(type.fields()[i].type, format.children[i], row, out);
            break;
        case ColumnType::kList:
        case ColumnType::kMap:
            add_items(type, format, at<duckdb::list_entry_t>(format, index), out);
            break;
    }
    return true;
}

}  // namespace

void put_nested(const ColumnType& type, std::string_view payload, Vector& out, idx_t row) {
    ByteReader in(payload);
    put_payload(type, in, out, row);
    if (auto status = in.status("a nested value"); !status) throw_error(status.error());
}

NestedReader::NestedReader(Vector& vector, ColumnType type, size_t count) : type_(std::move(type)) {
    Vector::RecursiveToUnifiedFormat(vector, count, format_);
}

bool NestedReader::payload(size_t row, std::string& out) const {
    return add_payload(type_, format_, row, out);
}

}  // namespace tarn::sql
