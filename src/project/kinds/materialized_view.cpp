#include <algorithm>

#include <fmt/format.h>

#include "kind.h"
#include "names.h"

namespace tarn::project {
namespace {

constexpr Key kKeys[] = {
    {.name = "watermark",
     .form = Form::kDuration,
     .default_value = "10s",
     .text = "How far events may be out of order: the watermark is the newest event time of the "
             "partition that is least far, less this.",
     .example = "5s",
     .min = 0},
    {.name = "grace",
     .form = Form::kDuration,
     .default_value = "0s",
     .text = "How much longer a window takes late rows.",
     .example = "1m",
     .min = 0},
    {.name = "idle",
     .form = Form::kDuration,
     .default_value = "10s",
     .text = "After how long without events, while others have some, a partition holds the "
             "watermark back no longer.",
     .example = "1m",
     .min = Duration::millis(100).us},
    {.name = "late",
     .text = "The topic for rows that came too late or have a value that the SQL refuses, which "
             "says `late_of`; without it they are counted only.",
     .example = "clicks.late"},
    {.name = "every",
     .form = Form::kDuration,
     .default_value = "100ms",
     .text = "How often the view changes, at most.",
     .example = "1s",
     .min = kMinEvery.us},
    {.name = "retain",
     .form = Form::kDuration,
     .default_value = "1h",
     .text = "How long a window stays in the view.",
     .example = "1d",
     .min = Duration::seconds(1).us},
};

constexpr std::string_view kExample =
    R"(-- models/live/clicks_windows.sql
{{ config(materialized='materialized_view', watermark='10s', late='clicks.late') }}
select tumble(event_time, interval '5 seconds') as window_start, page, count(*) as clicks
from stream('clicks')
group by all
)";

Status check_topics(const LiveModel& model, const ModelSource& source, const Project& project) {
    auto it = project.topics.find(model.stream);
    Place at_stream{source.file, source.parsed.stream_line};
    if (it == project.topics.end()) {
        return wrong(at_stream,
                     fmt::format("stream('{0}'): no topic {0} in tarn.yml{1}", model.stream,
                                 suggestion(model.stream, topic_names(project))));
    }
    if (!it->second.decoded()) {
        return wrong(at_stream, fmt::format("stream('{}'): a raw topic has no columns to query",
                                            model.stream));
    }
    if (model.late.empty()) return {};
    auto late = project.topics.find(model.late);
    auto at_late = source.config.place("late");
    if (late == project.topics.end()) {
        return wrong(at_late, fmt::format("config: late: no topic {} in tarn.yml{}", model.late,
                                          suggestion(model.late, topic_names(project))));
    }
    if (late->second.late_of != model.stream) {
        return wrong(at_late, fmt::format("config: topic {} must say late_of: {}", model.late,
                                          model.stream));
    }
    return {};
}

Status read(const ModelSource& source, ModelDraft& draft) {
    const auto& [name, file, parsed, config] = source;
    if (!parsed.references.empty())
        return wrong({file, parsed.references[0].line},
                     "a live model reads stream('topic'), not a table");
    LiveModel model{.name = name,
                    .file = file,
                    .sql = parsed.sql,
                    .stream = parsed.stream,
                    .watermark = config.duration("watermark"),
                    .grace = config.duration("grace"),
                    .idle = config.duration("idle"),
                    .every = config.duration("every"),
                    .retain = config.duration("retain"),
                    .late = config.text("late")};
    for (const auto& other : draft.project.live_models) {
        if (lower(other.name) == lower(name)) {
            return wrong({file, 1},
                         fmt::format("{} has the same name: {}", other.file, model.name));
        }
    }
    if (model.stream.empty())
        return wrong({file, 1}, "a live model reads stream('topic'): none is named");
    TARN_RETURN_IF_ERROR(check_topics(model, source, draft.project));
    draft.project.live_models.push_back(std::move(model));
    return {};
}

Status link(ModelDraft& draft) {
    std::ranges::sort(draft.project.live_models, {}, &LiveModel::name);
    return {};
}

}  // namespace

ModelKind materialized_view_kind() {
    return {.name = "materialized_view",
            .old_name = "live",
            .text =
                "A live model: windows over a topic's events, in a materialized view that "
                "changes as events come.",
            .example = kExample,
            .keys = kKeys,
            .read = read,
            .link = link};
}

}  // namespace tarn::project
