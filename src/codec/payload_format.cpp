#include "tarn/codec/payload_format.h"

#include <algorithm>

namespace tarn::codec {

const PayloadFormat* find_payload_format(std::string_view name) {
    auto all = payload_formats();
    auto it = std::ranges::find(all, name, &PayloadFormat::name);
    return it == all.end() ? nullptr : &*it;
}

std::vector<std::string> payload_format_names() {
    std::vector<std::string> names;
    for (const auto& format : payload_formats())
        names.emplace_back(format.name);
    return names;
}

}  // namespace tarn::codec
