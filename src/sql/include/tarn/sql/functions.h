#pragma once

// Functions that SQL has here, a row each. What engines register, what untrusted SQL may call, the
// names for completion and docs/reference/sql-functions.md follow from the rows. Those of this
// module stand in src/sql/functions, a file each; another module lends its own by its capability.
// DuckDB's scalar functions have no rows.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// name(VARCHAR) → VARCHAR; NULL stays NULL. The same text must always give the same, valid UTF-8.
// Called from any thread of the engine's, many times a batch.
using TextFunction = std::function<void(std::string_view value, std::string& out)>;
Status register_text_function(Engine& engine, const std::string& name, TextFunction function);

enum class FunctionKind { kScalar, kTable };
enum class FunctionUse {
    kAll,    // also in untrusted SQL
    kFlows,  // in the SQL of flows alone: refused where SQL is untrusted
};

// What a lent function may need when it is opened.
struct FunctionNeeds {
    io::FileSystem& fs;
    Random& random;
    std::string data;  // the data folder
    // Leaves a file or folder to its owner alone.
    std::function<Status(const std::string& path, bool folder)> protect;
};

struct SqlFunction {
    std::string_view name;
    std::string_view signature;  // for the reference page
    std::string_view text;       // likewise: a sentence
    FunctionKind kind = FunctionKind::kScalar;
    FunctionUse use = FunctionUse::kFlows;
    // How an engine comes by it: a function of this module is added when the engine opens, a text
    // function of another one when it is lent. Neither: DuckDB has it.
    Status (*add)(Engine& engine) = nullptr;
    Result<TextFunction> (*lend)(const FunctionNeeds& needs) = nullptr;
};

// Those of this module, by name: every engine has them.
std::span<const SqlFunction> sql_functions();
// Opens and registers those of the rows that are lent and that the SQL of this engine may call; the
// others it refuses by name. Before the engine's first session. Errors: those of opening one.
Status lend_functions(Engine& engine, std::span<const SqlFunction> functions,
                      const FunctionNeeds& needs);
// What untrusted SQL may call in this engine, by name.
std::vector<std::string_view> callable_functions(Engine& engine);

}  // namespace tarn::sql
