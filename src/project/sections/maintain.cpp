#include "tarn/project/maintain.h"

#include "names.h"
#include "tarn/project/project.h"
#include "tarn/project/section.h"

namespace tarn::project {
namespace {

constexpr Key kRuleKeys[] = {
    {.name = "compact",
     .form = Form::kDuration,
     .text = "How often small files of the table become large ones (`tarn table optimize` does it "
             "by hand). Without it they stay as they were written.",
     .example = "1h",
     .min = Duration::seconds(1).us,
     .word = "never"},
    {.name = "vacuum",
     .form = Form::kDuration,
     .text = "How often files go that no version needs any more which is younger than the table's "
             "`delta.deletedFileRetentionDuration` (7 days).",
     .example = "1d",
     .min = Duration::seconds(1).us,
     .word = "never"},
    {.name = "clones",
     .form = Form::kDuration,
     .text = "How long a table that was made as a shallow clone lives, from then on. An older one "
             "is dropped, if no flow uses it; `tarn table undrop` brings it back for a while.",
     .example = "3d",
     .min = Duration::seconds(60).us,
     .word = "forever"},
    {.name = "retain",
     .form = Form::kDuration,
     .text = "How long rows are kept; older ones are deleted, by whole hours, once an hour.",
     .example = "90d",
     .min = Duration::seconds(3600).us,
     .word = "forever"},
    {.name = "retain_by",
     .default_value = "_ingested_at",
     .text = "The column with the time that `retain` counts from. A row without one stays.",
     .example = "event_time"},
};
constexpr Key kMaintainKeys[] = {
    kRuleKeys[0],
    kRuleKeys[1],
    kRuleKeys[2],
    {.name = "tables",
     .form = Form::kNamed,
     .text = "Tables, as schema.table, that have a rule of their own; what it leaves out is as for "
             "all.",
     .example = "{bronze.clicks: {compact: 1h, retain: 90d}}",
     .rule = &kTableName,
     .keys = kRuleKeys,
     .one = "table"},
};

void take(const Values& values, std::string_view key, std::optional<Duration>& to) {
    if (!values.has(key)) return;
    const auto written = values.duration(key);
    to = written.us < 0 ? std::nullopt : std::optional(written);
}

Status load(const Values& file, Project& project) {
    CarePlan plan;
    const auto all = file.map("maintain");
    take(all, "compact", plan.all.compact);
    take(all, "vacuum", plan.all.vacuum);
    take(all, "clones", plan.all.clones);
    for (const auto& [name, values] : all.named("tables")) {
        auto rule = plan.all;
        take(values, "compact", rule.compact);
        take(values, "vacuum", rule.vacuum);
        take(values, "clones", rule.clones);
        take(values, "retain", rule.retain);
        rule.retain_by = values.text("retain_by");
        rule.line = values.place().line;
        plan.tables.emplace(name, std::move(rule));
    }
    project.sections["maintain"] = std::move(plan);
    return {};
}

constexpr std::string_view kExample = R"(maintain:
  compact: 1h
  vacuum: 1d
  clones: 3d
  tables:
    bronze.clicks: {retain: 90d}
)";

}  // namespace

const CareRule& CarePlan::of(std::string_view table) const {
    const auto own = tables.find(table);
    return own == tables.end() ? all : own->second;
}

CarePlan care_plan(const Project& project) {
    const auto* plan = project.section<CarePlan>("maintain");
    return plan ? *plan : CarePlan{};
}

Section maintain_section() {
    return {.key = {.name = "maintain",
                    .form = Form::kMap,
                    .text = "What Tarn does by itself to keep tables fast and small ([care of "
                            "tables](../maintenance.md)). Without it, nothing.",
                    .keys = kMaintainKeys},
            .example = kExample,
            .load = load};
}

}  // namespace tarn::project
