// What can go wrong with reading a project. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/project/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kNoProject{301, Code::kNotFound,
    "There is no project here",
    "The project's folder has no tarn.yml at its root.",
    "Check `--project`, or write a tarn.yml; scenarios/q01-clickstream is a whole small project."};

extern constinit const ErrorId kYaml{302, Code::kInvalidArgument,
    "The file is not valid YAML",
    "The YAML reader stopped at the line that the message names. Usual causes: tabs, a missing "
    "blank behind a colon, quotes that do not end.",
    "Mend the line."};

extern constinit const ErrorId kUnknownKey{303, Code::kInvalidArgument,
    "The project has an unknown key",
    "A key of a project's file is none that Tarn knows at this place. Unknown keys are refused, "
    "for a typing mistake in one would change what the platform does.",
    "Use the key that the message proposes, or remove it."};

extern constinit const ErrorId kProjectValue{304, Code::kInvalidArgument,
    "The project is not right",
    "A project's file says something that cannot be: a name that is none, a value out of bounds, "
    "something that does not fit what stands elsewhere.",
    "The message begins with the file and the line; mend that."};

extern constinit const ErrorId kTemplate{305, Code::kUnsupported,
    "A template that is not supported",
    "A model has `{{ … }}` or `{% … %}` beyond the one `config(…)` block in front. Tarn does not "
    "run templates.",
    "Write the SQL out."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kNoProject, &kYaml, &kUnknownKey, &kProjectValue, &kTemplate,
};

}  // namespace tarn::errors

namespace tarn::project {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::project
