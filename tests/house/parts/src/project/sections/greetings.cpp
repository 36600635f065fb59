// greetings: names, each with a time after which it is said.

#include "tarn/project/project.h"
#include "tarn/project/section.h"

namespace tarn::project {
namespace {

constexpr Key kKeys[] = {
    {.name = "after", .form = Form::kDuration, .default_value = "5m", .text = "When."},
};

Status load(const Values& file, Project& project) {
    int64_t sum = 0;
    for (const auto& [name, values] : file.named("greetings"))
        sum += values.duration("after").us;
    project.sections["greetings"] = sum;
    return {};
}

}  // namespace

Section greetings_section() {
    return {.key = {.name = "greetings",
                    .form = Form::kNamed,
                    .text = "Greetings.",
                    .keys = kKeys,
                    .one = "greeting"},
            .load = load};
}

}  // namespace tarn::project
