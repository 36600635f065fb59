#include "tarn/codec/compression.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>
#include <memory>

#include <fmt/format.h>

#include "tarn/base/bytes.h"

namespace tarn::codec {

namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: largest window, gzip header
constexpr int kZstdLevel = 1;         // level 3 costs time and saves nothing on events (measured)

// snappy-java's SnappyOutputStream: this header, then blocks of a big-endian length and raw snappy.
constexpr std::string_view kXerialHeader("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
constexpr size_t kXerialMagic = 8;  // the part of the header before its two version numbers
constexpr size_t kXerialBlock = 32 * 1024;

Error corrupted(std::string_view codec, std::string_view why) {
    return Error(ErrorCode::kCorrupted,
                 fmt::format("{} data cannot be decompressed: {}", codec, why));
}

Error too_large(std::string_view codec, size_t limit) {
    return Error(
        ErrorCode::kResourceExhausted,
        fmt::format("{} data decompresses to more than the limit of {} bytes", codec, limit));
}

// What a decoder did with the room it was given.
struct Step {
    size_t produced = 0;
    bool done = false;
    const char* error = nullptr;
};

// Runs `step(to, room)` until it is done, growing `out` without filling it first, up to the limit.
template <class Decode>
Status grow_and_decode(std::string_view codec, size_t guess, size_t limit, std::string& out,
                       Decode step) {
    out.clear();
    size_t used = 0;
    size_t most =
        limit == SIZE_MAX ? limit : limit + 1;  // one byte more tells "too large" from "just fits"
    size_t room = std::min(most, std::max({guess, out.capacity(), size_t(4096)}));
    for (;;) {
        Step result;
        // Not the size that the function is given: libstdc++ 12 may give the grown capacity.
        out.resize_and_overwrite(room, [&](char* p, size_t) {
            result = step(p + used, room - used);
            used += result.produced;
            return used;
        });
        if (result.error) return fail(corrupted(codec, result.error));
        if (used > limit) return fail(too_large(codec, limit));
        if (result.done) return {};
        if (used < room) return fail(corrupted(codec, "cut short"));
        room = std::min(most, room * 2);
    }
}

Status compress_gzip(std::string_view in, std::string& out) {
    z_stream z{};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return fail(ErrorCode::kResourceExhausted, "gzip: no memory for the compressor");
    std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&z, deflateEnd);
    size_t at = out.size();
    out.resize(at + deflateBound(&z, in.size()));
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = uInt(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data() + at);
    z.avail_out = uInt(out.size() - at);
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        return fail(ErrorCode::kInternal, "gzip: compression did not finish");
    out.resize(at + z.total_out);
    return {};
}

Status decompress_gzip(std::string_view in, size_t limit, std::string& out) {
    z_stream z{};
    if (inflateInit2(&z, kGzipWindow) != Z_OK)
        return fail(ErrorCode::kResourceExhausted, "gzip: no memory for the decompressor");
    std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&z, inflateEnd);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = uInt(in.size());
    return grow_and_decode("gzip", in.size() * 4, limit, out, [&](char* to, size_t room) {
        Step step;
        z.next_out = reinterpret_cast<Bytef*>(to);
        z.avail_out = uInt(std::min(room, size_t(UINT_MAX)));
        uInt given = z.avail_out;
        for (;;) {
            int rc = inflate(&z, Z_NO_FLUSH);
            step.produced = given - z.avail_out;
            if (rc == Z_STREAM_END &&
                z.avail_in > 0) {  // members may be concatenated (RFC 1952, 2.2)
                inflateReset(&z);
                continue;
            }
            step.done = rc == Z_STREAM_END;
            if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
                step.error = z.msg ? z.msg : "malformed";
            if (rc == Z_OK && z.avail_out > 0 && z.avail_in > 0) continue;
            return step;
        }
    });
}

