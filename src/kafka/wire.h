#pragma once

// The primitives of Kafka's wire format (Kafka protocol guide, "Protocol Primitive Types"), used by
// the generated messages. Decoding is of bytes that anyone may have sent: bounds-checked, bounded
// in memory, never throwing. The first violation makes a Decoder not ok(), and every later read
// gives zeros.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarn/base/bytes.h"
#include "tarn/base/ids.h"
#include "tarn/log/log.h"

namespace tarn::kafka {

// Record batches of a message. Decoded: a view into the frame. To be encoded: slices, which are
// sent from where they lie (their owners are kept until then), or a view, whose bytes the caller
// keeps.
struct Records {
    std::string_view view;
    std::vector<log::Slice> slices;
    bool null = true;

    static Records of(std::string_view bytes) { return {bytes, {}, false}; }
    static Records of(std::vector<log::Slice> s) { return {{}, std::move(s), false}; }
    size_t size() const;
    // Copies the slices' bytes into memory of their own.
    void gather();
    // The same bytes, however they are held.
    friend bool operator==(const Records& a, const Records& b);
};

// Most elements of arrays that one frame may hold: bounds the memory that a frame of tiny elements
// can take.
inline constexpr size_t kMaxElementsPerFrame = 1'000'000;

class Decoder {
  public:
    Decoder(std::string_view bytes, bool flexible) : in_(bytes), flexible_(flexible) {}

    bool ok() const { return in_.ok(); }
    size_t remaining() const { return in_.remaining(); }
    bool flexible() const { return flexible_; }
    void set_flexible(bool flexible) { flexible_ = flexible; }
    void fail() { in_.fail(); }

    void read_bool(bool& v) { v = in_.be<int8_t>() != 0; }
    void read_int8(int8_t& v) { v = in_.be<int8_t>(); }
    void read_int16(int16_t& v) { v = in_.be<int16_t>(); }
    void read_int32(int32_t& v) { v = in_.be<int32_t>(); }
    void read_int64(int64_t& v) { v = in_.be<int64_t>(); }
    void read_uuid(Uuid& v);
    void read_string(std::string& v);
    void read_string(std::optional<std::string>& v, bool nullable);
    void read_bytes(std::string& v);
    void read_records(Records& v, bool nullable);

    template <class T, class F>
    void read_array(std::vector<T>& v, bool, size_t smallest, F&& element) {
        v.clear();
        const int64_t n = array_length(smallest);
        if (n < 0) return fail();
        v.reserve(size_t(std::min<int64_t>(n, 1024)));
        for (int64_t i = 0; i < n && ok(); ++i)
            element(v.emplace_back());
    }
    template <class T, class F>
    void read_array(std::optional<std::vector<T>>& v, bool nullable, size_t smallest, F&& element) {
        const int64_t n = array_length(smallest);
        v.reset();
        if (n < 0) return nullable ? void() : fail();
        v.emplace();
        v->reserve(size_t(std::min<int64_t>(n, 1024)));
        for (int64_t i = 0; i < n && ok(); ++i)
            element(v->emplace_back());
    }

    // The tagged section of a flexible message: `known(tag, value)` reads the tags it knows; the
    // rest is skipped.
    template <class F>
    void read_tags(F&& known) {
        if (!flexible_) return;
        const auto count = in_.varint();
        int64_t last = -1;
        for (uint64_t i = 0; i < count && ok(); ++i) {
            const auto tag = in_.varint();
            if (tag > INT32_MAX || int64_t(tag) <= last) return fail();  // ascending, none twice
            last = int64_t(tag);
            Decoder value(in_.sized(), true);
            value.elements_left_ = elements_left_;
            known(uint32_t(tag), value);
            elements_left_ = value.elements_left_;
            if (!value.ok()) fail();
        }
    }
    void skip_tags() {
        read_tags([](uint32_t, Decoder&) {});
    }

  private:
    // -1 for null. Fails when that many elements cannot be in the bytes that are left.
    int64_t array_length(size_t smallest);
    // Length of a string or bytes; -1 for null.
    int64_t text_length();
    int64_t bytes_length();
    std::string_view take(int64_t length) {
        return length < 0 ? std::string_view() : in_.raw(size_t(length));
    }

    ByteReader in_;
    bool flexible_;
    size_t elements_left_ = kMaxElementsPerFrame;
};

// What an Encoder made: its own bytes with the slices to be sent in between.
struct Encoded {
    struct Splice {
        size_t at;  // position in `bytes` in front of which the slice is sent
        log::Slice slice;
    };
    std::string bytes;
    std::vector<Splice> splices;
    size_t size() const;
    // All in one string, for tests and for tagged sections.
    std::string flatten() const;
};

class Encoder {
  public:
    explicit Encoder(bool flexible) : flexible_(flexible) {}

    bool flexible() const { return flexible_; }
    void write_bool(bool v) { out_.be<int8_t>(v ? 1 : 0); }
    void write_int8(int8_t v) { out_.be<int8_t>(v); }
    void write_int16(int16_t v) { out_.be<int16_t>(v); }
    void write_int32(int32_t v) { out_.be<int32_t>(v); }
    void write_int64(int64_t v) { out_.be<int64_t>(v); }
    void write_uuid(const Uuid& v) {
        out_.raw({reinterpret_cast<const char*>(v.bytes.data()), v.bytes.size()});
    }
    void write_string(std::string_view v);
    void write_string(const std::optional<std::string>& v, bool nullable);
    void write_bytes(std::string_view v);
    void write_records(const Records& v, bool nullable);

    template <class T, class F>
    void write_array(const std::vector<T>& v, bool, F&& element) {
        write_array_length(int64_t(v.size()));
        for (const auto& e : v)
            element(e);
    }
    template <class T, class F>
    void write_array(const std::optional<std::vector<T>>& v, bool nullable, F&& element) {
        if (!v) return write_array_length(nullable ? -1 : 0);
        write_array(*v, false, std::forward<F>(element));
    }
    void write_no_tags() {
        if (flexible_) out_.varint(0);
    }
    void write_varint(uint64_t v) { out_.varint(v); }
    void write_raw(std::string_view v) { out_.raw(v); }

    Encoded take() { return {out_.take(), std::move(splices_)}; }

  private:
    void write_array_length(int64_t n);

    ByteWriter out_;
    bool flexible_;
    std::vector<Encoded::Splice> splices_;
};

// Gathers the tagged fields of one struct, in ascending order of their tags.
class TagWriter {
  public:
    explicit TagWriter(Encoder& out) : out_(out) {}
    template <class F>
    void add(uint32_t tag, F&& write) {
        Encoder value(true);
        write(value);
        const auto bytes = value.take().flatten();
        body_.write_varint(tag);
        body_.write_varint(bytes.size());
        body_.write_raw(bytes);
        ++count_;
    }
    void finish() {
        out_.write_varint(count_);
        out_.write_raw(body_.take().bytes);
    }

  private:
    Encoder& out_;
    Encoder body_{true};
    size_t count_ = 0;
};

}  // namespace tarn::kafka
