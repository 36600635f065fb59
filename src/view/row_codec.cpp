#include "row_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "tarn/view/error_ids.h"

namespace tarn::view {
namespace {

using codec::Column;
using codec::ColumnBatch;
using codec::ColumnType;

constexpr uint8_t kSpecVersion = 2, kOldestSpecVersion = 1;

template <class T>
void append_be(std::string& out, T v) {
    char b[sizeof(T)];
    store_be<T>(b, v);
    out.append(b, sizeof b);
}

uint64_t ordered_double(double v) {
    if (v == 0) v = 0;  // −0
    if (std::isnan(v)) v = std::numeric_limits<double>::quiet_NaN();
    auto bits = std::bit_cast<uint64_t>(v);
    return bits >> 63 ? ~bits : bits | (uint64_t(1) << 63);
}
double unordered_double(uint64_t bits) {
    return std::bit_cast<double>(bits >> 63 ? bits & ~(uint64_t(1) << 63) : ~bits);
}

void append_ordered_text(std::string_view text, std::string& out) {
    for (size_t at = 0; at < text.size();) {
        auto zero = text.find('\0', at);
        if (zero == std::string_view::npos) zero = text.size();
        out.append(text.substr(at, zero - at));
        if (zero < text.size()) out.append("\0\xff", 2);
        at = zero + 1;
    }
    out.append("\0\0", 2);
}

void append_ordered(const Column& column, size_t row, std::string& out) {
    switch (column.type.kind()) {
        case ColumnType::kBool:
            out.push_back(char(column.values<uint8_t>()[row] != 0));
            return;
        case ColumnType::kInt32:
        case ColumnType::kDate:
            append_be(out, uint32_t(column.values<int32_t>()[row]) ^ 0x80000000u);
            return;
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            append_be(out, uint64_t(column.values<int64_t>()[row]) ^ (uint64_t(1) << 63));
            return;
        case ColumnType::kDouble:
            append_be(out, ordered_double(column.values<double>()[row]));
            return;
        case ColumnType::kText:
        case ColumnType::kBytes:
            append_ordered_text(column.text(row), out);
            return;
        case ColumnType::kDecimal: {
            const auto value = column.values<codec::Int128>()[row];
            append_be(out, uint64_t(value >> 64) ^ (uint64_t(1) << 63));
            append_be(out, uint64_t(value));
            return;
        }
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            return;  // never in a key
    }
}

void append_plain(const Column& column, size_t row, ByteWriter& out) {
    switch (column.type.kind()) {
        case ColumnType::kBool:
            out.le<uint8_t>(column.values<uint8_t>()[row] != 0);
            return;
        case ColumnType::kInt32:
        case ColumnType::kDate:
            out.zigzag(column.values<int32_t>()[row]);
            return;
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            out.zigzag(column.values<int64_t>()[row]);
            return;
        case ColumnType::kDouble:
            out.le<uint64_t>(std::bit_cast<uint64_t>(column.values<double>()[row]));
            return;
        case ColumnType::kText:
        case ColumnType::kBytes:
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            out.sized(column.text(row));
            return;
        case ColumnType::kDecimal: {
            const auto value = column.values<codec::Int128>()[row];
            out.le<uint64_t>(uint64_t(value));
            out.le<uint64_t>(uint64_t(value >> 64));
            return;
        }
    }
}

codec::Int128 wide(uint64_t high, uint64_t low) {
    return codec::Int128(int64_t(high)) << 64 | codec::Int128(low);
}

// Reads text as append_ordered_text wrote it.
std::string_view take_ordered_text(ByteReader& in, std::string& scratch) {
    scratch.clear();
    while (in.ok()) {
        auto b = in.raw(1);
        if (b.empty()) break;
        if (b[0] != '\0') {
            scratch.push_back(b[0]);
            continue;
        }
        auto next = in.raw(1);
        if (next.empty()) break;
        if (next[0] == '\0') return scratch;
        scratch.push_back('\0');
    }
    in.fail();
    return {};
}

void take_ordered(const ColumnType& type, ByteReader& in, std::string& scratch,
                  codec::ColumnBuilder& out) {
    switch (type.kind()) {
        case ColumnType::kBool:
            out.add_bool(in.le<uint8_t>() != 0);
            return;
        case ColumnType::kInt32:
        case ColumnType::kDate:
            out.add_int(int32_t(in.be<uint32_t>() ^ 0x80000000u));
            return;
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            out.add_int(int64_t(in.be<uint64_t>() ^ (uint64_t(1) << 63)));
            return;
        case ColumnType::kDouble:
            out.add_double(unordered_double(in.be<uint64_t>()));
            return;
        case ColumnType::kText:
        case ColumnType::kBytes:
            out.add_text(take_ordered_text(in, scratch));
            return;
        case ColumnType::kDecimal: {
            const auto high = in.be<uint64_t>() ^ (uint64_t(1) << 63);
            out.add_decimal(wide(high, in.be<uint64_t>()));
            return;
        }
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            in.fail();
            out.add_null();
            return;
    }
}

void take_plain(const ColumnType& type, ByteReader& in, codec::ColumnBuilder& out) {
    switch (type.kind()) {
        case ColumnType::kBool:
            out.add_bool(in.le<uint8_t>() != 0);
            return;
        case ColumnType::kInt32:
        case ColumnType::kDate:
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            out.add_int(in.zigzag());
            return;
        case ColumnType::kDouble:
            out.add_double(std::bit_cast<double>(in.le<uint64_t>()));
            return;
        case ColumnType::kText:
        case ColumnType::kBytes:
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            out.add_text(in.sized());
            return;
        case ColumnType::kDecimal: {
            const auto low = in.le<uint64_t>();
            out.add_decimal(wide(in.le<uint64_t>(), low));
            return;
        }
    }
}

}  // namespace

Result<RowCodec> RowCodec::make(const ViewSpec& spec) {
    RowCodec codec;
    codec.columns_ = spec.columns;
    codec.key_ = spec.key;
    if (spec.key.empty())
        return fail(ErrorCode::kInvalidArgument, "a view needs a key: " + spec.name);
    std::vector<bool> in_key(spec.columns.size(), false);
    for (int k : spec.key) {
        if (k < 0 || size_t(k) >= spec.columns.size() || in_key[size_t(k)]) {
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("a view's key names column {} that it does not have, or twice: {}", k,
                            spec.name));
        }
        if (const auto& column = spec.columns[size_t(k)]; column.type.is_nested())
            return fail(errors::kViewKey, fmt::format("column {} of view {} is {}", column.name,
                                                      spec.name, codec::to_string(column.type)));
        in_key[size_t(k)] = true;
    }
    for (size_t i = 0; i < spec.columns.size(); ++i)
        if (!in_key[i]) codec.others_.push_back(int(i));
    return codec;
}

