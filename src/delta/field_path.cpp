#include "tarn/delta/field_path.h"

#include <algorithm>

#include "tarn/base/names.h"

namespace tarn::delta {

std::string dotted(const FieldPath& path) {
    std::string out;
    for (const auto& name : path) {
        if (!out.empty()) out += '.';
        if (name.find_first_of(".`") == name.npos) {
            out += name;
            continue;
        }
        out += '`';
        for (const char c : name)
            out += c == '`' ? "``" : std::string(1, c);
        out += '`';
    }
    return out;
}

std::optional<size_t> find_name(const std::vector<Field>& fields, std::string_view name) {
    const auto at = std::ranges::find_if(
        fields, [&](const Field& field) { return same_but_case(field.name, name); });
    if (at == fields.end()) return std::nullopt;
    return size_t(at - fields.begin());
}

std::optional<FieldPlace> find_field(Schema& schema, const FieldPath& path) {
    FieldPlace out{{}, &schema.fields, 0, nullptr, {}};
    auto parent = TypeKind::kStruct;
    for (const auto& name : path) {
        if (!out.path.empty()) {
            out.holder = &out.field().type;
            parent = out.holder->kind;
            out.siblings = &out.holder->fields;
        }
        const auto index = find_name(*out.siblings, name);
        if (!index) return std::nullopt;
        out.index = *index;
        out.path.push_back(out.field().name);
        if (parent == TypeKind::kStruct) {
            out.owner = &out.field();
            out.within.clear();
        } else {
            out.within.push_back(out.field().name);
            out.in_collection = true;
        }
    }
    if (out.path.empty()) return std::nullopt;
    return out;
}

}  // namespace tarn::delta
