#pragma once

// Deletion vectors (PROTOCOL.md "Deletion Vector Format"): which rows of a data file, by position,
// are gone.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/io/file_system.h"

namespace tarn::delta {

// Sorted positions. Errors: kCorrupted (bytes, checksum or count wrong), kNotFound, kUnsupported
// (storage kind).
Result<std::vector<uint64_t>> read_deletion_vector(io::FileSystem& fs,
                                                   const std::string& table_root,
                                                   const DeletionVector& vector);
// The part behind: magic and bitmaps, without size and checksum.
Result<std::vector<uint64_t>> decode_deletion_vector(std::string_view bytes);
// "ab^-aqEH.-t@S}K{vb[*k^" → "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"
Result<std::string> deletion_vector_path(std::string_view path_or_inline);
Result<std::string> z85_decode(std::string_view text);
// Of a multiple of 4 bytes.
std::string z85_encode(std::string_view bytes);

// As decode_deletion_vector() reads it; rows ascend.
std::string encode_deletion_vector(std::span<const uint64_t> rows);

// One file with the vectors that a commit makes, in the table's root.
class DeletionVectorFile {
  public:
    explicit DeletionVectorFile(const Uuid& id);
    // Rows ascend and are not none. What the log says of it.
    DeletionVector add(std::span<const uint64_t> rows);
    bool empty() const { return bytes_.size() == 1; }
    // Whole and durable, or not there; nothing if it is empty.
    Status write(io::FileSystem& fs, const std::string& table_root) const;
    const std::string& name() const { return name_; }

  private:
    const std::string name_, key_;
    std::string bytes_;
};

}  // namespace tarn::delta
