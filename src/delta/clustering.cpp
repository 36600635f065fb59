#include "tarn/delta/clustering.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tarn/delta/file_stats.h"
#include "tarn/delta/protocol_gate.h"

namespace tarn::delta {
namespace {

using ClusterJson = nlohmann::ordered_json;

constexpr const char* kCubeId = "ZCUBE_ID";
constexpr const char* kCubeColumns = "ZCUBE_ZORDER_BY";
constexpr const char* kCubeCurve = "ZCUBE_ZORDER_CURVE";

// A path of stored names as the schema names it; as it stands where the schema has no such field.
FieldPath logical_path(const Schema& schema, ColumnMapping mapping, const ClusterJson& path) {
    FieldPath out;
    const auto* fields = &schema.fields;
    for (const auto& part : path) {
        if (!part.is_string()) continue;
        const auto stored = part.get<std::string>();
        const Field* found = nullptr;
        if (fields)
            for (const auto& field : *fields)
                if (physical_name(field, mapping) == stored) found = &field;
        out.push_back(found ? found->name : stored);
        fields = found ? &found->type.fields : nullptr;
    }
    return out;
}

// Types whose values have bounds in statistics, for Spark too.
bool has_bounds(TypeKind kind) {
    switch (kind) {
        case TypeKind::kByte:
        case TypeKind::kShort:
        case TypeKind::kInteger:
        case TypeKind::kLong:
        case TypeKind::kFloat:
        case TypeKind::kDouble:
        case TypeKind::kDecimal:
        case TypeKind::kString:
        case TypeKind::kDate:
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampNtz:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::vector<FieldPath> clustering_columns(const Snapshot& table) {
    std::vector<FieldPath> out;
    if (!table.domains) return out;
    const auto domain = table.domains->find(kClusteringDomain);
    if (domain == table.domains->end() || domain->second.removed) return out;
    const auto text = ClusterJson::parse(domain->second.configuration, nullptr, false);
    const auto columns = text.is_object() ? text.find("clusteringColumns") : text.end();
    if (columns == text.end() || !columns->is_array()) return out;
    for (const auto& path : *columns)
        if (path.is_array()) out.push_back(logical_path(*table.schema, table.mapping(), path));
    return out;
}

Protocol with_clustering(const Protocol& protocol) {
    return with_feature(with_feature(protocol, "domainMetadata"), "clustering");
}

DomainMetadata clustering_domain(Schema& schema, ColumnMapping mapping,
                                 std::span<const FieldPath> columns) {
    auto list = ClusterJson::array();
    for (const auto& column : columns) {
        auto& stored = list.emplace_back(ClusterJson::array());
        FieldPath path;
        for (const auto& name : column) {
            path.push_back(name);
            const auto place = find_field(schema, path);
            stored.push_back(place ? physical_name(place->field(), mapping) : name);
        }
    }
    const ClusterJson text = {{"clusteringColumns", std::move(list)},
                              {"domainName", kClusteringDomain}};
    return {kClusteringDomain, text.dump(), false};
}

Result<std::vector<FieldPath>> check_clustering(const Snapshot& table,
                                                std::span<const FieldPath> columns) {
    auto wrong = [](std::string what) {
        return fail(ErrorCode::kInvalidArgument, std::move(what));
    };
    if (columns.size() > kMostClusteringColumns)
        return wrong(
            fmt::format("a table is clustered by at most {} columns", kMostClusteringColumns));
    if (!columns.empty() && !table.metadata->partition_columns.empty())
        return wrong("a table with partitions is not clustered: its files lie by their values");
    std::vector<FieldPath> out;
    auto schema = *table.schema;
    for (const auto& column : columns) {
        const auto place = find_field(schema, column);
        if (!place) return wrong("no column to cluster by: " + dotted(column));
        const auto name = dotted(place->path);
        if (place->in_collection || !has_bounds(place->field().type.kind))
            return wrong(fmt::format(
                "a table is not clustered by {}, which is {}: files have no "
                "bounds of it",
                name,
                place->in_collection ? "in an array or a map" : type_name(place->field().type)));
        if (!has_statistics(table, place->path))
            return wrong(fmt::format(
                "files have no statistics of {}, by which the table shall be clustered: move it to "
                "the front, or name it in delta.dataSkippingStatsColumns",
                name));
        if (std::ranges::find(out, place->path) != out.end())
            return wrong("it is clustered twice by " + name);
        out.push_back(place->path);
    }
    return out;
}

std::optional<Cube> cube_of(const AddFile& file) {
    const auto* id = find(file.tags, kCubeId);
    const auto* columns = find(file.tags, kCubeColumns);
    if (!id || !columns) return std::nullopt;
    const auto names = ClusterJson::parse(*columns, nullptr, false);
    Cube out{*id, {}};
    if (!names.is_array()) return std::nullopt;
    for (const auto& name : names)
        if (name.is_string()) out.columns.push_back(name.get<std::string>());
    return out;
}

void set_cube(AddFile& file, const Cube& cube) {
    std::erase_if(file.tags, [](const auto& tag) {
        return tag.first == kCubeId || tag.first == kCubeColumns || tag.first == kCubeCurve;
    });
    file.clustering_provider = kClusteringProvider;
    file.tags.emplace_back(kCubeId, cube.id);
    file.tags.emplace_back(kCubeColumns, ClusterJson(cube.columns).dump());
    file.tags.emplace_back(kCubeCurve, "zorder");
}

}  // namespace tarn::delta
