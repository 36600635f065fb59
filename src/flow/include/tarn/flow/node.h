#pragma once

// What flows read and write, by kind and name: topic "clicks", table "bronze.clicks", view
// "live.windows". The kinds are an open set: a source or sink brings its own, and whoever shows
// nodes shows any.

#include <compare>
#include <string>
#include <string_view>

namespace tarn::flow {

inline constexpr std::string_view kTopicKind = "topic", kTableKind = "table", kViewKind = "view";

struct Node {
    std::string kind, name;
    // As messages call it: "table bronze.clicks".
    std::string text() const { return kind + " " + name; }
    // Unique among all nodes: "table:bronze.clicks".
    std::string id() const { return kind + ":" + name; }
    friend auto operator<=>(const Node&, const Node&) = default;
};

inline Node topic_node(std::string_view name) {
    return {std::string(kTopicKind), std::string(name)};
}
inline Node table_node(std::string_view name) {
    return {std::string(kTableKind), std::string(name)};
}
inline Node view_node(std::string_view name) { return {std::string(kViewKind), std::string(name)}; }

}  // namespace tarn::flow
