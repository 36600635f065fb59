#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kind.h"
#include "names.h"

namespace tarn::project {
namespace {

std::vector<std::string> asked_strategies() { return {"append", "insert_overwrite", "merge"}; }

constexpr Key kKeys[] = {
    {.name = "every",
     .form = Form::kDuration,
     .default_value = "5s",
     .text = "How often what is new in the source is taken, at most.",
     .example = "1s",
     .min = kMinEvery.us},
    {.name = "partition_by",
     .form = Form::kTexts,
     .text = "The table's partition columns, with commas between; of groups, some of those that it "
             "is grouped by.",
     .example = "country, day"},
    {.name = "incremental_strategy",
     .text =
         "How the table is kept, where its SQL leaves a choice: `append`, `insert_overwrite` or "
         "`merge`; see the strategies below.",
     .example = "merge",
     .choices = asked_strategies},
    {.name = "changes",
     .form = Form::kBoolean,
     .default_value = "false",
     .text = "Reads what changed in the source, whatever changed it: rows that came, went and were "
             "updated, not only those that were added. The SELECT may then have `_change_type`, "
             "`_commit_version` and `_commit_timestamp`.",
     .example = "true"},
    {.name = "unique_key",
     .text = "A column: a row whose key came within the deduplication window is left out. With "
             "`changes` or `incremental_strategy='merge'`: one or more columns, with commas "
             "between, of which the table has one row each, the newest.",
     .example = "event_id"},
    {.name = "version",
     .text = "With `unique_key` and `incremental_strategy='merge'`: the column that says which of "
             "the rows of a key is the newest, whenever they come: a number or a time. Of equal "
             "ones the first stays. Without it the last that comes is.",
     .example = "updated_at"},
    {.name = "event_time",
     .text = "The column of type timestamp that the deduplication window is of.",
     .example = "event_time"},
    {.name = "deduplication_window",
     .form = Form::kDuration,
     .default_value = "10m",
     .text = "How far back keys are known, in event time; an older row goes to the quarantine.",
     .example = "2m",
     .min = Duration::seconds(1).us,
     .old_name = "horizon"},
    {.name = "quarantine",
     .text = "The table for rows that fail a rule (`_rejected` is not null), came behind the "
             "deduplication window, or have a value that the SQL refuses, as a cast that fails; "
             "without it those "
             "are counted and logged only.",
     .example = "quarantine.silver_clicks",
     .rule = &kTableName},
    {.name = "watermark",
     .form = Form::kDuration,
     .default_value = "10s",
     .text = "Of sessions and windows: how far events may be out of order.",
     .example = "1m",
     .min = 0},
    {.name = "grace",
     .form = Form::kDuration,
     .default_value = "0s",
     .text = "Of sessions and windows: how much longer one takes late rows.",
     .example = "1m",
     .min = 0},
    {.name = "late",
     .text = "Of sessions and windows: the table for rows that came too late or have a value that "
             "the SQL "
             "refuses; without it they are counted only.",
     .example = "late.sessions",
     .rule = &kTableName},
};

constexpr std::string_view kNotOfKeys[] = {"event_time", "late"};
constexpr std::string_view kNotOfChangedGroups[] = {"unique_key", "event_time", "quarantine",
                                                    "late", "version"};
constexpr std::string_view kNotOfSessions[] = {"unique_key", "quarantine", "version"};
constexpr std::string_view kNotOfGroups[] = {"unique_key", "late", "version"};
constexpr Strategy kStrategies[] = {
    {.name = "append",
     .text = "The SELECT makes rows one by one: they are appended.",
     .what = "rows one by one"},
    {.name = "insert_overwrite",
     .text = "A GROUP BY: what is new is merged with the groups that stand, and the partitions "
             "that it touches are replaced.",
     .what = "groups without a window",
     .without = kNotOfGroups,
     .replaces = true},
    {.name = "merge",
     .text = "Rows one by one with `unique_key`, and `changes` or `incremental_strategy='merge'`: "
             "the table has one row a key. With `changes` it is updated and deleted as the "
             "source's is; else the newest that was added stands, by `version`.",
     .what = "rows by a key",
     .without = kNotOfKeys,
     .replaces = true},
    {.name = "merge_groups",
     .text =
         "A GROUP BY with `incremental_strategy='merge'`: what is new is merged with the groups "
         "that it touches, and these rows alone are written, by MERGE.",
     .what = "groups by MERGE",
     .without = kNotOfGroups,
     .replaces = true},
    {.name = "recompute",
     .text = "With `changes`, a GROUP BY with aggregates of any kind: groups of rows that changed "
             "are worked out anew from the source, and take the place of what stood.",
     .what = "groups over changes",
     .without = kNotOfChangedGroups,
     .replaces = true},
    {.name = "sessions",
     .text = "A GROUP BY with session(time, gap): sessions are appended when the watermark closes "
             "them.",
     .what = "sessions",
     .without = kNotOfSessions,
     .keeps_input = true},
    {.name = "windows",
     .text = "A GROUP BY with tumble(time, size) and `incremental_strategy='append'`: windows are "
             "appended when the watermark closes them.",
     .what = "windows",
     .without = kNotOfSessions,
     .keeps_input = true},
};

constexpr std::string_view kExample =
    R"(-- models/silver/clicks.sql
{{ config(materialized='incremental', unique_key='event_id', event_time='event_time',
          deduplication_window='10m', quarantine='quarantine.silver_clicks') }}
select event_id, event_time, page, price,
       case when price < 0 then 'price is below zero' end as _rejected
from {{ source('bronze', 'clicks') }}   -- or {{ ref('clicks') }}: the model of that name
)";

Status read(const ModelSource& source, ModelDraft& draft) {
    const auto& [name, file, parsed, config] = source;
    TableModel model{.name = name,
                     .file = file,
                     .sql = parsed.sql,
                     .source = {},
                     .every = config.duration("every"),
                     .partition_by = config.texts("partition_by"),
                     .changes = config.boolean("changes"),
                     .incremental_strategy = config.text("incremental_strategy"),
                     .unique_key = config.text("unique_key"),
                     .event_time = config.text("event_time"),
                     .deduplication_window = config.duration("deduplication_window"),
                     .quarantine = config.text("quarantine"),
                     .version = config.text("version"),
                     .watermark = config.duration("watermark"),
                     .grace = config.duration("grace"),
                     .late = config.text("late")};
    const bool merges = model.changes || model.incremental_strategy == "merge";
    if (merges && config.has("deduplication_window"))
        return wrong(config.place("deduplication_window"),
                     "config: deduplication_window has no meaning where a row is the newest of its "
                     "key");
    if (model.changes && model.incremental_strategy == "append" && !model.unique_key.empty())
        return wrong(config.place("incremental_strategy"),
                     "config: changes by unique_key are merged, not appended: leave unique_key out "
                     "for a log of them");
    if (!model.version.empty() && (model.unique_key.empty() || !merges || model.changes))
        return wrong(config.place("version"),
                     "config: version says which row of a unique_key is the newest: it needs "
                     "unique_key and incremental_strategy='merge', without changes");
    if (!merges && !model.unique_key.empty() && model.event_time.empty())
        return wrong(
            config.place("unique_key"),
            "config: unique_key needs event_time, the column that the deduplication window is of");
    if (model.unique_key.empty() && config.has("deduplication_window"))
        return wrong(config.place("deduplication_window"),
                     "config: deduplication_window has no meaning without unique_key");
    if (!parsed.stream.empty())
        return wrong({file, parsed.stream_line},
                     "an incremental model reads a table: {{ source('schema', 'table') }} or "
                     "{{ ref('model') }}; a live model reads stream('topic')");
    if (parsed.references.empty())
        return wrong({file, parsed.config_line},
                     "an incremental model reads {{ source('schema', 'table') }} or "
                     "{{ ref('model') }}: none is named");
    draft.table_models.push_back({std::move(model), parsed});
    return {};
}

class Linker {
  public:
    Linker(const Project& project, std::vector<UnlinkedModel> models)
        : project_(project), models_(std::move(models)) {}

