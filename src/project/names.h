#pragma once

// Names that a project gives: what they may be, and how they are compared.

#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/names.h"
#include "tarn/base/time.h"
#include "tarn/project/check.h"
#include "tarn/project/section.h"

namespace tarn::project {

inline constexpr std::string_view kProjectFile = "tarn.yml";
inline constexpr Duration kMinEvery = Duration::millis(10);

std::string lower(std::string_view text);
bool is_identifier(std::string_view word);  // of a column
extern const NameRule kTableName;           // schema.table

// What is wrong with `what`, where a key stands under both of its names.
std::string both_names(const Key& key, std::string_view what);

std::vector<std::string> topic_names(const Project& project);

}  // namespace tarn::project
