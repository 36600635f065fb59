#include "yaml.h"
#include "tarn/project/error_ids.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>

namespace tarn::project {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxNodes = 100'000;  // aliases can make a small file a large tree

class Converter {
  public:
    explicit Converter(std::string_view file) : file_(file) {}

    Result<YamlNode> convert(const YAML::Node& in, int depth) {
        YamlNode out;
        out.line = in.Mark().line + 1;
        if (depth > kMaxDepth || ++nodes_ > kMaxNodes)
            return wrong({file_, out.line}, "too deep or too large");
        if (in.IsScalar()) {
            out.kind = YamlNode::Kind::kScalar;
            out.text = in.Scalar();
        } else if (in.IsSequence()) {
            out.kind = YamlNode::Kind::kList;
            for (const auto& item : in) {
                TARN_TRY(auto converted, convert(item, depth + 1));
                out.items.push_back(std::move(converted));
            }
        } else if (in.IsMap()) {
            out.kind = YamlNode::Kind::kMap;
            TARN_RETURN_IF_ERROR(convert_entries(in, depth, out));
        }
        return out;
    }

  private:
    Status convert_entries(const YAML::Node& in, int depth, YamlNode& out) {
        for (const auto& pair : in) {
            int line = pair.first.Mark().line + 1;
            if (!pair.first.IsScalar()) return wrong({file_, line}, "a key must be a word");
            auto key = pair.first.Scalar();
            for (const auto& entry : out.entries) {
                if (entry.key == key) {
                    return wrong({file_, line},
                                 fmt::format("{} stands twice, first in line {}", key, entry.line));
                }
            }
            TARN_TRY(auto value, convert(pair.second, depth + 1));
            out.entries.push_back({key, line, std::move(value)});
        }
        return {};
    }
    std::string_view file_;
    size_t nodes_ = 0;
};

}  // namespace

std::string_view to_string(YamlNode::Kind kind) {
    switch (kind) {
        case YamlNode::Kind::kNull:
            return "nothing";
        case YamlNode::Kind::kScalar:
            return "a single value";
        case YamlNode::Kind::kList:
            return "a list";
        case YamlNode::Kind::kMap:
            return "a map";
    }
    return "";
}

Result<YamlNode> parse_yaml(std::string_view text, std::string_view file) {
    try {
        auto documents = YAML::LoadAll(std::string(text));
        if (documents.size() > 1)
            return wrong({file, documents[1].Mark().line + 1}, "more than one YAML document",
                         errors::kYaml);
        if (documents.empty()) return YamlNode();
        return Converter(file).convert(documents[0], 0);
    } catch (const YAML::Exception& error) {
        return wrong({file, error.mark.line + 1}, "not valid YAML: " + error.msg, errors::kYaml);
    } catch (const std::exception& error) {
        return wrong({file, 1}, std::string("not valid YAML: ") + error.what(), errors::kYaml);
    }
}

Result<YamlMap> YamlMap::of(const YamlNode& node, std::string_view file, std::string what,
                            std::span<const std::string> known) {
    YamlMap map;
    map.node_ = &node;
    map.file_ = file;
    map.what_ = std::move(what);
    if (node.kind == YamlNode::Kind::kNull) return map;
    if (node.kind != YamlNode::Kind::kMap) {
        return wrong({file, node.line}, fmt::format("{} must be a map of keys and values, not {}",
                                                    map.what_, to_string(node.kind)));
    }
    for (const auto& entry : node.entries) {
        if (std::ranges::find(known, entry.key) == known.end()) {
            return wrong({file, entry.line},
                         fmt::format("unknown key {} in {}{}", entry.key, map.what_,
                                     suggestion(entry.key, known)),
                         errors::kUnknownKey);
        }
    }
    return map;
}

const YamlEntry* YamlMap::find(std::string_view key) const {
    for (const auto& entry : node_->entries)
        if (entry.key == key) return &entry;
    return nullptr;
}

Result<std::string_view> YamlMap::scalar(const YamlEntry& entry) const {
    if (entry.value.kind != YamlNode::Kind::kScalar) {
        return wrong(place(entry), fmt::format("{} of {} must be a single value, not {}", entry.key,
                                               what_, to_string(entry.value.kind)));
    }
    return entry.value.text;
}

Status YamlMap::text(std::string_view key, std::string& out) const {
    auto entry = find(key);
    if (!entry) return {};
    TARN_TRY(out, scalar(*entry));
    if (out.empty()) return wrong(place(*entry), fmt::format("{} of {} is empty", key, what_));
    return {};
}

Status YamlMap::integer(std::string_view key, int64_t min, int64_t max, int64_t& out) const {
    auto entry = find(key);
    if (!entry) return {};
    TARN_TRY(auto text, scalar(*entry));
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
        return wrong(place(*entry),
                     fmt::format("{} of {} must be a whole number from {} to {}, not {}", key,
                                 what_, min, max, text));
    }
    out = value;
    return {};
}

Status YamlMap::boolean(std::string_view key, bool& out) const {
    auto entry = find(key);
    if (!entry) return {};
    TARN_TRY(auto text, scalar(*entry));
    if (text != "true" && text != "false") {
        return wrong(place(*entry),
                     fmt::format("{} of {} must be true or false, not {}", key, what_, text));
    }
    out = text == "true";
    return {};
}

Status YamlMap::duration(std::string_view key, Duration min, Duration& out) const {
    auto entry = find(key);
    if (!entry) return {};
    TARN_TRY(auto text, scalar(*entry));
    auto value = parse_duration(text);
    if (!value)
        return wrong(place(*entry),
                     fmt::format("{} of {}: {}", key, what_, value.error().message()));
    if (*value < min) {
        return wrong(place(*entry), fmt::format("{} of {} must be at least {}, not {}", key, what_,
                                                format_duration(min), text));
    }
    out = *value;
    return {};
}

Status YamlMap::bytes(std::string_view key, int64_t& out) const {
    auto entry = find(key);
    if (!entry) return {};
    TARN_TRY(auto text, scalar(*entry));
    auto value = parse_bytes(text);
    if (!value)
        return wrong(place(*entry),
                     fmt::format("{} of {}: {}", key, what_, value.error().message()));
    out = *value;
    return {};
}

Status YamlMap::texts(std::string_view key, std::vector<std::string>& out) const {
    auto entry = find(key);
    if (!entry) return {};
    if (entry->value.kind != YamlNode::Kind::kList) {
        return wrong(place(*entry), fmt::format("{} of {} must be a list, not {}", key, what_,
                                                to_string(entry->value.kind)));
    }
    out.clear();
    for (const auto& item : entry->value.items) {
        if (item.kind != YamlNode::Kind::kScalar) {
            return wrong({file_, item.line},
                         fmt::format("{} of {} must be a list of names", key, what_));
        }
        out.push_back(item.text);
    }
    return {};
}

}  // namespace tarn::project
