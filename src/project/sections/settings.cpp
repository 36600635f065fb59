#include <fmt/format.h>

#include "tarn/project/project.h"
#include "tarn/project/section.h"

namespace tarn::project {
namespace {

Status add(const Node& node, const std::string& prefix, std::string_view file, Project& project) {
    for (const auto& entry : node.entries) {
        auto name = prefix + entry.key;
        if (entry.value.kind == Node::Kind::kMap) {
            TARN_RETURN_IF_ERROR(add(entry.value, name + ".", file, project));
        } else if (entry.value.kind != Node::Kind::kScalar) {
            return wrong({file, entry.line}, "setting " + name + " must be a single value");
        } else if (!project.settings.emplace(name, entry.value.text).second) {
            return wrong({file, entry.line}, "setting " + name + " stands twice");
        }
    }
    return {};
}

Status load(const Values& file, Project& project) {
    auto node = file.node("settings");
    return node ? add(*node, "", file.place().file, project) : Status();
}

constexpr std::string_view kExample = R"(settings:
  log.window: 1ms
  http:
    port: 9093
)";

}  // namespace

Section settings_section() {
    return {
        .key =
            {.name = "settings",
             .form = Form::kAny,
             .text =
                 "Any [setting](settings.md), with dots or as maps within each other. A flag and "
                 "the environment go before it."},
        .example = kExample,
        .load = load};
}

}  // namespace tarn::project
