#include "identity.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tarn/codec/column_batch.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/schema_edit.h"

namespace tarn::lake {
namespace {

using Wide = codec::Int128;

constexpr const char* kIdentityStart = "delta.identity.start";
constexpr const char* kIdentityStep = "delta.identity.step";
constexpr const char* kIdentityMark = "delta.identity.highWaterMark";
constexpr const char* kIdentityTakesValues = "delta.identity.allowExplicitInsert";

std::unexpected<Error> unsound(const delta::Field& field, std::string_view what) {
    return fail(errors::kTableDamaged,
                fmt::format("identity column {}: {} is not sound", field.name, what));
}

Wide floor_of(Wide a, Wide b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

}  // namespace

Result<int64_t> Identity::next(uint64_t after) const {
    Wide steps = 0;
    if (high_water_mark)  // which may lie before the start, or between two numbers
        steps = std::max<Wide>(0, floor_of(Wide(*high_water_mark) - start, step) + 1);
    const Wide out = start + (steps + after) * step;
    if (out < std::numeric_limits<int64_t>::min() || out > std::numeric_limits<int64_t>::max())
        return fail(ErrorCode::kResourceExhausted,
                    fmt::format("an identity column that counts from {} by {} has no more numbers",
                                start, step));
    return int64_t(out);
}

Result<std::optional<Identity>> identity_of(const delta::Field& field) {
    if (field.metadata.find(kIdentityStart) == std::string::npos) return std::nullopt;
    const auto all = nlohmann::json::parse(field.metadata, nullptr, false);
    if (!all.is_object() || !all.contains(kIdentityStart)) return std::nullopt;
    if (field.type.kind != delta::TypeKind::kLong) return unsound(field, "its type");
    Identity out;
    auto number = [&](const char* key, auto& to, bool required) {
        const auto at = all.find(key);
        if (at == all.end() || at->is_null()) return !required;
        // Beyond 64 bits JSON has no integers.
        if (!at->is_number_integer() ||
            (at->is_number_unsigned() &&
             at->get<uint64_t>() > uint64_t(std::numeric_limits<int64_t>::max())))
            return false;
        to = at->get<int64_t>();
        return true;
    };
    if (!number(kIdentityStart, out.start, true)) return unsound(field, kIdentityStart);
    if (!number(kIdentityStep, out.step, true) || out.step == 0)
        return unsound(field, kIdentityStep);
    if (!number(kIdentityMark, out.high_water_mark, false)) return unsound(field, kIdentityMark);
    if (const auto at = all.find(kIdentityTakesValues); at != all.end() && at->is_boolean())
        out.takes_values = at->get<bool>();
    return out;
}

void set_high_water_mark(delta::Field& field, int64_t mark) {
    delta::set_field_metadata(field, kIdentityMark, std::to_string(mark));
}

bool keep_high_water_marks(delta::Schema& older, const delta::Schema& newer) {
    bool any = false;
    for (auto& field : older.fields) {
        const auto* now = newer.find(field.name);
        if (!now) continue;
        const auto was = identity_of(field), is = identity_of(*now);
        if (!was || !*was || !is || !*is || !(*is)->high_water_mark) continue;
        const auto mark = *(*is)->high_water_mark;
        const auto before = (*was)->high_water_mark;
        if ((*was)->step > 0 ? before >= mark : before && *before <= mark) continue;
        set_high_water_mark(field, mark);
        any = true;
    }
    return any;
}

}  // namespace tarn::lake
