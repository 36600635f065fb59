#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kind.h"
#include "names.h"
#include "tarn/base/check.h"

namespace tarn::project {
namespace {

constexpr std::string_view kKindKey = "materialized";

// Names with commas between, as they stand.
std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> out;
    for (size_t at = 0; at < list.size();) {
        auto end = std::min(list.find(',', at), list.size());
        auto& word = out.emplace_back(list.substr(at, end - at));
        std::erase_if(word, [](char c) { return std::isspace(static_cast<unsigned char>(c)); });
        at = end + 1;
    }
    return out;
}

}  // namespace

Result<Config> Config::check(ModelFile& parsed, const std::string& file,
                             std::span<const Key> keys) {
    Config config(parsed, file, keys);
    for (const auto& key : keys) {
        auto old = parsed.config.find(key.old_name);
        if (old == parsed.config.end()) continue;
        if (parsed.config.contains(key.name))
            return wrong({file, old->second.line}, both_names(key, "config"));
        parsed.config.emplace(key.name, std::move(old->second));
        parsed.config.erase(old);
    }
    for (const auto& [name, value] : parsed.config) {
        if (name == kKindKey || std::ranges::find(keys, name, &Key::name) != keys.end()) continue;
        std::vector<std::string> known = {std::string(kKindKey)};
        for (const auto& key : keys)
            known.emplace_back(key.name);
        return wrong({file, value.line}, "config: unknown key " + name + suggestion(name, known));
    }
    for (const auto& key : keys) {
        auto it = parsed.config.find(key.name);
        if (it != parsed.config.end())
            TARN_RETURN_IF_ERROR(config.check_value(key, it->second.text));
    }
    return config;
}

Status Config::check_value(const Key& key, const std::string& text) const {
    auto bad = [&](std::string_view what) {
        return wrong(place(key.name), fmt::format("config: {}{}", key.name, what));
    };
    if (key.form == Form::kDuration) {
        auto parsed = parse_duration(text);
        if (!parsed) return bad(": " + parsed.error().message());
        if (parsed->us < key.min) return bad(" must be at least " + format_duration({key.min}));
    } else if (key.form == Form::kBoolean) {
        if (text != "true" && text != "false") return bad(" is true or false, not '" + text + "'");
    } else if (key.form == Form::kTexts) {
        auto words = split(text);
        for (size_t i = 0; i < words.size(); ++i) {
            if (!is_identifier(words[i]))
                return bad(fmt::format(": not a column's name: '{}'", words[i]));
            if (std::find(words.begin(), words.begin() + ptrdiff_t(i), words[i]) !=
                words.begin() + ptrdiff_t(i))
                return bad(fmt::format(" names {} twice", words[i]));
        }
    } else if (key.rule && !text.empty() && !key.rule->good(text)) {
        return bad(fmt::format(": {}, not '{}'", key.rule->text, text));
    } else if (key.choices) {
        const auto choices = key.choices();
        if (std::ranges::find(choices, text) == choices.end())
            return bad(fmt::format(" is {}, not '{}'{}", fmt::join(choices, ", "), text,
                                   suggestion(text, choices)));
    }
    return {};
}

const Key& Config::row(std::string_view key, Form form) const {
    auto it = std::ranges::find(keys_, key, &Key::name);
    TARN_CHECK(it != keys_.end() && it->form == form, "a key is read in the form of its row");
    return *it;
}

std::string_view Config::value(const Key& key) const {
    auto it = parsed_->config.find(key.name);
    return it == parsed_->config.end() ? key.default_value : std::string_view(it->second.text);
}

std::string Config::text(std::string_view key) const {
    return std::string(value(row(key, Form::kText)));
}

Duration Config::duration(std::string_view key) const {
    auto parsed = parse_duration(value(row(key, Form::kDuration)));
    TARN_CHECK(parsed, "values are checked and a duration has a default");
    return *parsed;
}

bool Config::boolean(std::string_view key) const {
    return value(row(key, Form::kBoolean)) == "true";
}

std::vector<std::string> Config::texts(std::string_view key) const {
    return split(value(row(key, Form::kTexts)));
}

Place Config::place(std::string_view key) const {
    auto it = parsed_->config.find(key);
    return {*file_, it == parsed_->config.end() ? parsed_->config_line : it->second.line};
}

}  // namespace tarn::project
