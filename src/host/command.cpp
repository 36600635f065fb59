#include "tarn/host/command.h"

#include "tarn/base/time.h"

namespace tarn::host {

std::string not_a_duration(const std::string& text) {
    auto parsed = parse_duration(text);
    if (!parsed) return parsed.error().message();
    return parsed->us > 0 ? "" : "must be more than nothing: " + text;
}

std::string not_positive(const std::string& text) {
    return text.starts_with("-") || text == "0" ? "must be 1 or more: " + text : "";
}

Option& Options::add(std::string name, Option::Target target, std::string text) {
    Option option;
    option.name = std::move(name);
    option.target = std::move(target);
    option.text = std::move(text);
    return all_.emplace_back(std::move(option));
}

}  // namespace tarn::host
