#include "tarn/delta/deletion_vector.h"

#include <zlib.h>

#include "tarn/base/bytes.h"
#include "tarn/base/ids.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/paths.h"

namespace tarn::delta {
namespace {

// Of one file; a forged run container could otherwise ask for any amount of memory.
constexpr uint64_t kMaxDeletedRows = 200'000'000;

std::unexpected<Error> bad(std::string_view what) {
    return fail(errors::kTableDamaged, "deletion vector: " + std::string(what));
}

// Containers of the portable 32-bit roaring format (RoaringFormatSpec).
constexpr uint32_t kCookieNoRun = 12346, kCookieRun = 12347;
constexpr uint32_t kArrayMax = 4096, kOffsetsFrom = 4, kBitmapWords = 1024;

Status read_container(ByteReader& in, bool run, uint32_t count, uint64_t base,
                      std::vector<uint64_t>& out) {
    if (run) {
        for (uint32_t runs = in.le<uint16_t>(); runs > 0 && in.ok(); --runs) {
            uint32_t start = in.le<uint16_t>(), more = in.le<uint16_t>();
            if (start + more > 0xFFFF) return bad("a run goes beyond its container");
            if (out.size() + more > kMaxDeletedRows) return bad("more rows than any file has");
            for (uint32_t i = 0; i <= more; ++i)
                out.push_back(base + start + i);
        }
    } else if (count <= kArrayMax) {
        for (uint32_t i = 0; i < count && in.ok(); ++i)
            out.push_back(base + in.le<uint16_t>());
    } else {
        for (uint32_t w = 0; w < kBitmapWords && in.ok(); ++w)
            for (uint64_t word = in.le<uint64_t>(); word; word &= word - 1)
                out.push_back(base + w * 64 + uint64_t(__builtin_ctzll(word)));
    }
    return in.status("deletion vector");
}

Status read_bitmap(ByteReader& in, uint64_t high, std::vector<uint64_t>& out) {
    uint32_t cookie = in.le<uint32_t>();
    bool runs = (cookie & 0xFFFF) == kCookieRun;
    if (!runs && cookie != kCookieNoRun) return bad("not a roaring bitmap");
    uint32_t containers = runs ? (cookie >> 16) + 1 : in.le<uint32_t>();
    if (containers > 0x10000) return bad("too many containers");
    auto run_flags = in.raw(runs ? (containers + 7) / 8 : 0);
    auto header = in.raw(size_t(containers) * 4);
    if (!runs || containers >= kOffsetsFrom) in.raw(size_t(containers) * 4);
    TARN_RETURN_IF_ERROR(in.status("deletion vector"));
    for (uint32_t i = 0; i < containers; ++i) {
        uint64_t key = load_le<uint16_t>(header.data() + i * 4);
        uint32_t count = uint32_t(load_le<uint16_t>(header.data() + i * 4 + 2)) + 1;
        bool run = runs && (run_flags[i / 8] >> (i % 8) & 1);
        TARN_RETURN_IF_ERROR(read_container(in, run, count, high << 32 | key << 16, out));
    }
    return {};
}

}  // namespace

Result<std::vector<uint64_t>> decode_deletion_vector(std::string_view bytes) {
    constexpr uint32_t kMagic = 1681511377;
    ByteReader in(bytes);
    if (in.le<uint32_t>() != kMagic) return bad("wrong magic number");
    std::vector<uint64_t> out;
    for (uint64_t buckets = in.le<uint64_t>(); buckets > 0 && in.ok(); --buckets) {
        uint64_t key = in.le<uint32_t>();
        TARN_RETURN_IF_ERROR(read_bitmap(in, key, out));
    }
    TARN_RETURN_IF_ERROR(in.status("deletion vector"));
    for (size_t i = 1; i < out.size(); ++i)
        if (out[i] <= out[i - 1]) return bad("rows are not in ascending order");
    return out;
}

// ZeroMQ's Z85 (rfc.zeromq.org/spec/32).
Result<std::string> z85_decode(std::string_view text) {
    constexpr std::string_view kAlphabet =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    if (text.size() % 5) return bad("Z85 text is not a multiple of 5 long");
    std::string out;
    for (size_t i = 0; i < text.size(); i += 5) {
        uint64_t value = 0;
        for (size_t j = i; j < i + 5; ++j) {
            auto digit = kAlphabet.find(text[j]);
            if (digit == kAlphabet.npos) return bad("not a Z85 character");
            value = value * 85 + digit;
        }
        if (value > UINT32_MAX) return bad("Z85 group out of range");
        char group[4];
        store_be<uint32_t>(group, uint32_t(value));
        out.append(group, 4);
    }
    return out;
}

Result<std::string> deletion_vector_path(std::string_view text) {
    constexpr size_t kUuidText = 20;
    if (text.size() < kUuidText) return bad("path is too short");
    TARN_TRY(auto bytes, z85_decode(text.substr(text.size() - kUuidText)));
    Uuid id;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(id.bytes.data()));
    std::string path(text.substr(0, text.size() - kUuidText));
    if (!path.empty()) path += '/';
    return path + "deletion_vector_" + id.str() + ".bin";
}

namespace {

// The payload of a vector in a file, checked against its size and checksum.
Result<std::string> read_payload(io::FileSystem& fs, const std::string& path,
                                 const DeletionVector& vector) {
    TARN_TRY(auto file, fs.open(path, {io::OpenMode::kRead}));
    TARN_TRY(auto size, file->size());
    uint64_t offset = uint64_t(std::max(0, vector.offset.value_or(0)));
    uint64_t length = uint64_t(std::max(0, vector.size_bytes));
    constexpr uint64_t kFraming = 8;  // size in front, checksum behind
    if (offset + length + kFraming > size) return bad("does not fit in " + path);
    std::string bytes(length + kFraming, '\0');
    TARN_TRY(auto got, file->read_at(offset, bytes.data(), bytes.size()));
    if (got != bytes.size() || load_be<uint32_t>(bytes.data()) != length)
        return bad("wrong size in " + path);
    auto payload = bytes.substr(4, length);
    auto crc = crc32(0, reinterpret_cast<const Bytef*>(payload.data()), uInt(payload.size()));
    if (crc != load_be<uint32_t>(bytes.data() + 4 + length))
        return bad("wrong checksum in " + path);
    return payload;
}

}  // namespace

Result<std::vector<uint64_t>> read_deletion_vector(io::FileSystem& fs, const std::string& root,
                                                   const DeletionVector& vector) {
    std::string payload;
    if (vector.storage == 'i') {
        TARN_TRY(payload, z85_decode(vector.path_or_inline));
        if (vector.size_bytes < 0 || size_t(vector.size_bytes) > payload.size())
            return bad("inline text too short");
        payload.resize(size_t(vector.size_bytes));
    } else if (vector.storage == 'u') {
        TARN_TRY(auto relative, deletion_vector_path(vector.path_or_inline));
        TARN_TRY(payload, read_payload(fs, root + "/" + relative, vector));
    } else if (vector.storage == 'p') {
        auto path = canonical_path(vector.path_or_inline, root);
        TARN_TRY(payload, read_payload(fs, disk_path(path, root), vector));
    } else {
        return fail(errors::kTableFeature,
                    std::string("deletion vector storage type ") + vector.storage);
    }
    TARN_TRY(auto rows, decode_deletion_vector(payload));
    if (rows.size() != uint64_t(vector.cardinality))
        return bad("cardinality differs from its rows");
    return rows;
}

}  // namespace tarn::delta
