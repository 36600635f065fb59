#include "tarn/privacy/functions.h"

#include <memory>

#include "tarn/privacy/keyed_hash.h"

namespace tarn::privacy {
namespace {

// The key lies in the data folder, readable by its owner alone.
Result<sql::TextFunction> open_keyed_hash(const sql::FunctionNeeds& needs) {
    const auto folder = needs.data + "/keys", path = folder + "/pseudonyms.key";
    TARN_TRY(auto key, load_or_make_key(needs.fs, needs.random, path));
    TARN_RETURN_IF_ERROR(needs.protect(folder, true));
    TARN_RETURN_IF_ERROR(needs.protect(path, false));
    auto hash = std::make_shared<KeyedHash>(key);
    return [hash](std::string_view text, std::string& out) { hash->append_to(out, text); };
}

constexpr sql::SqlFunction kFunctions[] = {
    {.name = "keyed_hash",
     .signature = "keyed_hash(text VARCHAR) → VARCHAR",
     .text = "The text's pseudonym, 32 hexadecimal digits: always the same, and nobody who lacks "
             "the key of the data folder can tell or try out which text it was.",
     .kind = sql::FunctionKind::kScalar,
     .use = sql::FunctionUse::kFlows,
     .lend = open_keyed_hash},
};

}  // namespace

std::span<const sql::SqlFunction> sql_functions() { return kFunctions; }

}  // namespace tarn::privacy
