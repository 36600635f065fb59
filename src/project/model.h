#pragma once

// A model's file: SQL with one {{ config(…) }} block in front.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/project/node.h"

namespace tarn::project {

struct ConfigValue {
    std::string text;
    int line = 0;
};

// {{ ref('model') }} or {{ source('schema', 'table') }} in a model's SQL.
struct Reference {
    size_t begin = 0, end = 0;  // in the SQL
    int line = 0;
    bool is_source = false;
    std::vector<std::string> names;
};

struct ModelFile {
    std::map<std::string, ConfigValue, std::less<>> config;
    int config_line = 1;
    std::string sql;  // the block and template comments blanked out, so that lines and columns stay
    std::string stream;  // the argument of stream('…')
    int stream_line = 1;
    std::vector<Reference> references;  // in their order
};

//   file   := (space | {# … #})* block? sql
//   block  := "{{" "config" "(" [pair ("," pair)* [","]] ")" "}}"
//   pair   := name "=" ('text' | "text" | number | true | false | null)
//
// In the SQL: {{ ref('model') }} and {{ source('schema', 'table') }}. Other templates ({{ … }},
// {% … %}) are refused by name. Errors: kInvalidArgument, kUnsupported,
// with file and line.
Result<ModelFile> parse_model(std::string_view text, std::string_view file);

}  // namespace tarn::project
