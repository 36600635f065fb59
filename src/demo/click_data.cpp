#include "click_data.h"

#include <unordered_map>

#include "demo_text.h"

namespace tarn::demo {
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

}  // namespace

Result<ClickData> load_click_data() {
    TARN_TRY(const auto text, demo_text("clicks.tsv.zst"));
    ClickData data;
    Names pages(data.pages), categories(data.categories), countries(data.countries);
    std::string_view rest = text;
    take_field(rest, '\n');  // the header
    Duration offset;
    while (!rest.empty()) {
        auto line = take_field(rest, '\n');
        Click click;
        click.session = uint32_t(number_field(take_field(line, '\t')));
        click.order = uint32_t(number_field(take_field(line, '\t')));
        offset = click.order == 1 ? Duration() : offset;
        offset = offset + Duration::millis(number_field(take_field(line, '\t')));
        click.offset = offset;
        click.page = pages.number(take_field(line, '\t'));
        click.category = categories.number(take_field(line, '\t'));
        click.country = countries.number(take_field(line, '\t'));
        click.price = int32_t(number_field(line));
        data.sessions = click.session + 1;
        data.clicks.push_back(click);
    }
    return data;
}

}  // namespace tarn::demo
