// What a table is in all its parts: columns, features, clustering.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lake_impl.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/lake/table_detail.h"

namespace tarn::lake {
namespace {

using Json = nlohmann::json;

std::optional<std::string> text_of(const Json& metadata, const char* key) {
    if (!metadata.is_object()) return std::nullopt;
    const auto at = metadata.find(key);
    if (at == metadata.end() || !at->is_string()) return std::nullopt;
    return at->get<std::string>();
}

// As deep as parse_schema() lets a schema be.
ColumnDetail column_of(const delta::Field& field, delta::ColumnMapping mapping) {
    ColumnDetail out;
    out.name = field.name;
    out.type = field.type.kind == delta::TypeKind::kStruct ? "struct" : type_name(field.type);
    out.nullable = field.nullable;
    const auto metadata = Json::parse(field.metadata, nullptr, false);
    out.comment = text_of(metadata, "comment").value_or("");
    out.generated = text_of(metadata, "delta.generationExpression");
    out.otherwise = text_of(metadata, "CURRENT_DEFAULT");
    if (mapping != delta::ColumnMapping::kNone) {
        out.id = field.id;
        out.physical = field.physical;
    }
    const bool list = field.type.kind == delta::TypeKind::kArray;
    const bool map = field.type.kind == delta::TypeKind::kMap;
    for (const auto& part : field.type.fields) {
        out.parts.push_back(column_of(part, mapping));
        if (list || (map && part.name == "value"))
            out.parts.back().nullable = field.type.contains_null;
        else if (map)
            out.parts.back().nullable = false;
    }
    return out;
}

std::vector<FeatureDetail> features_of(const delta::Protocol& protocol) {
    std::vector<std::string> names;
    for (const auto& feature : delta::feature_table())
        names.emplace_back(feature.name);
    for (const auto* list : {&protocol.reader_features, &protocol.writer_features})
        if (*list) names.insert(names.end(), (*list)->begin(), (*list)->end());
    std::ranges::sort(names);
    const auto twice = std::ranges::unique(names);
    names.erase(twice.begin(), twice.end());
    std::vector<FeatureDetail> out;
    for (auto& name : names) {
        const bool reader = delta::has_reader_feature(protocol, name);
        const bool writer = delta::has_writer_feature(protocol, name);
        if (reader || writer) out.push_back({std::move(name), reader, writer});
    }
    return out;
}

// A path of physical names as the schema names it; as it stands where the schema has no such field.
std::string logical_name(const delta::Schema& schema, delta::ColumnMapping mapping,
                         const Json& path) {
    std::string out;
    const auto* fields = &schema.fields;
    for (const auto& part : path) {
        if (!part.is_string()) continue;
        const auto stored = part.get<std::string>();
        if (!out.empty()) out += '.';
        const delta::Field* found = nullptr;
        if (fields)
            for (const auto& field : *fields)
                if (delta::physical_name(field, mapping) == stored) found = &field;
        out += found ? found->name : stored;
        fields = found ? &found->type.fields : nullptr;
    }
    return out;
}

// PROTOCOL.md "Clustered Table": {"clusteringColumns": [["a"], ["b", "c"]]}, physical names.
std::vector<std::string> clustering_of(const delta::Snapshot& snapshot) {
    std::vector<std::string> out;
    if (!snapshot.domains) return out;
    const auto domain = snapshot.domains->find("delta.clustering");
    if (domain == snapshot.domains->end() || domain->second.removed) return out;
    const auto text = Json::parse(domain->second.configuration, nullptr, false);
    const auto columns = text.is_object() ? text.find("clusteringColumns") : text.end();
    if (columns == text.end() || !columns->is_array()) return out;
    for (const auto& path : *columns)
        if (path.is_array())
            out.push_back(logical_name(*snapshot.schema, snapshot.mapping(), path));
    return out;
}

std::string_view name_of(delta::ColumnMapping mapping) {
    switch (mapping) {
        case delta::ColumnMapping::kNone:
            return "none";
        case delta::ColumnMapping::kName:
            return "name";
        case delta::ColumnMapping::kId:
            return "id";
    }
    return "none";
}

}  // namespace

Result<TableDetail> Lake::detail(std::string_view table) {
    TARN_TRY(const auto snapshot, impl_->snapshot(table));
    TableDetail out;
    TARN_TRY(out.info, describe_snapshot(table, *snapshot));
    const auto mapping = snapshot->mapping();
    for (const auto& field : snapshot->schema->fields)
        out.schema.push_back(column_of(field, mapping));
    out.column_mapping = name_of(mapping);
    out.min_reader = snapshot->protocol.min_reader;
    out.min_writer = snapshot->protocol.min_writer;
    out.features = features_of(snapshot->protocol);
    out.cluster_by = clustering_of(*snapshot);
    return out;
}

}  // namespace tarn::lake
