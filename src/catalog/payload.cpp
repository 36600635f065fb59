#include "tarn/catalog/payload.h"

#include <nlohmann/json.hpp>

#include "tarn/base/utf8.h"
#include "tarn/host/json_writer.h"

namespace tarn::catalog {
namespace {

constexpr size_t kShownBytes = 16 << 10;  // of a key, value or header

}  // namespace

Payload payload_of(std::string_view bytes) {
    std::string_view shown = bytes.substr(0, kShownBytes);
    const bool cut = shown.size() < bytes.size();
    while (cut && !shown.empty() && (uint8_t(bytes[shown.size()]) & 0xC0) == 0x80)
        shown.remove_suffix(1);
    const bool text = valid_utf8(shown) && shown.find('\0') == shown.npos;
    const bool is_json = text && !cut && !shown.empty() && (shown[0] == '{' || shown[0] == '[') &&
                         nlohmann::json::accept(shown);
    return {is_json ? "json"
            : text  ? "text"
                    : "base64",
            text ? std::string(shown) : host::base64(shown), bytes.size(), cut};
}

}  // namespace tarn::catalog
