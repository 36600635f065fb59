#include "tarn/project/project.h"
#include "tarn/project/section.h"

namespace tarn::project {
namespace {

Status load(const Values& file, Project& project) {
    project.name = file.has("name") ? file.text("name") : io::file_name(project.folder);
    return {};
}

}  // namespace

Section name_section() {
    return {.key = {.name = "name",
                    .text = "What the project is called; without it, as its folder is.",
                    .example = "clickstream"},
            .load = load};
}

}  // namespace tarn::project
