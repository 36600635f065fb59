#pragma once

// Thrift's compact protocol (apache/thrift, doc/specs/thrift-compact-protocol.md), as far as
// Parquet uses it: structs, lists, integers, doubles and bytes, no maps. Values are read where they
// stand; those that nobody asks for are passed over and can be copied as the bytes that they are,
// since nothing in them depends on what stands around them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn::codec {

enum class ThriftType : uint8_t {
    kStop = 0,
    kTrue = 1,
    kFalse = 2,
    kByte = 3,
    kInt16 = 4,
    kInt32 = 5,
    kInt64 = 6,
    kDouble = 7,
    kBinary = 8,
    kList = 9,
    kSet = 10,
    kMap = 11,
    kStruct = 12,
};

// Over bytes from outside, which outlive it. Once something was not of the form, ok() is false and
// stays so, and whatever is read is nothing, 0 or empty: callers look once, at the end.
class ThriftReader {
  public:
    static constexpr int kMostDepth = 24;  // of what is passed over

    explicit ThriftReader(std::string_view bytes) : bytes_(bytes) {}
    bool ok() const { return ok_; }
    size_t position() const { return at_; }
    void refuse() { ok_ = false; }

    struct Field {
        ThriftType type;
        int id;
    };
    // The next field of a struct; nothing at its end. `last`: the id of the one before, at first 0.
    std::optional<Field> next(int& last);
    // The value of a field of this type, which must be kByte to kInt64; zigzag undone.
    int64_t integer(ThriftType type);
    bool boolean(ThriftType type);  // of a field
    std::string_view binary(ThriftType type);
    // How many items of one type follow, each of at least a byte. Refused if `items` is another
    // type and there is one.
    size_t list(ThriftType type, ThriftType items);
    // Any value; gives its bytes.
    std::string_view pass(ThriftType type) { return pass(type, 0, false); }

  private:
    std::string_view pass(ThriftType type, int depth, bool in_list);
    uint8_t byte();
    uint64_t varint();
    size_t list_head(ThriftType& items);
    std::string_view take(size_t n);

    std::string_view bytes_;
    size_t at_ = 0;
    bool ok_ = true;
};

// Fields of a struct in ascending order of their ids.
class ThriftWriter {
  public:
    void begin_struct() { last_.push_back(0); }  // as the value of a field, or an item of a list
    void end_struct();
    void field(ThriftType type, int id);
    void integer(ThriftType type, int id, int64_t value);  // kByte to kInt64
    void binary(int id, std::string_view bytes);
    void list(int id, ThriftType items, size_t count);  // the items follow
    // The bytes of a value, as ThriftReader::pass() gave them.
    void raw(ThriftType type, int id, std::string_view value);
    void raw_item(std::string_view value) { out_ += value; }
    std::string take() { return std::move(out_); }

  private:
    void varint(uint64_t value);
    std::string out_;
    std::vector<int> last_;
};

}  // namespace tarn::codec