Status RowCodec::check_schema(const ColumnBatch& batch) const {
    if (batch.schema.size() != columns_.size() || batch.columns.size() != columns_.size()) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("rows have {} columns, the view {}",
                                                             batch.schema.size(), columns_.size()));
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
        if (batch.schema[i].name != columns_[i].name || batch.columns[i].type != columns_[i].type) {
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("column {} of the rows is {} {}, in the view it is {} {}", i + 1,
                            batch.schema[i].name, codec::to_string(batch.columns[i].type),
                            columns_[i].name, codec::to_string(columns_[i].type)));
        }
    }
    return {};
}

void RowCodec::append_key(const ColumnBatch& batch, const std::vector<int>& indexes, size_t row,
                          std::string& out) const {
    for (int index : indexes) {
        const auto& column = batch.columns[size_t(index)];
        if (column.is_null(row)) {
            out.push_back('\0');
        } else {
            out.push_back('\x01');
            append_ordered(column, row, out);
        }
    }
}

void RowCodec::append_value(const ColumnBatch& batch, size_t row, std::string& out) const {
    ByteWriter writer;
    writer.buffer().swap(out);
    writer.le<uint8_t>(kValueVersion);
    size_t bits = writer.size();
    writer.buffer().append((others_.size() + 7) / 8, '\0');
    for (size_t i = 0; i < others_.size(); ++i) {
        const auto& column = batch.columns[size_t(others_[i])];
        if (column.is_null(row))
            writer.buffer()[bits + i / 8] |= char(1 << (i % 8));
        else
            append_plain(column, row, writer);
    }
    writer.buffer().swap(out);
}

