#pragma once

// All that is wrong with a project at once.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/io/file_system.h"
#include "tarn/project/project.h"
#include "tarn/project/section.h"

namespace tarn::project {

// Empty: nothing. tarn.yml gives its first error, each model's file its own; what models say of
// each other is looked at when all of them can be read, and what they say of topics when tarn.yml
// is right. `right`: if that is, becomes the project of the models that are.
std::vector<Error> check_project(io::FileSystem& fs, const std::string& folder,
                                 std::span<const Section> sections,
                                 std::optional<Project>* right = nullptr);

// The text of tarn.yml and of all models, each behind its name: whether a project has changed.
// Errors: kNotFound, kIo.
Result<std::string> text_of(io::FileSystem& fs, const std::string& folder);

// What a topic may be called.
bool is_topic_name(std::string_view name);
inline constexpr std::string_view kTopicNameRule =
    "a topic's name is 1 to 249 letters, digits, '.', '_' and '-'";

}  // namespace tarn::project