    Result<std::vector<TableModel>> link() {
        TARN_RETURN_IF_ERROR(check_tables());
        for (auto& one : models_)
            TARN_RETURN_IF_ERROR(resolve(one));
        std::ranges::sort(models_, {}, [](auto& one) { return one.model.name; });
        return in_order();
    }

  private:
    // No table has two writers.
    Status check_tables() {
        std::map<std::string, std::string> writers;
        for (const auto& [name, topic] : project_.topics)
            if (topic.table) writers[lower(topic.table->name)] = "topic " + name;
        for (const auto& live : project_.live_models)
            writers[lower(live.name)] = live.file;
        for (const auto& [model, parsed] : models_) {
            auto place = [&](std::string_view key) {
                auto at = parsed.config.find(key);
                return Place{model.file,
                             at == parsed.config.end() ? parsed.config_line : at->second.line};
            };
            for (const auto& [key, table] :
                 {std::pair<std::string, const std::string*>{"materialized", &model.name},
                  {"quarantine", &model.quarantine},
                  {"late", &model.late}}) {
                if (table->empty()) continue;
                auto [it, added] = writers.emplace(lower(*table), model.file);
                if (!added)
                    return wrong(place(key),
                                 fmt::format("{} is also written by {}", *table, it->second));
            }
        }
        return {};
    }

