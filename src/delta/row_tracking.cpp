#include "tarn/delta/row_tracking.h"

#include <charconv>

#include "tarn/base/names.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/protocol_gate.h"

namespace tarn::delta {
namespace {

constexpr std::string_view kIdColumn = "delta.rowTracking.materializedRowIdColumnName";
constexpr std::string_view kVersionColumn =
    "delta.rowTracking.materializedRowCommitVersionColumnName";
constexpr std::string_view kSuspended = "delta.rowTrackingSuspended";
constexpr std::string_view kHighWaterMark = "\"rowIdHighWaterMark\":";

}  // namespace

Result<std::optional<RowTracking>> row_tracking(const Snapshot& table) {
    if (!has_writer_feature(table.protocol, "rowTracking") || !table.is_true(kEnableRowTracking))
        return std::nullopt;
    const auto* id = table.property(kIdColumn);
    const auto* version = table.property(kVersionColumn);
    bool taken = !id || !version || id->empty() || version->empty() || *id == *version;
    for (const auto& field : table.schema->fields)
        for (const auto* name : {id, version})
            taken = taken || same_but_case(*name, physical_name(field, table.mapping()));
    if (taken)
        return fail(errors::kTableDamaged,
                    "table " + table.root +
                        " tracks rows, but has no names of their own for the hidden columns");
    return RowTracking{*id, *version};
}

bool numbers_rows(const Protocol& protocol, const Metadata& metadata) {
    return has_writer_feature(protocol, "rowTracking") &&
           !is_true(metadata.configuration, kSuspended);
}

int64_t row_id_high_water_mark(const Snapshot& table) {
    const auto domain = table.domains->find(kRowTrackingDomain);
    if (domain == table.domains->end()) return -1;
    const std::string_view text = domain->second.configuration;
    const auto at = text.find(kHighWaterMark);
    int64_t mark = -1;
    if (at == text.npos) return mark;
    const auto* from = text.data() + at + kHighWaterMark.size();
    while (from < text.data() + text.size() && *from == ' ')
        ++from;
    std::from_chars(from, text.data() + text.size(), mark);
    return mark;
}

Status name_row_columns(Metadata& metadata, const std::function<std::string()>& uuid) {
    if (!is_true(metadata.configuration, kEnableRowTracking)) return {};
    if (is_true(metadata.configuration, kSuspended))
        return fail(ErrorCode::kInvalidArgument,
                    std::string(kEnableRowTracking) + " beside " + std::string(kSuspended));
    auto name = [&](std::string_view key, const char* begin) {
        if (find(metadata.configuration, key)) return;
        std::erase_if(metadata.configuration, [&](const auto& one) { return one.first == key; });
        metadata.configuration.emplace_back(std::string(key), begin + uuid());
    };
    name(kIdColumn, "_row-id-col-");  // as Spark calls them
    name(kVersionColumn, "_row-commit-version-col-");
    return {};
}

}  // namespace tarn::delta
