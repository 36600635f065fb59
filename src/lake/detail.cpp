// What a table is in all its parts: columns, features, clustering.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lake_impl.h"
#include "tarn/delta/clustering.h"
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
    for (const auto& column : delta::clustering_columns(*snapshot))
        out.cluster_by.push_back(delta::dotted(column));
    return out;
}

}  // namespace tarn::lake
