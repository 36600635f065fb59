// Deletion vectors as bytes: the portable 64-bit roaring format, containers as arrays or bitmaps.

#include <zlib.h>

#include <algorithm>

#include "tarn/base/bytes.h"
#include "tarn/delta/deletion_vector.h"

namespace tarn::delta {
namespace {

constexpr uint32_t kVectorMagic = 1681511377, kPlainCookie = 12346;
constexpr size_t kMostInArray = 4096, kWordsOfBitmap = 1024;
constexpr char kFileFormat = 1;  // the first byte of a file

using Rows = std::span<const uint64_t>;

// The rows at the front that agree in all bits above these.
Rows same_above(Rows rows, int bits) {
    const auto high = rows.front() >> bits;
    const auto end = std::ranges::partition_point(rows, [&](auto r) { return r >> bits == high; });
    return rows.first(size_t(end - rows.begin()));
}

void write_container(ByteWriter& out, Rows rows) {
    if (rows.size() <= kMostInArray) {
        for (auto row : rows)
            out.le<uint16_t>(uint16_t(row));
        return;
    }
    std::vector<uint64_t> words(kWordsOfBitmap);
    for (auto row : rows)
        words[(row & 0xFFFF) / 64] |= uint64_t(1) << (row % 64);
    for (auto word : words)
        out.le<uint64_t>(word);
}

void write_bitmap(ByteWriter& out, Rows rows) {
    std::vector<Rows> containers;
    for (Rows rest = rows; !rest.empty(); rest = rest.subspan(containers.back().size()))
        containers.push_back(same_above(rest, 16));
    out.le<uint32_t>(kPlainCookie);
    out.le<uint32_t>(uint32_t(containers.size()));
    for (auto part : containers) {
        out.le<uint16_t>(uint16_t(part.front() >> 16));
        out.le<uint16_t>(uint16_t(part.size() - 1));
    }
    uint32_t offset = uint32_t(8 + 8 * containers.size());
    for (auto part : containers) {
        out.le<uint32_t>(offset);
        offset += uint32_t(part.size() <= kMostInArray ? 2 * part.size() : 8 * kWordsOfBitmap);
    }
    for (auto part : containers)
        write_container(out, part);
}

}  // namespace

std::string encode_deletion_vector(Rows rows) {
    std::vector<Rows> buckets;
    for (Rows rest = rows; !rest.empty(); rest = rest.subspan(buckets.back().size()))
        buckets.push_back(same_above(rest, 32));
    ByteWriter out;
    out.le<uint32_t>(kVectorMagic);
    out.le<uint64_t>(buckets.size());
    for (auto bucket : buckets) {
        out.le<uint32_t>(uint32_t(bucket.front() >> 32));
        write_bitmap(out, bucket);
    }
    return out.take();
}

std::string z85_encode(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    std::string out;
    for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
        uint64_t value = load_be<uint32_t>(bytes.data() + i);
        char group[5];
        for (int digit = 4; digit >= 0; --digit, value /= 85)
            group[digit] = kDigits[value % 85];
        out.append(group, 5);
    }
    return out;
}

DeletionVectorFile::DeletionVectorFile(const Uuid& id)
    : name_("deletion_vector_" + id.str() + ".bin"),
      key_(z85_encode({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()})),
      bytes_(1, kFileFormat) {}

DeletionVector DeletionVectorFile::add(Rows rows) {
    const auto payload = encode_deletion_vector(rows);
    DeletionVector out{.storage = 'u',
                       .path_or_inline = key_,
                       .offset = int32_t(bytes_.size()),
                       .size_bytes = int32_t(payload.size()),
                       .cardinality = int64_t(rows.size())};
    ByteWriter framed;
    framed.be<uint32_t>(uint32_t(payload.size()));
    framed.raw(payload);
    framed.be<uint32_t>(
        uint32_t(crc32(0, reinterpret_cast<const Bytef*>(payload.data()), uInt(payload.size()))));
    bytes_ += framed.buffer();
    return out;
}

Status DeletionVectorFile::write(io::FileSystem& fs, const std::string& table_root) const {
    if (empty()) return {};
    return fs.put_if_absent(table_root + "/" + name_, bytes_);
}

}  // namespace tarn::delta