    Result<std::string> target(const UnlinkedModel& one, const Reference& reference) {
        Place place{one.model.file, reference.line};
        if (reference.is_source) {
            auto table = reference.names[0] + "." + reference.names[1];
            if (!is_table_name(table))
                return wrong(place, "source(…) takes a schema and a table, not " + table);
            return table;
        }
        std::vector<std::string> found, known;
        for (const auto& other : models_) {
            auto bare = other.model.name.substr(other.model.name.find('.') + 1);
            known.push_back(bare);
            if (bare == reference.names[0] || other.model.name == reference.names[0])
                found.push_back(other.model.name);
        }
        if (found.size() == 1) return found[0];
        if (found.empty())
            return wrong(place,
                         fmt::format("ref('{0}'): no incremental model {0}{1}", reference.names[0],
                                     suggestion(reference.names[0], known)));
        return wrong(place, fmt::format("ref('{}') may be {} or {}: write the schema too",
                                        reference.names[0], found[0], found[1]));
    }

    Status resolve(UnlinkedModel& one) {
        auto& model = one.model;
        for (size_t i = one.parsed.references.size(); i-- > 0;) {
            const auto& reference = one.parsed.references[i];
            TARN_TRY(auto table, target(one, reference));
            if (!model.source.empty() && model.source != table)
                return fail(
                    ErrorCode::kUnsupported,
                    fmt::format("{}:{}: an incremental model over two tables ({} and {}) is "
                                "not supported yet",
                                model.file, reference.line, table, model.source));
            model.source = table;
            auto lines = std::ranges::count(
                model.sql.substr(reference.begin, reference.end - reference.begin), '\n');
            model.sql.replace(reference.begin, reference.end - reference.begin,
                              "stream('" + table + "')" + std::string(size_t(lines), '\n'));
        }
        return {};
    }

    Result<std::vector<TableModel>> in_order() {
        std::vector<TableModel> out;
        std::set<std::string> waiting, placed;
        for (const auto& one : models_)
            waiting.insert(one.model.name);
        while (!waiting.empty()) {
            auto before = waiting.size();
            for (const auto& one : models_) {
                if (!waiting.contains(one.model.name) || waiting.contains(one.model.source))
                    continue;
                waiting.erase(one.model.name);
                out.push_back(one.model);
            }
            if (waiting.size() < before) continue;
            auto it = std::ranges::find_if(
                models_, [&](auto& one) { return waiting.contains(one.model.name); });
            return wrong({it->model.file, it->parsed.references[0].line},
                         fmt::format("models read each other in a circle: {} reads {}",
                                     it->model.name, it->model.source));
        }
        return out;
    }

    const Project& project_;
    std::vector<UnlinkedModel> models_;
};

// Finds each model's source, checks that no table is written twice, and puts the models in order.
Status link(ModelDraft& draft) {
    TARN_TRY(draft.project.table_models,
             Linker(draft.project, std::move(draft.table_models)).link());
    return {};
}

}  // namespace

ModelKind incremental_kind() {
    return {
        .name = "incremental",
        .text =
            "From a table to a table: what was added to the source since the last time, on each of "
            "its commits.",
        .example = kExample,
        .keys = kKeys,
        .strategies = kStrategies,
        .read = read,
        .link = link};
}

}  // namespace tarn::project
