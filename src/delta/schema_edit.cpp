#include "tarn/delta/schema_edit.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tarn/delta/protocol_gate.h"

namespace tarn::delta {
namespace {

constexpr const char* kId = "delta.columnMapping.id";
constexpr const char* kPhysicalName = "delta.columnMapping.physicalName";
constexpr const char* kTypeChanges = "delta.typeChanges";
constexpr std::string_view kMode = "delta.columnMapping.mode";
constexpr std::string_view kMaxId = "delta.columnMapping.maxColumnId";

using OrderedJson = nlohmann::ordered_json;

OrderedJson metadata_of(const Field& field) {
    auto parsed = OrderedJson::parse(field.metadata, nullptr, false);
    return parsed.is_object() ? parsed : OrderedJson::object();
}

void put(StringMap& map, std::string_view key, std::string value) {
    std::erase_if(map, [&](const auto& one) { return one.first == key; });
    map.emplace_back(std::string(key), std::move(value));
}

int integer_rank(TypeKind kind) {
    switch (kind) {
        case TypeKind::kByte:
            return 1;
        case TypeKind::kShort:
            return 2;
        case TypeKind::kInteger:
            return 3;
        case TypeKind::kLong:
            return 4;
        default:
            return 0;
    }
}

// Fields that have an id each: those of structs, at any depth.
template <class F>
void each_struct_field(std::vector<Field>& fields, bool named, F&& f) {
    for (auto& field : fields) {
        if (named) f(field);
        each_struct_field(field.type.fields, field.type.kind == TypeKind::kStruct, f);
    }
}

}  // namespace

void set_field_metadata(Field& field, std::string_view key, const std::string& json) {
    auto all = metadata_of(field);
    if (json.empty())
        all.erase(std::string(key));
    else
        all[std::string(key)] = OrderedJson::parse(json);
    field.metadata = all.dump();
}

void set_comment(Field& field, std::string_view comment) {
    set_field_metadata(field, "comment", comment.empty() ? "" : OrderedJson(comment).dump());
}

int64_t TableEdit::next_id() {
    int64_t last = 0;
    if (const auto* text = find(metadata.configuration, kMaxId))
        std::from_chars(text->data(), text->data() + text->size(), last);
    each_struct_field(schema.fields, true, [&](const Field& field) {
        last = std::max<int64_t>(last, field.id.value_or(0));
    });
    put(metadata.configuration, kMaxId, std::to_string(last + 1));
    return last + 1;
}

void TableEdit::add_ids(Field& field, const std::function<std::string()>* uuid) {
    std::vector<Field> one = {std::move(field)};
    each_struct_field(one, true, [&](Field& each) {
        each.id = int32_t(next_id());
        each.physical = uuid ? "col-" + (*uuid)() : each.name;
        set_field_metadata(each, kId, std::to_string(*each.id));
        set_field_metadata(each, kPhysicalName, OrderedJson(each.physical).dump());
    });
    field = std::move(one[0]);
}

void TableEdit::add_ids(Field& field, const std::function<std::string()>& uuid) {
    if (mapping() != ColumnMapping::kNone) add_ids(field, &uuid);
}

void TableEdit::take_plain(const Schema& plain) {
    schema = plain;
    if (mapping() == ColumnMapping::kNone) return;
    for (auto& field : schema.fields)
        add_ids(field, static_cast<const std::function<std::string()>*>(nullptr));
}

void TableEdit::map_columns() {
    if (mapping() != ColumnMapping::kNone) return;
    protocol = with_feature(protocol, "columnMapping");
    if (protocol.min_writer < 7 && protocol.min_writer < 5) protocol.min_writer = 5;
    put(metadata.configuration, kMode, "name");
    // Names of files that stand: a field is found by the name that it has now.
    for (auto& field : schema.fields)
        add_ids(field, static_cast<const std::function<std::string()>*>(nullptr));
}

bool TableEdit::add_missing(const std::vector<Field>& given,
                            const std::function<std::string()>& uuid) {
    return add_missing(schema.fields, given, true, uuid);
}

bool TableEdit::add_missing(std::vector<Field>& to, const std::vector<Field>& given, bool of_struct,
                            const std::function<std::string()>& uuid) {
    bool any = false;
    for (size_t i = 0; i < given.size(); ++i) {
        const auto at = of_struct ? find_name(to, given[i].name) : i;
        if (!at) {
            auto field = given[i];
            field.nullable = true;
            add_ids(field, uuid);
            to.push_back(std::move(field));
            any = true;
            continue;
        }
        auto& type = to[*at].type;
        if (type.kind == given[i].type.kind)
            any = add_missing(type.fields, given[i].type.fields, type.kind == TypeKind::kStruct,
                              uuid) ||
                  any;
    }
    return any;
}

void TableEdit::finish() {
    metadata.schema = schema_json(schema);
    if (const auto needed = protocol_of(schema); needed.writer_features)
        for (const auto& feature : *needed.writer_features)
            protocol = with_feature(protocol, feature);
    protocol = with_properties(std::move(protocol), metadata.configuration);
}

bool can_widen(const DataType& from, const DataType& to) {
    const int is = integer_rank(from.kind), becomes = integer_rank(to.kind);
    if (is && becomes) return is < becomes;
    if (to.kind == TypeKind::kDouble)
        return from.kind == TypeKind::kFloat || (is && from.kind != TypeKind::kLong);
    if (from.kind == TypeKind::kDate) return to.kind == TypeKind::kTimestampNtz;
    if (to.kind != TypeKind::kDecimal) return false;
    const int whole = to.precision - to.scale;
    if (from.kind == TypeKind::kDecimal)
        return to.scale >= from.scale && whole >= from.precision - from.scale &&
               (to.scale > from.scale || to.precision > from.precision);
    constexpr int kDigitsOfInteger = 10, kDigitsOfLong = 20;
    return is && whole >= (from.kind == TypeKind::kLong ? kDigitsOfLong : kDigitsOfInteger);
}

void widen(const FieldPlace& place, const DataType& to) {
    auto& owner = *place.owner;
    auto all = metadata_of(owner);
    auto changes = all.contains(kTypeChanges) ? all[kTypeChanges] : OrderedJson::array();
    auto& change = changes.emplace_back(
        OrderedJson{{"toType", type_name(to)}, {"fromType", type_name(place.field().type)}});
    if (!place.within.empty()) change["fieldPath"] = dotted(place.within);
    place.field().type = to;
    set_field_metadata(owner, kTypeChanges, changes.dump());
}

FieldPath field_beside(const DataType& table, const DataType& given) {
    if (table.kind != given.kind) return {};
    const bool named = table.kind == TypeKind::kStruct;
    for (size_t i = 0; i < given.fields.size(); ++i) {
        const auto& field = given.fields[i];
        const auto at = named ? find_name(table.fields, field.name) : i;
        if (!at) return {field.name};
        auto inside = field_beside(table.fields[*at].type, field.type);
        if (inside.empty()) continue;
        inside.insert(inside.begin(), table.fields[*at].name);
        return inside;
    }
    return {};
}

}  // namespace tarn::delta
