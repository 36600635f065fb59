#include "demo_text.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "demo_data.h"
#include "tarn/codec/compression.h"

namespace tarn::demo {

Result<std::string> demo_text(std::string_view name) {
    auto files = demo_data();
    auto file = std::ranges::find(files, name, &EmbeddedFile::path);
    if (file == files.end())
        return fail(ErrorCode::kInternal,
                    fmt::format("this program was built without demo/data/{}", name));
    std::string text;
    TARN_RETURN_IF_ERROR(codec::decompress(codec::Compression::kZstd, file->bytes, 64 << 20, text));
    return text;
}

std::string_view take_field(std::string_view& rest, char separator) {
    auto end = rest.find(separator);
    auto field = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    return field;
}

int64_t number_field(std::string_view text) {
    int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace tarn::demo
