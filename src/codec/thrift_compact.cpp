#include "tarn/codec/thrift_compact.h"

namespace tarn::codec {
namespace {

constexpr int kMostVarintBytes = 10, kLongestStep = 15;
constexpr size_t kLongList = 15;  // the count stands behind the head
constexpr size_t kDoubleBytes = 8;

uint64_t zigzag(int64_t value) { return uint64_t(value) << 1 ^ uint64_t(value >> 63); }
int64_t unzigzag(uint64_t value) { return int64_t(value >> 1) ^ -int64_t(value & 1); }

bool is_integer(ThriftType type) {
    return type == ThriftType::kByte || type == ThriftType::kInt16 || type == ThriftType::kInt32 ||
           type == ThriftType::kInt64;
}

}  // namespace

uint8_t ThriftReader::byte() {
    if (!ok_ || at_ >= bytes_.size()) {
        ok_ = false;
        return 0;
    }
    return uint8_t(bytes_[at_++]);
}

uint64_t ThriftReader::varint() {
    uint64_t out = 0;
    for (int i = 0; i < kMostVarintBytes; ++i) {
        const auto next = byte();
        out |= uint64_t(next & 0x7F) << (7 * i);
        if (next < 0x80) return ok_ ? out : 0;
    }
    ok_ = false;
    return 0;
}

std::string_view ThriftReader::take(size_t n) {
    if (!ok_ || n > bytes_.size() - at_) {
        ok_ = false;
        return {};
    }
    const auto out = bytes_.substr(at_, n);
    at_ += n;
    return out;
}

std::optional<ThriftReader::Field> ThriftReader::next(int& last) {
    const auto head = byte();
    if (!ok_ || head == 0) return std::nullopt;
    const int step = head >> 4;
    const int64_t id = step ? last + step : unzigzag(varint());
    const auto type = ThriftType(head & 0x0F);
    // Ids ascend, as all writers of Parquet have them: what is written again is as it was read.
    if (id <= last || id > INT16_MAX || type == ThriftType::kStop || type > ThriftType::kStruct)
        ok_ = false;
    if (!ok_) return std::nullopt;
    last = int(id);
    return Field{type, last};
}

int64_t ThriftReader::integer(ThriftType type) {
    if (!is_integer(type)) ok_ = false;
    if (!ok_) return 0;
    if (type == ThriftType::kByte) return int8_t(byte());
    const auto out = unzigzag(varint());
    const bool fits = type == ThriftType::kInt64 ||
                      (type == ThriftType::kInt32 && out >= INT32_MIN && out <= INT32_MAX) ||
                      (type == ThriftType::kInt16 && out >= INT16_MIN && out <= INT16_MAX);
    if (!fits) ok_ = false;
    return ok_ ? out : 0;
}

bool ThriftReader::boolean(ThriftType type) {
    if (type != ThriftType::kTrue && type != ThriftType::kFalse) ok_ = false;
    return ok_ && type == ThriftType::kTrue;
}

std::string_view ThriftReader::binary(ThriftType type) {
    if (type != ThriftType::kBinary) ok_ = false;
    const auto size = varint();
    if (size > bytes_.size()) ok_ = false;
    return ok_ ? take(size_t(size)) : std::string_view();
}

size_t ThriftReader::list_head(ThriftType& items) {
    const auto head = byte();
    items = ThriftType(head & 0x0F);
    uint64_t count = head >> 4;
    if (count == kLongList) count = varint();
    if (!ok_ || count > bytes_.size() - at_) ok_ = false;
    return ok_ ? size_t(count) : 0;
}

size_t ThriftReader::list(ThriftType type, ThriftType items) {
    if (type != ThriftType::kList) ok_ = false;
    if (!ok_) return 0;
    ThriftType found{};
    const auto count = list_head(found);
    if (count > 0 && found != items) ok_ = false;
    return ok_ ? count : 0;
}

std::string_view ThriftReader::pass(ThriftType type, int depth, bool in_list) {
    const auto from = at_;
    if (depth > kMostDepth) ok_ = false;
    if (!ok_) return {};
    switch (type) {
        case ThriftType::kTrue:
        case ThriftType::kFalse:
            if (in_list) byte();  // of a field the type says it
            break;
        case ThriftType::kByte:
            byte();
            break;
        case ThriftType::kInt16:
        case ThriftType::kInt32:
        case ThriftType::kInt64:
            varint();
            break;
        case ThriftType::kDouble:
            take(kDoubleBytes);
            break;
        case ThriftType::kBinary:
            binary(type);
            break;
        case ThriftType::kList:
        case ThriftType::kSet: {
            ThriftType items{};
            const auto count = list_head(items);
            for (size_t i = 0; ok_ && i < count; ++i)
                pass(items, depth + 1, true);
            break;
        }
        case ThriftType::kStruct: {
            int last = 0;
            while (const auto field = next(last))
                pass(field->type, depth + 1, false);
            break;
        }
        case ThriftType::kStop:
        case ThriftType::kMap:
        default:
            ok_ = false;
    }
    return ok_ ? bytes_.substr(from, at_ - from) : std::string_view();
}

void ThriftWriter::varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        out_ += char(0x80 | (value & 0x7F));
    out_ += char(value);
}

void ThriftWriter::end_struct() {
    out_ += char(ThriftType::kStop);
    last_.pop_back();
}

void ThriftWriter::field(ThriftType type, int id) {
    const int step = id - last_.back();
    if (step > 0 && step <= kLongestStep) {
        out_ += char(step << 4 | int(type));
    } else {
        out_ += char(type);
        varint(zigzag(id));
    }
    last_.back() = id;
}

void ThriftWriter::integer(ThriftType type, int id, int64_t value) {
    field(type, id);
    if (type == ThriftType::kByte)
        out_ += char(value);
    else
        varint(zigzag(value));
}

void ThriftWriter::binary(int id, std::string_view bytes) {
    field(ThriftType::kBinary, id);
    varint(bytes.size());
    out_ += bytes;
}

void ThriftWriter::list(int id, ThriftType items, size_t count) {
    field(ThriftType::kList, id);
    if (count < kLongList) {
        out_ += char(count << 4 | size_t(items));
    } else {
        out_ += char(kLongList << 4 | size_t(items));
        varint(count);
    }
}

void ThriftWriter::raw(ThriftType type, int id, std::string_view value) {
    field(type, id);
    out_ += value;
}

}  // namespace tarn::codec
