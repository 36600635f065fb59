// What a table asks of its rows beside their types.

#include <algorithm>

#include <fmt/format.h>

#include "lake_impl.h"
#include "tarn/base/names.h"
#include "tarn/delta/error_ids.h"

namespace tarn::lake {
namespace {

std::unexpected<Error> refuse(std::string_view what) {
    return fail(errors::kTableFeature,
                "Delta table cannot be appended to by this version of Tarn: " + std::string(what));
}

// Field metadata is JSON text; its keys are looked for as text, which can only refuse too much.
Status check_fields(const std::vector<delta::Field>& fields) {
    for (auto& field : fields) {
        for (std::string_view key :
             {"delta.invariants", "delta.generationExpression", "delta.identity.start"})
            if (field.metadata.find(key) != std::string::npos)
                return refuse(std::string(key) + " of column " + field.name);
        TARN_RETURN_IF_ERROR(check_fields(field.type.fields));
    }
    return {};
}

}  // namespace

bool is_true(const delta::Snapshot& table, std::string_view property) {
    const auto* text = table.property(property);
    return text && same_but_case(*text, "true");
}

Status check_rules(const delta::Snapshot& snapshot) {
    for (auto& [key, value] : snapshot.metadata->configuration)
        if (key.starts_with("delta.constraints.")) return refuse("constraint " + key);
    return check_fields(snapshot.schema->fields);
}

Status check_property(std::string_view key, std::string_view value) {
    constexpr std::string_view kRefused[] = {
        "delta.enableRowTracking", "delta.enableIcebergCompatV1", "delta.enableIcebergCompatV2",
        "delta.enableIcebergCompatV3"};
    const bool refused =
        key.starts_with("delta.feature.") || key.starts_with("delta.constraints.") ||
        (std::ranges::find(kRefused, key) != std::end(kRefused) && value != "false");
    if (!refused) return {};
    return fail(errors::kTableFeature,
                fmt::format("this version of Tarn does not set the property {}", key));
}

}  // namespace tarn::lake
