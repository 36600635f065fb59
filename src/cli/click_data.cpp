#include "click_data.h"

#include <charconv>
#include <unordered_map>

#include "demo_clicks.h"
#include "tarn/codec/compression.h"

namespace tarn::cli {
namespace {

// Numbers names in the order in which they are first seen.
class Names {
  public:
    explicit Names(std::vector<std::string>& names) : names_(names) {}
    uint16_t number(std::string_view name) {
        auto [it, fresh] = numbers_.try_emplace(std::string(name), uint16_t(names_.size()));
        if (fresh) names_.emplace_back(name);
        return it->second;
    }

  private:
    std::vector<std::string>& names_;
    std::unordered_map<std::string, uint16_t> numbers_;
};

// The text up to the separator, which is taken off `rest` as well.
std::string_view take(std::string_view& rest, char separator) {
    auto end = rest.find(separator);
    auto field = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    return field;
}

int64_t number(std::string_view text) {
    int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace

Result<ClickData> load_click_data() {
    if (demo_clicks().empty())
        return fail(ErrorCode::kInternal, "this program was built without the demo's clicks");
    std::string text;
    TARN_RETURN_IF_ERROR(
        codec::decompress(codec::Compression::kZstd, demo_clicks()[0].bytes, 64 << 20, text));
    ClickData data;
    Names pages(data.pages), categories(data.categories), countries(data.countries);
    std::string_view rest = text;
    take(rest, '\n');  // the header
    Duration offset;
    while (!rest.empty()) {
        auto line = take(rest, '\n');
        Click click;
        click.session = uint32_t(number(take(line, '\t')));
        click.order = uint32_t(number(take(line, '\t')));
        offset = click.order == 1 ? Duration() : offset;
        offset = offset + Duration::millis(number(take(line, '\t')));
        click.offset = offset;
        click.page = pages.number(take(line, '\t'));
        click.category = categories.number(take(line, '\t'));
        click.country = countries.number(take(line, '\t'));
        click.price = int32_t(number(line));
        data.sessions = click.session + 1;
        data.clicks.push_back(click);
    }
    return data;
}

}  // namespace tarn::cli
