#include "tarn/project/section.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "names.h"
#include "tarn/base/check.h"
#include "tarn/base/settings.h"

namespace tarn::errors {
extern const ErrorId kUnknownKey;
}  // namespace tarn::errors

namespace tarn::project {
namespace {

const Key* find_row(std::span<const Key> keys, std::string_view name) {
    auto it = std::ranges::find(keys, name, &Key::name);
    return it == keys.end() ? nullptr : &*it;
}

// A value that stands alone becomes the map that it is short for.
void unfold(const Key& key, Node& value) {
    if (key.alone.empty() || value.kind != Node::Kind::kScalar) return;
    Node map{.kind = Node::Kind::kMap, .line = value.line, .text = {}, .items = {}, .entries = {}};
    map.entries.push_back({std::string(key.alone), value.line, std::move(value)});
    value = std::move(map);
}

// What stands under a key's old name stands under its name.
Status rename_old(std::vector<Entry>& entries, const std::string& what, std::span<const Key> keys,
                  std::string_view file) {
    for (const auto& key : keys) {
        auto old = std::ranges::find(entries, key.old_name, &Entry::key);
        if (key.old_name.empty() || old == entries.end()) continue;
        if (std::ranges::find(entries, key.name, &Entry::key) != entries.end())
            return wrong({file, old->line}, both_names(key, what));
        old->key = key.name;
    }
    return {};
}

// Walks a tree along the rows. Every node is looked at once; the tree's depth is bounded by the
// rows.
class Checker {
  public:
    explicit Checker(std::string_view file) : file_(file) {}

    Status map(Node& node, const std::string& what, std::span<const Key> keys) {
        if (node.kind == Node::Kind::kNull) return {};
        if (node.kind != Node::Kind::kMap) {
            return wrong({file_, node.line},
                         fmt::format("{} must be a map of keys and values, not {}", what,
                                     to_string(node.kind)));
        }
        TARN_RETURN_IF_ERROR(rename_old(node.entries, what, keys, file_));
        for (const auto& entry : node.entries)
            if (!find_row(keys, entry.key)) return unknown(entry, what, keys);
        for (auto& entry : node.entries)
            TARN_RETURN_IF_ERROR(value(entry, what, *find_row(keys, entry.key)));
        return {};
    }

  private:
    Place place(const Entry& entry) const { return {file_, entry.line}; }

    Status unknown(const Entry& entry, const std::string& what, std::span<const Key> keys) const {
        std::vector<std::string> known;
        for (const auto& key : keys)
            known.emplace_back(key.name);
        return wrong(
            place(entry),
            fmt::format("unknown key {} in {}{}", entry.key, what, suggestion(entry.key, known)),
            errors::kUnknownKey);
    }

    Status value(Entry& entry, const std::string& what, const Key& key) {
        switch (key.form) {
            case Form::kMap:
                unfold(key, entry.value);
                return map(entry.value, fmt::format("{} of {}", key.name, what), key.keys);
            case Form::kNamed:
                return named(entry, key);
            case Form::kAny:
                if (entry.value.kind == Node::Kind::kMap || entry.value.kind == Node::Kind::kNull)
                    return {};
                return wrong(place(entry), fmt::format("{} must be a map", key.name));
            case Form::kTexts:
                return texts(entry, what);
            case Form::kText:
            case Form::kInteger:
            case Form::kBoolean:
            case Form::kDuration:
            case Form::kBytes:
                break;
        }
        if (entry.value.kind != Node::Kind::kScalar) {
            return wrong(place(entry), fmt::format("{} of {} must be a single value, not {}",
                                                   key.name, what, to_string(entry.value.kind)));
        }
        if (!key.word.empty() && entry.value.text == key.word) return {};
        return scalar(entry, what, key);
    }

    Status scalar(const Entry& entry, const std::string& what, const Key& key) const {
        const auto& text = entry.value.text;
        switch (key.form) {
            case Form::kInteger:
                return integer(entry, what, key);
            case Form::kBoolean:
                if (text == "true" || text == "false") return {};
                return wrong(place(entry), fmt::format("{} of {} must be true or false, not {}",
                                                       key.name, what, text));
            case Form::kDuration:
                return duration(entry, what, key);
            case Form::kBytes: {
                auto bytes = parse_bytes(text);
                if (bytes) return {};
                return wrong(place(entry),
                             fmt::format("{} of {}: {}", key.name, what, bytes.error().message()));
            }
            default:
                break;
        }
        if (text.empty())
            return wrong(place(entry), fmt::format("{} of {} is empty", key.name, what));
        if (key.rule && !key.rule->good(text))
            return wrong(place(entry), fmt::format("{}, not '{}'", key.rule->text, text));
        if (!key.choices) return {};
        auto choices = key.choices();
        if (std::ranges::find(choices, text) != choices.end()) return {};
        return wrong(place(entry),
                     fmt::format("unknown {} {}{}", key.name, text, suggestion(text, choices)));
    }

    Status integer(const Entry& entry, const std::string& what, const Key& key) const {
        const auto& text = entry.value.text;
        int64_t n = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        bool good = error == std::errc() && end == text.data() + text.size();
        if (good && n >= key.min && n <= key.max) return {};
        return wrong(place(entry),
                     fmt::format("{} of {} must be a whole number from {} to {}, not {}", key.name,
                                 what, key.min, key.max, text));
    }

