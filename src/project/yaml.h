#pragma once

// YAML as a tree of plain values with lines. yaml-cpp and its exceptions stay in yaml.cpp.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "place.h"
#include "tarn/base/time.h"

namespace tarn::project {

struct YamlEntry;
struct YamlNode {
    enum class Kind { kNull, kScalar, kList, kMap };
    Kind kind = Kind::kNull;
    int line = 0;
    std::string text;             // of a scalar
    std::vector<YamlNode> items;  // of a list
    std::vector<YamlEntry> entries;
};
struct YamlEntry {
    std::string key;
    int line = 0;
    YamlNode value;
};

// Errors: kInvalidArgument with file and line (syntax, a key twice, keys that are no text, anchors
// nested too deep).
Result<YamlNode> parse_yaml(std::string_view text, std::string_view file);

// A map whose keys must be among `known`.
class YamlMap {
  public:
    // `what` names the thing in messages: "topic clicks".
    static Result<YamlMap> of(const YamlNode& node, std::string_view file, std::string what,
                              std::span<const std::string> known);
    const YamlEntry* find(std::string_view key) const;
    Place place(const YamlEntry& entry) const { return {file_, entry.line}; }
    int line() const { return node_->line; }

    // Each leaves `out` as it is when the key is absent.
    Status text(std::string_view key, std::string& out) const;
    Status integer(std::string_view key, int64_t min, int64_t max, int64_t& out) const;
    Status boolean(std::string_view key, bool& out) const;
    Status duration(std::string_view key, Duration min, Duration& out) const;
    Status bytes(std::string_view key, int64_t& out) const;
    Status texts(std::string_view key, std::vector<std::string>& out) const;

  private:
    Result<std::string_view> scalar(const YamlEntry& entry) const;
    const YamlNode* node_ = nullptr;
    std::string_view file_;
    std::string what_;
};

std::string_view to_string(YamlNode::Kind kind);

}  // namespace tarn::project