Result<std::vector<int>> RowCodec::key_columns_of(const ColumnBatch& keys) const {
    std::vector<int> indexes;
    for (int k : key_) {
        const auto& column = columns_[size_t(k)];
        int at = keys.find(column.name);
        if (at < 0) return fail(ErrorCode::kInvalidArgument, "the key lacks column " + column.name);
        if (keys.columns[size_t(at)].type != column.type) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("key column {} is {}, not {}", column.name,
                                    codec::to_string(column.type),
                                    codec::to_string(keys.columns[size_t(at)].type)));
        }
        indexes.push_back(at);
    }
    return indexes;
}

std::string RowCodec::key_from(Timestamp t) {
    std::string out(1, '\x01');
    append_be(out, uint64_t(t.us) ^ (uint64_t(1) << 63));
    return out;
}

RowCodec::Rows::Rows(const RowCodec& codec) : codec_(codec) {
    for (const auto& column : codec.columns_)
        builders_.emplace_back(column.type);
}

Status RowCodec::Rows::add(std::string_view key, std::string_view value) {
    ByteReader in(key);
    for (int k : codec_.key_) {
        auto& builder = builders_[size_t(k)];
        if (in.le<uint8_t>() == 0)
            builder.add_null();
        else
            take_ordered(codec_.columns_[size_t(k)].type, in, text_, builder);
    }
    TARN_RETURN_IF_ERROR(in.status("a view's key"));
    ByteReader values(value);
    auto version = values.le<uint8_t>();
    if (values.ok() && version != kValueVersion) {
        return fail(
            ErrorCode::kUnsupported,
            fmt::format(
                "a view's row has format version {}, this program reads {}: use a newer one",
                version, kValueVersion));
    }
    auto nulls = values.raw((codec_.others_.size() + 7) / 8);
    TARN_RETURN_IF_ERROR(values.status("a view's row"));
    for (size_t i = 0; i < codec_.others_.size(); ++i) {
        auto& builder = builders_[size_t(codec_.others_[i])];
        if (nulls[i / 8] >> (i % 8) & 1)
            builder.add_null();
        else
            take_plain(codec_.columns_[size_t(codec_.others_[i])].type, values, builder);
    }
    TARN_RETURN_IF_ERROR(values.status("a view's row"));
    ++rows_;
    return {};
}

std::shared_ptr<const ColumnBatch> RowCodec::Rows::finish() {
    auto batch = std::make_shared<ColumnBatch>();
    batch->schema = codec_.columns_;
    batch->row_count = rows_;
    for (auto& builder : builders_)
        batch->columns.push_back(builder.finish(*batch));
    return batch;
}

// Version 1 had only the kind, and only those up to DATE.
static void encode_type(const ColumnType& type, ByteWriter& out) {
    out.le<uint8_t>(type.kind());
    if (type == ColumnType::kDecimal) {
        out.le<uint8_t>(uint8_t(type.precision()));
        out.le<uint8_t>(uint8_t(type.scale()));
    }
    if (!type.is_nested()) return;
    out.varint(type.fields().size());
    for (const auto& field : type.fields()) {
        out.sized(field.name);
        encode_type(field.type, out);
    }
}

