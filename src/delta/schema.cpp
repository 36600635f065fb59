#include "tarn/delta/schema.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "tarn/delta/actions_json.h"
#include "tarn/delta/error_ids.h"

namespace tarn::delta {
namespace {

using nlohmann::json;

constexpr std::pair<std::string_view, TypeKind> kPrimitives[] = {
    {"boolean", TypeKind::kBoolean},     {"byte", TypeKind::kByte},
    {"short", TypeKind::kShort},         {"integer", TypeKind::kInteger},
    {"long", TypeKind::kLong},           {"float", TypeKind::kFloat},
    {"double", TypeKind::kDouble},       {"string", TypeKind::kString},
    {"binary", TypeKind::kBinary},       {"date", TypeKind::kDate},
    {"timestamp", TypeKind::kTimestamp}, {"timestamp_ntz", TypeKind::kTimestampNtz},
    {"void", TypeKind::kVoid},           {"variant", TypeKind::kVariant},
};
constexpr int kMaxDepth = 64;

std::unexpected<Error> bad_schema(std::string text) {
    return fail(errors::kTableDamaged, "Delta schema: " + std::move(text));
}

Result<DataType> parse_type(const json& j, int depth);

Result<DataType> parse_primitive(const std::string& name) {
    DataType type;
    for (auto& [text, kind] : kPrimitives)
        if (name == text) {
            type.kind = kind;
            return type;
        }
    if (name == "decimal") {
        type.kind = TypeKind::kDecimal;
        type.precision = 10;
        return type;
    }
    unsigned precision = 0, scale = 0;
    if (std::sscanf(name.c_str(), "decimal(%u,%u)", &precision, &scale) == 2 && precision >= 1 &&
        precision <= 38 && scale <= precision) {
        type.kind = TypeKind::kDecimal;
        type.precision = uint8_t(precision);
        type.scale = uint8_t(scale);
        return type;
    }
    return fail(errors::kTableFeature, "Delta type is not known to this version of Tarn: " + name);
}

Result<Field> parse_field(const json& j, int depth) {
    Field field;
    if (!j.is_object() || !j.contains("name") || !j["name"].is_string() || !j.contains("type"))
        return bad_schema("a field without name or type");
    field.name = j["name"].get<std::string>();
    TARN_TRY(field.type, parse_type(j["type"], depth + 1));
    if (auto n = j.find("nullable"); n != j.end() && n->is_boolean())
        field.nullable = n->get<bool>();
    if (auto m = j.find("metadata"); m != j.end() && m->is_object()) {
        field.metadata = m->dump();
        if (auto id = m->find("delta.columnMapping.id"); id != m->end() && id->is_number_integer())
            field.id = id->get<int32_t>();
        if (auto p = m->find("delta.columnMapping.physicalName"); p != m->end() && p->is_string())
            field.physical = p->get<std::string>();
    }
    return field;
}

Result<std::vector<Field>> parse_fields(const json& j, int depth) {
    if (!j.is_array()) return bad_schema("fields is not an array");
    std::vector<Field> out;
    for (auto& item : j) {
        TARN_TRY(auto field, parse_field(item, depth));
        out.push_back(std::move(field));
    }
    return out;
}

Result<DataType> parse_type(const json& j, int depth) {
    if (depth > kMaxDepth) return bad_schema("nested deeper than " + std::to_string(kMaxDepth));
    if (j.is_string()) return parse_primitive(j.get<std::string>());
    if (!j.is_object() || !j.contains("type") || !j["type"].is_string())
        return bad_schema("a type that is neither");
    auto name = j["type"].get<std::string>();
    DataType type;
    auto child = [&](const char* key, const char* as) -> Status {
        if (!j.contains(key)) return bad_schema(name + " without " + key);
        Field field;
        field.name = as;
        TARN_TRY(field.type, parse_type(j[key], depth + 1));
        type.fields.push_back(std::move(field));
        return {};
    };
    if (name == "struct") {
        type.kind = TypeKind::kStruct;
        if (!j.contains("fields")) return bad_schema("struct without fields");
        TARN_TRY(type.fields, parse_fields(j["fields"], depth));
    } else if (name == "array") {
        type.kind = TypeKind::kArray;
        type.contains_null = j.value("containsNull", true);
        TARN_RETURN_IF_ERROR(child("elementType", "element"));
    } else if (name == "map") {
        type.kind = TypeKind::kMap;
        type.contains_null = j.value("valueContainsNull", true);
        TARN_RETURN_IF_ERROR(child("keyType", "key"));
        TARN_RETURN_IF_ERROR(child("valueType", "value"));
    } else {
        return parse_primitive(name);
    }
    return type;
}

void write_type(std::string& out, const DataType& type);

void write_fields(std::string& out, const std::vector<Field>& fields) {
    out += R"({"type":"struct","fields":[)";
    for (size_t i = 0; i < fields.size(); ++i) {
        if (i) out += ',';
        out += R"({"name":)";
        append_json_string(out, fields[i].name);
        out += R"(,"type":)";
        write_type(out, fields[i].type);
        out += fields[i].nullable ? R"(,"nullable":true,"metadata":)"
                                  : R"(,"nullable":false,"metadata":)";
        out += fields[i].metadata + "}";
    }
    out += "]}";
}

void write_type(std::string& out, const DataType& type) {
    const char* null = type.contains_null ? "true" : "false";
    if (type.kind == TypeKind::kStruct) return write_fields(out, type.fields);
    if (type.kind == TypeKind::kArray) {
        out += R"({"type":"array","elementType":)";
        write_type(out, type.fields[0].type);
        out += std::string(R"(,"containsNull":)") + null + "}";
    } else if (type.kind == TypeKind::kMap) {
        out += R"({"type":"map","keyType":)";
        write_type(out, type.fields[0].type);
        out += R"(,"valueType":)";
        write_type(out, type.fields[1].type);
        out += std::string(R"(,"valueContainsNull":)") + null + "}";
    } else {
        append_json_string(out, type_name(type));
    }
}

// What a column or a field may be called.
Status check_name(std::string_view name) {
    if (!name.empty() && name.find_first_of(" ,;{}()\n\t=") == name.npos) return {};
    return fail(ErrorCode::kInvalidArgument,
                "a column of a Delta table has a name, without blanks and ,;{}()=: '" +
                    std::string(name) + "'");
}

Result<DataType> type_of(const codec::ColumnType& type) {
    using codec::ColumnType;
    constexpr std::pair<ColumnType::Kind, TypeKind> kKinds[] = {
        {ColumnType::kBool, TypeKind::kBoolean},
        {ColumnType::kInt32, TypeKind::kInteger},
        {ColumnType::kInt64, TypeKind::kLong},
        {ColumnType::kDouble, TypeKind::kDouble},
        {ColumnType::kText, TypeKind::kString},
        {ColumnType::kBytes, TypeKind::kBinary},
        {ColumnType::kTimestamp, TypeKind::kTimestamp},
        {ColumnType::kDate, TypeKind::kDate},
        {ColumnType::kDecimal, TypeKind::kDecimal},
        {ColumnType::kTimestampNtz, TypeKind::kTimestampNtz},
        {ColumnType::kStruct, TypeKind::kStruct},
        {ColumnType::kList, TypeKind::kArray},
        {ColumnType::kMap, TypeKind::kMap},
    };
    static_assert(std::size(kKinds) == ColumnType::kLast + 1);
    DataType out;
    out.kind = kKinds[type.kind()].second;
    out.precision = uint8_t(type.precision());
    out.scale = uint8_t(type.scale());
    if (!type.is_nested()) return out;
    for (const auto& inner : type.fields()) {
        TARN_RETURN_IF_ERROR(check_name(inner.name));
        Field field;
        field.name = inner.name;
        TARN_TRY(field.type, type_of(inner.type));
        field.nullable = type != ColumnType::kMap || &inner != &type.fields()[0];
        out.fields.push_back(std::move(field));
    }
    return out;
}

// None: Tarn's columns have no such type.
std::optional<codec::ColumnType> column_type(const DataType& type) {
    using codec::ColumnType;
    std::vector<codec::ColumnField> fields;
    for (const auto& field : type.fields) {
        auto inner = column_type(field.type);
        if (!inner) return std::nullopt;
        fields.push_back({field.name, std::move(*inner)});
    }
    switch (type.kind) {
        case TypeKind::kBoolean:
            return ColumnType::kBool;
        case TypeKind::kInteger:
            return ColumnType::kInt32;
        case TypeKind::kLong:
            return ColumnType::kInt64;
        case TypeKind::kDouble:
            return ColumnType::kDouble;
        case TypeKind::kString:
            return ColumnType::kText;
        case TypeKind::kBinary:
            return ColumnType::kBytes;
        case TypeKind::kTimestamp:
            return ColumnType::kTimestamp;
        case TypeKind::kTimestampNtz:
            return ColumnType::kTimestampNtz;
        case TypeKind::kDate:
            return ColumnType::kDate;
        case TypeKind::kDecimal:
            return ColumnType::decimal(type.precision, type.scale);
        case TypeKind::kStruct:
            return ColumnType::structure(std::move(fields));
        case TypeKind::kArray:
            return ColumnType::list(std::move(fields[0].type));
        case TypeKind::kMap:
            return ColumnType::map(std::move(fields[0].type), std::move(fields[1].type));
        case TypeKind::kByte:
        case TypeKind::kShort:
        case TypeKind::kFloat:
        case TypeKind::kVoid:
        case TypeKind::kVariant:
            break;
    }
    return std::nullopt;
}

std::string folded(std::string_view name) {
    std::string out(name);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = char(c + 32);
    return out;
}

}  // namespace

bool operator==(const DataType& a, const DataType& b) {
    return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale &&
           std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(),
                      [](auto& x, auto& y) { return x.name == y.name && x.type == y.type; });
}

