#pragma once

// What may stand in a project, from the rows of its sections and kinds of models: a page for people
// and a JSON schema for editors.

#include <span>
#include <string>

#include "tarn/base/settings.h"
#include "tarn/project/model_kind.h"
#include "tarn/project/section.h"

namespace tarn::cli {

// docs/reference/project.md; `made` says how it was made.
std::string project_page(std::span<const project::Section> sections,
                         std::span<const project::ModelKind> kinds, std::string_view made);
// docs/reference/tarn.schema.json: JSON Schema, draft 2020-12, of tarn.yml.
std::string project_schema(std::span<const project::Section> sections,
                           std::span<const SettingDeclaration> settings);

}  // namespace tarn::cli
