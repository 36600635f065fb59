#pragma once

// The kinds of models as data: what materialized='…' may say, what may stand in config(…) then, and
// how such a model is read. A kind is a file under src/project/kinds: `ModelKind <name>_kind()`.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/project/section.h"

namespace tarn::project {

// What a model of a kind may turn out to be, by its SQL; the flow finds out which.
struct Strategy {
    std::string_view name;  // "insert_overwrite"
    std::string_view text;  // whole sentences
    std::string_view what;  // as messages name its models: "groups without a window"
    std::span<const std::string_view> without = {};  // keys that have no meaning for it
    bool replaces = false;     // rows of the table are replaced; else they are only added
    bool keeps_input = false;  // its state is of what it read, in the types that it had
};

struct ModelSource;
struct ModelDraft;

struct ModelKind {
    std::string_view name;           // of materialized='…'
    std::string_view old_name = {};  // still taken
    std::string_view text;           // whole sentences
    std::string_view example;
    std::span<const Key> keys;  // of config(…), beside materialized
    std::span<const Strategy> strategies = {};
    // Takes one file, when every section of tarn.yml is read.
    Status (*read)(const ModelSource& source, ModelDraft& draft) = nullptr;
    // When all files are read: what models say of each other. May be null.
    Status (*link)(ModelDraft& draft) = nullptr;
};

std::span<const ModelKind> model_kinds();

// Null: no kind has one of the name.
const Strategy* find_strategy(std::string_view name);

struct TableModel;
// What is wrong with a model, if it has a key that has no meaning for the strategy of that name.
std::optional<std::string> refused_key(const TableModel& model, std::string_view strategy);

}  // namespace tarn::project