bool holds(const DataType& type, TypeKind kind) {
    return type.kind == kind || std::ranges::any_of(type.fields, [&](const Field& field) {
               return holds(field.type, kind);
           });
}

const Field* Schema::find(std::string_view name) const {
    for (auto& field : fields)
        if (field.name == name) return &field;
    return nullptr;
}

Result<Schema> parse_schema(std::string_view text) {
    auto j = json::parse(text, nullptr, false);
    if (j.is_discarded()) return bad_schema("not JSON");
    try {
        TARN_TRY(auto type, parse_type(j, 0));
        if (type.kind != TypeKind::kStruct) return bad_schema("the table's type is not a struct");
        return Schema{std::move(type.fields)};
    } catch (const json::exception& e) {
        return bad_schema(e.what());
    }
}

std::string schema_json(const Schema& schema) {
    std::string out;
    write_fields(out, schema.fields);
    return out;
}

std::string type_name(const DataType& type) {
    for (auto& [text, kind] : kPrimitives)
        if (type.kind == kind) return std::string(text);
    if (type.kind == TypeKind::kDecimal)
        return "decimal(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    std::string out = type.kind == TypeKind::kStruct  ? "struct<"
                      : type.kind == TypeKind::kArray ? "array<"
                                                      : "map<";
    for (size_t i = 0; i < type.fields.size(); ++i) {
        if (i) out += ",";
        if (type.kind == TypeKind::kStruct) out += type.fields[i].name + ":";
        out += type_name(type.fields[i].type);
    }
    return out + ">";
}