Status compress_snappy(std::string_view in, std::string& out) {
    out.append(kXerialHeader);
    for (size_t at = 0; at < in.size(); at += kXerialBlock) {
        auto block = in.substr(at, kXerialBlock);
        size_t start = out.size();
        out.resize(start + 4 + snappy::MaxCompressedLength(block.size()));
        size_t length = 0;
        snappy::RawCompress(block.data(), block.size(), out.data() + start + 4, &length);
        store_be<uint32_t>(out.data() + start, uint32_t(length));
        out.resize(start + 4 + length);
    }
    return {};
}

Status append_snappy_block(std::string_view block, size_t limit, std::string& out) {
    size_t length = 0;
    if (!snappy::GetUncompressedLength(block.data(), block.size(), &length))
        return fail(corrupted("snappy", "a block has no length"));
    if (length > limit - out.size()) return fail(too_large("snappy", limit));
    // No block grows more than this: a copy of 64 bytes takes two or three. The claim is checked
    // before the memory is taken.
    if (length / 64 > block.size())
        return fail(corrupted("snappy", "a block claims more than it can hold"));
    size_t at = out.size();
    bool ok = false;
    out.resize_and_overwrite(at + length, [&](char* p, size_t) {
        ok = snappy::RawUncompress(block.data(), block.size(), p + at);
        return ok ? at + length : at;
    });
    if (!ok) return fail(corrupted("snappy", "malformed"));
    return {};
}

Status decompress_snappy(std::string_view in, size_t limit, std::string& out) {
    out.clear();
    auto magic = kXerialHeader.substr(0, kXerialMagic);
    if (!in.starts_with(magic)) return append_snappy_block(in, limit, out);
    while (!in.empty()) {
        if (in.starts_with(magic)) {  // streams may be concatenated
            if (in.size() < kXerialHeader.size()) return fail(corrupted("snappy", "cut short"));
            in.remove_prefix(kXerialHeader.size());
            continue;
        }
        if (in.size() < 4) return fail(corrupted("snappy", "cut short"));
        size_t length = load_be<uint32_t>(in.data());
        in.remove_prefix(4);
        if (length > in.size()) return fail(corrupted("snappy", "a block is cut short"));
        TARN_RETURN_IF_ERROR(append_snappy_block(in.substr(0, length), limit, out));
        in.remove_prefix(length);
    }
    return {};
}

Status compress_lz4(std::string_view in, std::string& out) {
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.blockMode =
        LZ4F_blockIndependent;  // the Java client reads no linked blocks
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    size_t at = out.size();
    out.resize(at + LZ4F_compressFrameBound(in.size(), &preferences));
    size_t n =
        LZ4F_compressFrame(out.data() + at, out.size() - at, in.data(), in.size(), &preferences);
    if (LZ4F_isError(n))
        return fail(ErrorCode::kInternal, fmt::format("lz4: {}", LZ4F_getErrorName(n)));
    out.resize(at + n);
    return {};
}

Status decompress_lz4(std::string_view in, size_t limit, std::string& out) {
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return fail(ErrorCode::kResourceExhausted, "lz4: no memory for the decompressor");
    std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> guard(
        context, LZ4F_freeDecompressionContext);
    bool complete = false;  // at the end of a frame
    return grow_and_decode("lz4", in.size() * 4, limit, out, [&](char* to, size_t room) {
        Step step;
        while (step.produced < room || complete) {
            if (in.empty()) {
                step.done = complete;
                break;
            }
            size_t produced = room - step.produced, consumed = in.size();
            size_t rc = LZ4F_decompress(context, to + step.produced, &produced, in.data(),
                                        &consumed, nullptr);
            if (LZ4F_isError(rc)) {
                step.error = LZ4F_getErrorName(rc);
                break;
            }
            step.produced += produced;
            in.remove_prefix(consumed);
            complete = rc == 0;
            if (produced == 0 && consumed == 0) break;
        }
        return step;
    });
}