static ColumnType decode_type(ByteReader& in, int depth) {
    constexpr int kDeepest = 64;
    const auto byte = in.le<uint8_t>();
    const auto kind = ColumnType::Kind(byte);
    if (byte > ColumnType::kLast || depth > kDeepest) in.fail();
    if (!in.ok()) return {};
    if (kind == ColumnType::kDecimal) {
        const int precision = in.le<uint8_t>(), scale = in.le<uint8_t>();
        if (precision < 1 || precision > codec::kMostDigits || scale > precision) in.fail();
        return in.ok() ? ColumnType::decimal(precision, scale) : ColumnType();
    }
    if (!ColumnType(kind).is_nested()) return kind;
    std::vector<codec::ColumnField> fields;
    const auto count = in.varint();
    for (uint64_t i = 0; i < count && in.ok(); ++i) {
        auto name = std::string(in.sized());
        fields.push_back({std::move(name), decode_type(in, depth + 1)});
    }
    if (kind != ColumnType::kStruct && count != (kind == ColumnType::kList ? 1u : 2u)) in.fail();
    if (!in.ok()) return {};
    if (kind == ColumnType::kStruct) return ColumnType::structure(std::move(fields));
    return kind == ColumnType::kList
               ? ColumnType::list(std::move(fields[0].type))
               : ColumnType::map(std::move(fields[0].type), std::move(fields[1].type));
}

std::string encode_spec(const ViewSpec& spec) {
    ByteWriter out;
    out.le<uint8_t>(kSpecVersion);
    out.sized(spec.name);
    out.sized(spec.generation);
    out.varint(spec.columns.size());
    for (const auto& column : spec.columns) {
        out.sized(column.name);
        encode_type(column.type, out);
        out.le<uint8_t>(column.required);
    }
    out.varint(spec.key.size());
    for (int k : spec.key)
        out.varint(uint64_t(k));
    return out.take();
}

Result<ViewSpec> decode_spec(std::string_view bytes) {
    ByteReader in(bytes);
    if (auto version = in.le<uint8_t>();
        in.ok() && (version < kOldestSpecVersion || version > kSpecVersion)) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("a view's description has format version {}, this program "
                                "reads {}: use a newer one",
                                version, kSpecVersion));
    }
    ViewSpec spec;
    spec.name = in.sized();
    spec.generation = in.sized();
    auto columns = in.varint();
    for (uint64_t i = 0; i < columns && in.ok(); ++i) {
        codec::ColumnSpec column;
        column.name = in.sized();
        column.type = decode_type(in, 0);
        column.required = in.le<uint8_t>() != 0;
        spec.columns.push_back(std::move(column));
    }
    auto keys = in.varint();
    for (uint64_t i = 0; i < keys && in.ok(); ++i)
        spec.key.push_back(int(in.varint()));
    TARN_RETURN_IF_ERROR(in.status("a view's description"));
    return spec;
}

Status check_same(const ViewSpec& stands, const ViewSpec& wanted) {
    auto differs = [&](const std::string& what) {
        return fail(
            ErrorCode::kFailedPrecondition,
            fmt::format(
                "view {0} stands with {1}: `tarn view drop {0} --yes` makes room for a new one, or "
                "give the model another name",
                stands.name, what));
    };
    if (stands.columns.size() != wanted.columns.size()) {
        return differs(fmt::format("{} columns, the model now has {}", stands.columns.size(),
                                   wanted.columns.size()));
    }
    for (size_t i = 0; i < stands.columns.size(); ++i) {
        const auto& a = stands.columns[i];
        const auto& b = wanted.columns[i];
        if (a.name != b.name || a.type != b.type) {
            return differs(fmt::format("column {} {}, the model now has {} {}", a.name,
                                       codec::to_string(a.type), b.name, codec::to_string(b.type)));
        }
    }
    if (stands.key != wanted.key) return differs("another key");
    if (stands.generation != wanted.generation) {
        return differs(
            fmt::format("generation {}, the model is now {} (its SQL or settings changed)",
                        stands.generation, wanted.generation));
    }
    return {};
}

}  // namespace tarn::view
