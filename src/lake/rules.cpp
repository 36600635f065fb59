// What a table asks of its rows beside their types.

#include <algorithm>

#include <fmt/format.h>

#include "lake_impl.h"
#include "tarn/delta/error_ids.h"

namespace tarn::lake {
namespace {

std::unexpected<Error> refuse(std::string_view what) {
    return fail(errors::kTableFeature,
                "Delta table cannot be appended to by this version of Tarn: " + std::string(what));
}

}  // namespace

// Field metadata is JSON text; its keys are looked for as text, which can only find too much.
std::string asked_of(const std::vector<delta::Field>& fields,
                     std::initializer_list<std::string_view> keys) {
    for (const auto& field : fields) {
        for (const auto key : keys)
            if (field.metadata.find(key) != std::string::npos)
                return fmt::format("{} of column {}", key, field.name);
        if (auto inside = asked_of(field.type.fields, keys); !inside.empty()) return inside;
    }
    return {};
}

Status check_rows_may_go(const delta::Snapshot& snapshot, std::string_view table) {
    if (!snapshot.is_true("delta.appendOnly")) return {};
    return fail(ErrorCode::kUnsupported,
                fmt::format("table {} takes appends only (delta.appendOnly)", table));
}

Status check_rules(const delta::Snapshot& snapshot) {
    for (auto& [key, value] : snapshot.metadata->configuration)
        if (key.starts_with("delta.constraints.")) return refuse("constraint " + key);
    const auto asked =
        asked_of(snapshot.schema->fields,
                 {"delta.invariants", "delta.generationExpression", "delta.identity.start"});
    if (!asked.empty()) return refuse(asked);
    return {};
}

}  // namespace tarn::lake