    Status duration(const Entry& entry, const std::string& what, const Key& key) const {
        auto parsed = parse_duration(entry.value.text);
        if (!parsed)
            return wrong(place(entry),
                         fmt::format("{} of {}: {}", key.name, what, parsed.error().message()));
        if (parsed->us >= key.min) return {};
        return wrong(place(entry), fmt::format("{} of {} must be at least {}, not {}", key.name,
                                               what, format_duration({key.min}), entry.value.text));
    }

    Status texts(const Entry& entry, const std::string& what) const {
        if (entry.value.kind != Node::Kind::kList)
            return wrong(place(entry), fmt::format("{} of {} must be a list, not {}", entry.key,
                                                   what, to_string(entry.value.kind)));
        for (const auto& item : entry.value.items)
            if (item.kind != Node::Kind::kScalar)
                return wrong({file_, item.line},
                             fmt::format("{} of {} must be a list of names", entry.key, what));
        return {};
    }

    Status named(Entry& entry, const Key& key) {
        if (entry.value.kind == Node::Kind::kNull) return {};
        if (entry.value.kind != Node::Kind::kMap)
            return wrong(place(entry), fmt::format("{} must be a map of names, not {}", key.name,
                                                   to_string(entry.value.kind)));
        for (auto& one : entry.value.entries) {
            if (key.rule && !key.rule->good(one.key))
                return wrong(place(one), fmt::format("{}, not {}", key.rule->text, one.key));
            unfold(key, one.value);
            TARN_RETURN_IF_ERROR(map(one.value, fmt::format("{} {}", key.one, one.key), key.keys));
        }
        return {};
    }

    std::string_view file_;
};

}  // namespace

std::string both_names(const Key& key, std::string_view what) {
    return fmt::format("{0} is the old name of {1}, and both stand in {2}: leave {0} out",
                       key.old_name, key.name, what);
}

Result<Values> Values::check(Node& map, std::span<const Key> keys, Place place, std::string what) {
    TARN_RETURN_IF_ERROR(Checker(place.file).map(map, what, keys));
    Values out;
    out.map_ = &map;
    out.keys_ = keys;
    out.place_ = place;
    return out;
}

const Entry* Values::find(std::string_view key) const {
    if (!map_) return nullptr;
    auto it = std::ranges::find(map_->entries, key, &Entry::key);
    return it == map_->entries.end() ? nullptr : &*it;
}

const Key& Values::row(std::string_view key) const {
    auto found = find_row(keys_, key);
    TARN_CHECK(found, "a key that is read has a row");
    return *found;
}

// The value as it is written, or its default.
std::string_view Values::scalar(std::string_view key, Form form) const {
    const auto& of = row(key);
    TARN_CHECK(of.form == form, "a value is read in the form that its row says");
    auto entry = find(key);
    return entry ? std::string_view(entry->value.text) : of.default_value;
}

std::string Values::text(std::string_view key) const {
    return std::string(scalar(key, row(key).form));
}

int64_t Values::integer(std::string_view key) const {
    auto text = scalar(key, Form::kInteger);
    int64_t out = -1;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

bool Values::boolean(std::string_view key) const { return scalar(key, Form::kBoolean) == "true"; }

Duration Values::duration(std::string_view key) const {
    return parse_duration(scalar(key, Form::kDuration)).value_or(Duration::micros(-1));
}

int64_t Values::bytes(std::string_view key) const {
    return parse_bytes(scalar(key, Form::kBytes)).value_or(-1);
}

std::vector<std::string> Values::texts(std::string_view key) const {
    const auto& of = row(key);
    TARN_CHECK(of.form == Form::kTexts, "a value is read in the form that its row says");
    std::vector<std::string> out;
    if (auto entry = find(key)) {
        for (const auto& item : entry->value.items)
            out.push_back(item.text);
        return out;
    }
    auto rest = of.default_value;
    while (!rest.empty()) {
        auto comma = std::min(rest.find(','), rest.size());
        out.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        while (rest.starts_with(' '))
            rest.remove_prefix(1);
    }
    return out;
}

Values Values::map(std::string_view key) const {
    const auto& of = row(key);
    TARN_CHECK(of.form == Form::kMap, "a value is read in the form that its row says");
    auto entry = find(key);
    Values out;
    out.map_ = entry ? &entry->value : nullptr;
    out.keys_ = of.keys;
    out.place_ = place(key);
    return out;
}

std::vector<NamedValues> Values::named(std::string_view key) const {
    const auto& of = row(key);
    TARN_CHECK(of.form == Form::kNamed, "a value is read in the form that its row says");
    std::vector<NamedValues> out;
    auto entry = find(key);
    if (!entry) return out;
    for (const auto& one : entry->value.entries) {
        auto& values = out.emplace_back(NamedValues{one.key, {}}).values;
        values.map_ = &one.value;
        values.keys_ = of.keys;
        values.place_ = {place_.file, one.line};
    }
    return out;
}

const Node* Values::node(std::string_view key) const {
    row(key);
    auto entry = find(key);
    return entry ? &entry->value : nullptr;
}

Place Values::place(std::string_view key) const {
    auto entry = find(key);
    return entry ? Place{place_.file, entry->line} : place_;
}

}  // namespace tarn::project