ColumnMapping column_mapping(const Protocol& protocol, const Metadata& metadata) {
    auto listed = [](auto& features) {
        return features &&
               std::find(features->begin(), features->end(), "columnMapping") != features->end();
    };
    bool has = protocol.min_reader == 2 || listed(protocol.reader_features);
    auto mode = has ? find(metadata.configuration, "delta.columnMapping.mode") : nullptr;
    if (!mode) return ColumnMapping::kNone;
    return *mode == "name" ? ColumnMapping::kName
           : *mode == "id" ? ColumnMapping::kId
                           : ColumnMapping::kNone;
}

const std::string& physical_name(const Field& field, ColumnMapping mapping) {
    return mapping == ColumnMapping::kNone || field.physical.empty() ? field.name : field.physical;
}

namespace {

Status check_field_names(const std::vector<Field>& fields) {
    std::vector<std::string> names;
    for (const auto& field : fields) {
        TARN_RETURN_IF_ERROR(check_name(field.name));
        auto key = folded(field.name);
        if (std::ranges::find(names, key) != names.end())
            return fail(
                ErrorCode::kInvalidArgument,
                "two columns of a Delta table have the same name, but for case: " + field.name);
        names.push_back(std::move(key));
        TARN_RETURN_IF_ERROR(check_field_names(field.type.fields));
    }
    return {};
}

}  // namespace

Status check_names(const Schema& schema) { return check_field_names(schema.fields); }

Result<Schema> schema_of(const std::vector<codec::ColumnSpec>& columns) {
    if (columns.empty())
        return fail(ErrorCode::kInvalidArgument, "a table needs at least one column");
    Schema out;
    for (auto& column : columns) {
        Field field;
        field.name = column.name;
        TARN_TRY(field.type, type_of(column.type));
        field.nullable = !column.required;
        out.fields.push_back(std::move(field));
    }
    TARN_RETURN_IF_ERROR(check_names(out));
    return out;
}

Result<std::vector<codec::ColumnSpec>> columns_of(const Schema& schema) {
    std::vector<codec::ColumnSpec> out;
    for (auto& field : schema.fields) {
        auto type = column_type(field.type);
        if (!type)
            return fail(errors::kTableFeature,
                        "column " + field.name +
                            " has a type that Tarn's columns have not: " + type_name(field.type));
        out.push_back({field.name, std::move(*type), !field.nullable});
    }
    return out;
}

Protocol protocol_of(const Schema& schema) {
    Protocol out;
    auto list = [](std::optional<std::vector<std::string>>& features, const char* feature) {
        if (!features) features.emplace();
        if (std::ranges::find(*features, feature) == features->end())
            features->emplace_back(feature);
    };
    auto needs = [&](const char* feature) {
        out.min_writer = 7;
        if (!out.writer_features) out.writer_features = {"appendOnly", "invariants"};
        list(out.writer_features, feature);
    };
    for (const auto& field : schema.fields) {
        for (const auto& [kind, feature] : {std::pair{TypeKind::kTimestampNtz, "timestampNtz"},
                                            {TypeKind::kVariant, "variantType"}})
            if (holds(field.type, kind)) {
                out.min_reader = 3;
                list(out.reader_features, feature);
                needs(feature);
            }
        for (const auto& [key, feature] :
             {std::pair{"delta.generationExpression", "generatedColumns"},
              {"CURRENT_DEFAULT", "allowColumnDefaults"},
              {"delta.identity.start", "identityColumns"}})
            if (field.metadata.find(key) != std::string::npos) needs(feature);
    }
    return out;
}

}  // namespace tarn::delta