Status compress_zstd(std::string_view in, std::string& out) {
    size_t at = out.size();
    out.resize(at + ZSTD_compressBound(in.size()));
    size_t n = ZSTD_compress(out.data() + at, out.size() - at, in.data(), in.size(), kZstdLevel);
    if (ZSTD_isError(n))
        return fail(ErrorCode::kInternal, fmt::format("zstd: {}", ZSTD_getErrorName(n)));
    out.resize(at + n);
    return {};
}

Status decompress_zstd(std::string_view in, size_t limit, std::string& out) {
    std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
    if (!context)
        return fail(ErrorCode::kResourceExhausted, "zstd: no memory for the decompressor");
    ZSTD_inBuffer source{in.data(), in.size(), 0};
    bool complete = false;  // at the end of a frame
    size_t guess = in.size() * 4;
    auto declared = ZSTD_getFrameContentSize(in.data(), in.size());
    // What the frame declares is believed only as far as it is likely; the rest comes by growing.
    if (declared < ZSTD_CONTENTSIZE_ERROR - 1) guess = std::min<size_t>(declared, in.size() * 64);
    return grow_and_decode("zstd", guess, limit, out, [&](char* to, size_t room) {
        ZSTD_outBuffer target{to, room, 0};
        Step step;
        for (;;) {
            if (complete && source.pos == source.size) {
                step.done = true;
                break;
            }
            size_t before_in = source.pos, before_out = target.pos;
            size_t rc = ZSTD_decompressStream(context.get(), &target, &source);
            if (ZSTD_isError(rc)) {
                step.error = ZSTD_getErrorName(rc);
                break;
            }
            complete = rc == 0;
            if (source.pos == before_in && target.pos == before_out && !complete) break;
        }
        step.produced = target.pos;
        return step;
    });
}

}  // namespace

Result<Compression> parse_compression(std::string_view name) {
    for (auto c : {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4,
                   Compression::kZstd})
        if (name == to_string(c)) return c;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("not a compression (none, gzip, snappy, lz4 or zstd): \"{}\"", name));
}

std::string_view to_string(Compression c) {
    switch (c) {
        case Compression::kNone:
            return "none";
        case Compression::kGzip:
            return "gzip";
        case Compression::kSnappy:
            return "snappy";
        case Compression::kLz4:
            return "lz4";
        case Compression::kZstd:
            return "zstd";
    }
    return "unknown";
}

Status compress(Compression c, std::string_view in, std::string& out) {
    if (in.size() > INT_MAX)
        return fail(ErrorCode::kInvalidArgument, "more than 2 GiB cannot be compressed at once");
    switch (c) {
        case Compression::kNone:
            out.append(in);
            return {};
        case Compression::kGzip:
            return compress_gzip(in, out);
        case Compression::kSnappy:
            return compress_snappy(in, out);
        case Compression::kLz4:
            return compress_lz4(in, out);
        case Compression::kZstd:
            return compress_zstd(in, out);
    }
    return fail(ErrorCode::kUnsupported, fmt::format("unknown compression {}", int(c)));
}

Status decompress(Compression c, std::string_view in, size_t limit_bytes, std::string& out) {
    if (in.size() > INT_MAX)
        return fail(ErrorCode::kInvalidArgument, "more than 2 GiB cannot be decompressed at once");
    switch (c) {
        case Compression::kNone:
            if (in.size() > limit_bytes) return fail(too_large("uncompressed", limit_bytes));
            out.assign(in);
            return {};
        case Compression::kGzip:
            return decompress_gzip(in, limit_bytes, out);
        case Compression::kSnappy:
            return decompress_snappy(in, limit_bytes, out);
        case Compression::kLz4:
            return decompress_lz4(in, limit_bytes, out);
        case Compression::kZstd:
            return decompress_zstd(in, limit_bytes, out);
    }
    return fail(ErrorCode::kUnsupported, fmt::format("unknown compression {}", int(c)));
}

}  // namespace tarn::codec
