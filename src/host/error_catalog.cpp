#include "tarn/host/error_catalog.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "tarn/base/check.h"

namespace tarn::host {

ErrorCatalog::ErrorCatalog(std::span<const ErrorList> lists) {
    for (auto list : lists)
        all_.insert(all_.end(), list.begin(), list.end());
    std::ranges::sort(all_, {}, &ErrorId::number);
    TARN_CHECK(std::ranges::adjacent_find(all_, {}, &ErrorId::number) == all_.end(),
               "no number of an error stands twice");
}

const ErrorId* ErrorCatalog::find(std::string_view text) const {
    std::string wanted(text);
    for (auto& c : wanted)
        c = char(std::toupper(static_cast<unsigned char>(c)));
    if (!wanted.starts_with("TARN-"))
        wanted.insert(0, wanted.starts_with("E") ? "TARN-" : "TARN-E");
    auto found = std::ranges::find_if(all_, [&](auto* id) { return to_string(*id) == wanted; });
    return found == all_.end() ? nullptr : *found;
}

}  // namespace tarn::host
