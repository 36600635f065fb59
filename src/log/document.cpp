#include "document.h"

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/log/error_ids.h"

namespace tarn::log {
namespace {
constexpr size_t kHeader = 24;
}

std::string encode_document(uint32_t magic, uint32_t version, std::string_view body) {
    std::string file(kHeader, '\0');
    store_le<uint32_t>(file.data(), magic);
    store_le<uint32_t>(file.data() + 4, version);
    store_le<uint64_t>(file.data() + 8, body.size());
    store_le<uint32_t>(file.data() + 16, crc32c(body, crc32c({file.data(), 16})));
    file += body;
    return file;
}

Result<std::string> parse_document(std::string_view file, uint32_t magic, uint32_t newest,
                                   std::string_view path) {
    auto damaged = [&] {
        return fail(errors::kLogDamaged,
                    fmt::format("the file is damaged: {}; restore it from a backup", path));
    };
    if (file.size() < kHeader || load_le<uint32_t>(file.data()) != magic) return damaged();
    if (auto version = load_le<uint32_t>(file.data() + 4); version > newest) {
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("the file is of a newer format ({}, this program knows up to {}): {}",
                        version, newest, path));
    }
    auto body = file.substr(kHeader);
    if (load_le<uint64_t>(file.data() + 8) != body.size()) return damaged();
    if (load_le<uint32_t>(file.data() + 20) != 0) return damaged();
    if (load_le<uint32_t>(file.data() + 16) != crc32c(body, crc32c(file.substr(0, 16)))) {
        return damaged();
    }
    return std::string(body);
}

Result<std::optional<std::string>> load_document(io::FileSystem& fs, const std::string& path,
                                                 uint32_t magic, uint32_t newest) {
    auto file = fs.read_all(path);
    if (!file) {
        if (file.error().code() == ErrorCode::kNotFound) return std::nullopt;
        return fail(file.error());
    }
    TARN_TRY(auto body, parse_document(*file, magic, newest, path));
    return body;
}

}  // namespace tarn::log
