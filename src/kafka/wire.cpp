#include "wire.h"

#include <algorithm>

namespace tarn::kafka {

size_t Records::size() const {
    size_t n = view.size();
    for (const auto& slice : slices)
        n += slice.bytes.size();
    return n;
}

void Records::gather() {
    if (slices.empty()) return;
    auto bytes = std::make_shared<std::string>();
    bytes->reserve(size());
    for (const auto& slice : slices)
        bytes->append(slice.bytes);
    const std::string_view all = *bytes;
    slices.assign(1, {std::move(bytes), all, all.size()});
}

bool operator==(const Records& a, const Records& b) {
    if (a.null != b.null) return false;
    const auto join = [](const Records& r) {
        std::string all(r.view);
        for (const auto& slice : r.slices)
            all.append(slice.bytes);
        return all;
    };
    return join(a) == join(b);
}

void Decoder::read_uuid(Uuid& v) {
    const auto bytes = in_.raw(v.bytes.size());
    if (bytes.size() == v.bytes.size()) std::copy(bytes.begin(), bytes.end(), v.bytes.begin());
}

int64_t Decoder::array_length(size_t smallest) {
    const int64_t n = flexible_ ? int64_t(std::min<uint64_t>(in_.varint(), INT32_MAX)) - 1
                                : int64_t(in_.be<int32_t>());
    if (!ok() || n < -1 || (n > 0 && uint64_t(n) > in_.remaining() / smallest) ||
        (n > 0 && uint64_t(n) > elements_left_)) {
        fail();
        return 0;
    }
    if (n > 0) elements_left_ -= size_t(n);
    return n;
}

int64_t Decoder::text_length() {
    const int64_t n = flexible_ ? int64_t(std::min<uint64_t>(in_.varint(), INT32_MAX)) - 1
                                : int64_t(in_.be<int16_t>());
    if (n < -1) fail();
    return n;
}

int64_t Decoder::bytes_length() {
    const int64_t n = flexible_ ? int64_t(std::min<uint64_t>(in_.varint(), INT32_MAX)) - 1
                                : int64_t(in_.be<int32_t>());
    if (n < -1) fail();
    return n;
}

void Decoder::read_string(std::string& v) {
    const auto n = text_length();
    if (n < 0) return fail();
    v.assign(take(n));
}

void Decoder::read_string(std::optional<std::string>& v, bool nullable) {
    const auto n = text_length();
    v.reset();
    if (n < 0) return nullable ? void() : fail();
    v.emplace(take(n));
}

void Decoder::read_bytes(std::string& v) {
    const auto n = bytes_length();
    if (n < 0) return fail();
    v.assign(take(n));
}

void Decoder::read_records(Records& v, bool nullable) {
    const auto n = bytes_length();
    v = Records{};
    if (n < 0) return nullable ? void() : fail();
    v.null = false;
    v.view = take(n);
}

void Encoder::write_array_length(int64_t n) {
    if (flexible_)
        out_.varint(uint64_t(n + 1));
    else
        out_.be<int32_t>(int32_t(n));
}

void Encoder::write_string(std::string_view v) {
    // What does not fit the old form's 16 bits (only our own error messages could) is cut, not sent
    // broken.
    if (!flexible_) v = v.substr(0, INT16_MAX);
    if (flexible_)
        out_.varint(v.size() + 1);
    else
        out_.be<int16_t>(int16_t(v.size()));
    out_.raw(v);
}

void Encoder::write_string(const std::optional<std::string>& v, bool nullable) {
    if (v || !nullable) return write_string(v ? std::string_view(*v) : std::string_view());
    if (flexible_)
        out_.varint(0);
    else
        out_.be<int16_t>(-1);
}

void Encoder::write_bytes(std::string_view v) {
    if (flexible_)
        out_.varint(v.size() + 1);
    else
        out_.be<int32_t>(int32_t(v.size()));
    out_.raw(v);
}

void Encoder::write_records(const Records& v, bool nullable) {
    const auto size = v.size();
    const bool null = v.null && nullable;
    if (flexible_)
        out_.varint(null ? 0 : size + 1);
    else
        out_.be<int32_t>(null ? -1 : int32_t(size));
    if (!v.view.empty()) splices_.push_back({out_.size(), {nullptr, v.view}});
    for (const auto& slice : v.slices)
        if (!slice.bytes.empty()) splices_.push_back({out_.size(), slice});
}

size_t Encoded::size() const {
    size_t n = bytes.size();
    for (const auto& splice : splices)
        n += splice.slice.bytes.size();
    return n;
}

std::string Encoded::flatten() const {
    std::string all;
    all.reserve(size());
    size_t done = 0;
    for (const auto& [at, slice] : splices) {
        all.append(bytes, done, at - done).append(slice.bytes);
        done = at;
    }
    return all.append(bytes, done);
}

}  // namespace tarn::kafka
