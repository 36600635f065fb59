#include "struct_fields.h"

#include <bit>

#include "tarn/base/bytes.h"
#include "tarn/codec/nested.h"

namespace tarn::delta {
namespace {

using codec::ColumnBatch;
using codec::ColumnBuilder;
using codec::ColumnType;

void pass_payload(const ColumnType& type, ByteReader& in);

void pass_value(const ColumnType& type, ByteReader& in) {
    if (in.le<uint8_t>() != codec::kNestedNull) pass_payload(type, in);
}

void pass_payload(const ColumnType& type, ByteReader& in) {
    switch (type.kind()) {
        case ColumnType::kBool:
        case ColumnType::kInt32:
        case ColumnType::kDate:
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
        case ColumnType::kDouble:
        case ColumnType::kDecimal:
            in.raw(codec::column_width(type.kind()));
            return;
        case ColumnType::kText:
        case ColumnType::kBytes:
            in.raw(in.le<uint32_t>());
            return;
        case ColumnType::kStruct:
            for (const auto& field : type.fields())
                pass_value(field.type, in);
            return;
        case ColumnType::kList:
        case ColumnType::kMap: {
            const auto count = in.le<uint32_t>();
            if (count > in.remaining()) return in.fail();  // each has a byte at least
            for (uint32_t i = 0; i < count && in.ok(); ++i)
                for (const auto& part : type.fields())
                    pass_value(part.type, in);
            return;
        }
    }
}

// A reader past its end gives a view of nothing, not even of an empty text.
void put_text(std::string_view text, ColumnBuilder& out) {
    out.add_text(text.data() ? text : std::string_view(""));
}

void add_payload(const ColumnType& type, ByteReader& in, ColumnBuilder& out) {
    switch (type.kind()) {
        case ColumnType::kBool:
            return out.add_bool(in.le<uint8_t>() != 0);
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return out.add_int(in.le<int32_t>());
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            return out.add_int(in.le<int64_t>());
        case ColumnType::kDouble:
            return out.add_double(std::bit_cast<double>(in.le<uint64_t>()));
        case ColumnType::kDecimal: {
            const auto low = in.le<uint64_t>();
            return out.add_decimal(codec::Int128(low) | codec::Int128(in.le<int64_t>()) << 64);
        }
        case ColumnType::kText:
        case ColumnType::kBytes:
            return put_text(in.raw(in.le<uint32_t>()), out);
        case ColumnType::kStruct: {
            const auto rest = in;
            pass_payload(type, in);
            auto whole = rest;
            return put_text(whole.raw(rest.remaining() - in.remaining()), out);
        }
        case ColumnType::kList:
        case ColumnType::kMap:
            pass_payload(type, in);
            return out.add_text("");
    }
}

std::shared_ptr<const ColumnBatch> fields_of(const ColumnBatch& batch, int at) {
    const auto& column = batch.columns[size_t(at)];
    const auto type = batch.schema[size_t(at)].type;
    auto out = std::make_shared<ColumnBatch>();
    out->row_count = batch.row_count;
    std::vector<ColumnBuilder> builders;
    for (const auto& field : type.fields()) {
        out->schema.push_back({field.name, field.type, false});
        builders.emplace_back(field.type);
    }
    for (size_t row = 0; row < batch.row_count; ++row) {
        const bool null = column.is_null(row);
        ByteReader in(null ? std::string_view() : column.text(row));
        for (size_t i = 0; i < builders.size(); ++i) {
            if (null || in.le<uint8_t>() == codec::kNestedNull)
                builders[i].add_null();
            else
                add_payload(out->schema[i].type, in, builders[i]);
        }
        if (!null && (!in.ok() || in.remaining() > 0)) return nullptr;
    }
    for (auto& builder : builders)
        out->columns.push_back(builder.finish(*out));
    return out;
}

}  // namespace

std::vector<std::shared_ptr<const ColumnBatch>> fields_of_struct(Batches batches, int at) {
    std::vector<std::shared_ptr<const ColumnBatch>> out;
    for (const auto& batch : batches) {
        out.push_back(fields_of(*batch, at));
        if (!out.back()) return {};
    }
    return out;
}

}  // namespace tarn::delta
