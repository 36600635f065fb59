#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "names.h"
#include "tarn/project/project.h"
#include "tarn/project/section.h"

namespace tarn::project {
namespace {

using codec::ColumnSpec;
using codec::ColumnType;

constexpr NameRule kTopicName = {.text = kTopicNameRule,
                                 .pattern = "^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,249}$",
                                 .good = is_topic_name};
constexpr NameRule kColumnName = {.text = "a column's name is letters, digits and '_'",
                                  .pattern = "^[A-Za-z_][A-Za-z0-9_]{0,127}$",
                                  .good = is_identifier};

constexpr Key kColumnKeys[] = {
    {.name = "type",
     .text = "text, bool, int, bigint, double, decimal(digits,behind the point), timestamp, "
             "timestamp_ntz, date, bytes, uuid, json, list<type>, map<text, type> or "
             "struct<name: type, …>; also SQL's names of them ([types](../types.md)).",
     .example = "decimal(12,2)"},
    {.name = "path",
     .text = "Where the value is inside of objects: the names on the way, with points between "
             "them; without it, the field of the column's name.",
     .example = "customer.address.city"},
    {.name = "required",
     .form = Form::kBoolean,
     .default_value = "false",
     .text = "Whether a record without a value for it is a dead letter.",
     .example = "true"},
    {.name = "unit",
     .default_value = "ms",
     .text = "Of a timestamp: what a number counts since 1970. Seconds may have a fraction.",
     .example = "s",
     .choices = codec::time_unit_names},
    {.name = "zone",
     .text = "Of a timestamp: UTC or an offset, for texts that have none (`2026-11-27 14:00:00`); "
             "without it they are dead letters.",
     .example = "UTC"},
};
constexpr Key kTableKeys[] = {
    {.name = "name",
     .text = "The table, as schema.table.",
     .example = "bronze.clicks",
     .rule = &kTableName},
    {.name = "every",
     .form = Form::kDuration,
     .default_value = "5s",
     .text = "How often what is new is committed.",
     .example = "1s",
     .min = kMinEvery.us},
    {.name = "partition_by",
     .form = Form::kTexts,
     .default_value = "_date, _hour",
     .text = "The table's partition columns. `_date` and `_hour` are of the time at which a record "
             "was taken in, in UTC.",
     .example = "[country]"},
};
constexpr Key kTopicKeys[] = {
    {.name = "partitions",
     .form = Form::kInteger,
     .default_value = "1",
     .text = "How many partitions it has.",
     .example = "4",
     .min = 1,
     .max = 10'000},
    {.name = "retention",
     .form = Form::kDuration,
     .default_value = "7d",
     .text = "How long records are kept.",
     .example = "1h",
     .min = Duration::seconds(1).us,
     .word = "forever"},
    {.name = "retention_bytes",
     .form = Form::kBytes,
     .text = "How many bytes a partition keeps; without it there is no bound.",
     .example = "1GB"},
    {.name = "format",
     .default_value = codec::kDefaultFormat,
     .text = "How a record's value is written: a [payload format](#payload-formats).",
     .example = "raw",
     .choices = codec::payload_format_names},
    {.name = "columns",
     .form = Form::kNamed,
     .text = "The fields of an event and their types, as `name: type` or with more keys. A field "
             "that is not declared is kept in the table's column `_extra`.",
     .example = "{event_time: timestamp}",
     .rule = &kColumnName,
     .keys = kColumnKeys,
     .one = "column",
     .alone = "type"},
    {.name = "table",
     .form = Form::kMap,
     .text = "The topic's streaming table, to which every record is appended as it comes; a name "
             "alone will do.",
     .example = "bronze.clicks",
     .keys = kTableKeys,
     .alone = "name"},
    {.name = "dead_letter_topic",
     .text = "The topic for records that cannot be decoded; without it, the topic's name with "
             "`.dead_letters` behind it.",
     .example = "clicks.dead_letters",
     .old_name = "quarantine"},
    {.name = "late_of",
     .text = "This topic holds the late rows of that one, with its columns.",
     .example = "clicks"},
    {.name = "dead_letters_of",
     .text = "This topic holds what could not be decoded of that one: the original bytes.",
     .example = "clicks",
     .old_name = "quarantine_of"},
};

constexpr std::string_view kExample = R"(topics:
  clicks:
    partitions: 4
    retention: 1h
    columns:
      event_id: {type: text, required: true}
      event_time: {type: timestamp, required: true}
      page: text
    table: {name: bronze.clicks, every: 1s}
  clicks.late: {late_of: clicks, table: late.clicks}
  clicks.dead_letters: {dead_letters_of: clicks, table: dead_letters.clicks}
)";

std::string old_dead_letters(const std::string& owner) { return owner + ".quarantine"; }

std::vector<HeaderColumn> dead_letter_columns() {
    return {
        {{"reason", ColumnType::kText, false}, "tarn.reason"},
        {{"field", ColumnType::kText, false}, "tarn.field"},
        {{"source_topic", ColumnType::kText, false}, "tarn.topic"},
        {{"source_partition", ColumnType::kInt32, false}, "tarn.partition"},
        {{"source_offset", ColumnType::kInt64, false}, "tarn.offset"},
        {{"source_timestamp", ColumnType::kTimestamp, false}, "tarn.timestamp"},
    };
}

std::vector<HeaderColumn> late_columns() {
    return {
        {{"reason", ColumnType::kText, false}, "tarn.reason"},
        {{"source_partition", ColumnType::kInt32, false}, "tarn.partition"},
        {{"source_offset", ColumnType::kInt64, false}, "tarn.offset"},
        {{"watermark", ColumnType::kTimestamp, false}, "tarn.watermark"},
        {{"window_end", ColumnType::kTimestamp, false}, "tarn.window_end"},
        {{"source_model", ColumnType::kText, false}, "tarn.model"},
    };
}

std::vector<ColumnSpec> raw_columns() {
    return {{"key", ColumnType::kBytes, false}, {"value", ColumnType::kBytes, false}};
}

// How a column's times are written.
Status load_times(const Values& values, const ColumnSpec& column, Topic& topic) {
    for (auto key : {"unit", "zone"})
        if (values.has(key) && column.type != ColumnType::kTimestamp)
            return wrong(values.place(key),
                         fmt::format("column {}: {} is for timestamps, not for {}", column.name,
                                     key, codec::to_string(column.type)));
    codec::TimeForm form;
    form.unit = codec::parse_time_unit(values.text("unit")).value_or(form.unit);
    if (values.has("zone")) {
        form.zone = codec::parse_zone(values.text("zone"));
        if (!form.zone)
            return wrong(values.place("zone"),
                         fmt::format("column {}: zone is UTC or an offset such as +02:00, not '{}'",
                                     column.name, values.text("zone")));
    }
    if (form != codec::TimeForm()) topic.times[column.name] = form;
    return {};
}

// Where a column's value is in the event, and whether it is taken as JSON.
Status load_place(const Values& values, const std::string& name, bool json, Topic& topic) {
    codec::FieldForm form{.path = {}, .json = json};
    auto path = values.text("path");
    for (size_t from = 0; !path.empty() && from <= path.size();) {
        const auto to = std::min(path.find('.', from), path.size());
        form.path.push_back(path.substr(from, to - from));
        if (form.path.back().empty())
            return wrong(values.place("path"),
                         fmt::format("column {}: path is names with points between them, not '{}'",
                                     name, path));
        from = to + 1;
    }
    if (form != codec::FieldForm()) topic.forms[name] = std::move(form);
    return {};
}

// The field of the event that a column is of.
std::string path_of(const Topic& topic, const std::string& column) {
    auto form = topic.forms.find(column);
    if (form == topic.forms.end() || form->second.path.empty()) return column;
    return fmt::format("{}", fmt::join(form->second.path, "."));
}

Status load_columns(const Values& of, Topic& topic) {
    auto columns = of.named("columns");
    if (columns.empty())
        return wrong(of.place("columns"), "columns must be a map of names to types");
    for (const auto& [name, values] : columns) {
        auto bad = [&](std::string_view what) { return wrong(values.place(), what); };
        ColumnSpec column{.name = name, .required = values.boolean("required")};
        auto type = values.text("type");
        if (type.empty()) return bad("column " + name + " needs a type");
        const bool json = lower(type) == "json";
        auto parsed = codec::parse_column_type(json ? "text" : type);
        if (!parsed) return bad("column " + name + ": " + parsed.error().message());
        column.type = *parsed;
        TARN_RETURN_IF_ERROR(load_times(values, column, topic));
        TARN_RETURN_IF_ERROR(load_place(values, name, json, topic));
        for (const auto& other : topic.columns)
            if (path_of(topic, other.name) == path_of(topic, name))
                return bad(fmt::format("columns {} and {} are of the same field: {}", other.name,
                                       name, path_of(topic, name)));
        for (const auto& other : topic.columns)
            if (lower(other.name) == lower(name))
                return bad(fmt::format("columns {} and {} differ only in case", other.name, name));
        topic.columns.push_back(std::move(column));
    }
    return {};
}

// Format and columns.
Status load_form(const Values& values, Topic& topic) {
    bool derived = !topic.late_of.empty() || !topic.dead_letters_of.empty();
    if (!topic.late_of.empty() && !topic.dead_letters_of.empty()) {
        return wrong(values.place("dead_letters_of"),
                     "a topic is late_of or dead_letters_of another, not both");
    }
    for (auto key : {"format", "columns"}) {
        if (derived && values.has(key)) {
            return wrong(values.place(key),
                         fmt::format("topic {} has the form of {}{}: leave {} out", topic.name,
                                     topic.late_of, topic.dead_letters_of, key));
        }
    }
    if (!topic.dead_letters_of.empty()) {
        topic.format = codec::find_payload_format(codec::kRawFormat);
        topic.columns = raw_columns();
        topic.header_columns = dead_letter_columns();
    } else if (!topic.decoded()) {
        topic.columns = raw_columns();
        if (values.has("columns")) {
            return wrong(values.place("columns"),
                         "a raw topic has the columns key and value: leave columns out");
        }
    } else if (topic.late_of.empty()) {
        if (!values.has("columns"))
            return wrong(values.place(), "topic " + topic.name + " needs columns, or format: raw");
        TARN_RETURN_IF_ERROR(load_columns(values, topic));
    }
    if (!topic.decoded() && !topic.dead_letters.empty()) {
        return wrong(values.place("dead_letter_topic"),
                     "a raw topic refuses nothing: leave dead_letter_topic out");
    }
    return {};
}

Status load_table(const Values& of, Topic& topic) {
    auto table = of.map("table");
    if (!table.has("name")) return wrong(table.place(), fmt::format("{}, not ''", kTableName.text));
    topic.table = TopicTable{.name = table.text("name"),
                             .every = table.duration("every"),
                             .partition_by = table.texts("partition_by"),
                             .line = table.place().line};
    return {};
}

Status load(const Values& file, Project& project) {
    for (const auto& [name, values] : file.named("topics")) {
        Topic topic{.name = name,
                    .partitions = int32_t(values.integer("partitions")),
                    .retention = values.duration("retention"),
                    .retention_bytes = values.bytes("retention_bytes"),
                    .format = codec::find_payload_format(values.text("format")),
                    .columns = {},
                    .times = {},
                    .forms = {},
                    .header_columns = {},
                    .table = {},
                    .dead_letters = values.text("dead_letter_topic"),
                    .late_of = values.text("late_of"),
                    .dead_letters_of = values.text("dead_letters_of"),
                    .line = values.place().line};
        TARN_RETURN_IF_ERROR(load_form(values, topic));
        if (values.has("table")) TARN_RETURN_IF_ERROR(load_table(values, topic));
        project.topics.emplace(name, std::move(topic));
    }
    return {};
}

// What topics say of each other.
class Linker {
  public:
    explicit Linker(Project& project) : topics_(project.topics), project_(project) {}

    Status link() {
        TARN_RETURN_IF_ERROR(derive());
        TARN_RETURN_IF_ERROR(link_dead_letters());
        return check_tables();
    }

  private:
    static Place place(const Topic& topic) { return {kProjectFile, topic.line}; }

    Result<const Topic*> source_of(const Topic& topic, std::string_view key,
                                   const std::string& source) {
        auto it = topics_.find(source);
        if (it == topics_.end()) {
            return wrong(place(topic),
                         fmt::format("topic {}: {} names no topic: {}{}", topic.name, key, source,
                                     suggestion(source, topic_names(project_))));
        }
        if (!it->second.decoded() || !it->second.late_of.empty()) {
            return wrong(place(topic),
                         fmt::format("topic {}: {} must name a topic with columns of its own, {} "
                                     "has none",
                                     topic.name, key, source));
        }
        return &it->second;
    }

    Status derive() {
        for (auto& [name, topic] : topics_) {
            if (!topic.dead_letters_of.empty())
                TARN_RETURN_IF_ERROR(source_of(topic, "dead_letters_of", topic.dead_letters_of));
            if (!topic.decoded() || topic.late_of.empty()) continue;
            TARN_TRY(auto source, source_of(topic, "late_of", topic.late_of));
            topic.columns = source->columns;
            topic.times = source->times;
            topic.forms = source->forms;
            topic.header_columns = late_columns();
        }
        return {};
    }

    // The name of before, where the project declares a topic of that name.
    std::string default_name(const std::string& owner) const {
        auto old = topics_.find(old_dead_letters(owner));
        return old != topics_.end() && old->second.dead_letters_of == owner
                   ? old->first
                   : owner + ".dead_letters";
    }

    // Each decoded topic has one, which need not be written.
    Status link_dead_letters() {
        std::vector<Topic> implied;
        for (auto& [name, topic] : topics_) {
            if (!topic.decoded()) continue;
            const auto& owner = topic.late_of.empty() ? name : topic.late_of;
            if (topic.dead_letters.empty()) topic.dead_letters = topics_.at(owner).dead_letters;
            const bool named = !topic.dead_letters.empty();
            if (!named) topic.dead_letters = default_name(owner);
            auto it = topics_.find(topic.dead_letters);
            if (it == topics_.end()) {
                implied.push_back({.name = topic.dead_letters,
                                   .format = codec::find_payload_format(codec::kRawFormat),
                                   .columns = raw_columns(),
                                   .times = {},
                                   .forms = {},
                                   .header_columns = dead_letter_columns(),
                                   .table = {},
                                   .dead_letters = {},
                                   .late_of = {},
                                   .dead_letters_of = owner,
                                   .implied = !named,
                                   .line = topic.line});
            } else if (it->second.dead_letters_of != owner) {
                return wrong(place(topic),
                             fmt::format("topic {}: its dead_letter_topic {} must say "
                                         "dead_letters_of: {}",
                                         name, topic.dead_letters, owner));
            }
        }
        for (auto& topic : implied) {
            if (!is_topic_name(topic.name))
                return wrong(place(topic), "not a topic's name: dead_letter_topic " + topic.name);
            auto name = topic.name;
            topics_.emplace(name, std::move(topic));
        }
        return {};
    }

    Status check_tables() {
        std::map<std::string, std::string> owners;
        for (const auto& [name, topic] : topics_) {
            if (!topic.table) continue;
            auto [it, added] = owners.emplace(lower(topic.table->name), name);
            if (!added) {
                return wrong({kProjectFile, topic.table->line},
                             fmt::format("table {} is also that of topic {}", topic.table->name,
                                         it->second));
            }
            TARN_RETURN_IF_ERROR(check_columns(topic));
        }
        return {};
    }

    static Status check_columns(const Topic& topic) {
        const auto& table = *topic.table;
        const Place place{kProjectFile, table.line};
        std::set<std::string> seen;
        std::vector<std::string> columns;
        for (const auto& column : table_columns(topic)) {
            if (!seen.insert(lower(column.name)).second) {
                return wrong(place, fmt::format("table {} would have column {} twice: rename the "
                                                "topic's own",
                                                table.name, column.name));
            }
            columns.push_back(column.name);
        }
        std::set<std::string> partitions;
        for (const auto& by : table.partition_by) {
            if (std::ranges::find(columns, by) == columns.end()) {
                return wrong(place, fmt::format("partition_by names no column of {}: {}{}",
                                                table.name, by, suggestion(by, columns)));
            }
            if (!partitions.insert(by).second)
                return wrong(place, "partition_by names a column twice: " + by);
        }
        return {};
    }

    std::map<std::string, Topic>& topics_;
    const Project& project_;
};

Status link(Project& project) { return Linker(project).link(); }

}  // namespace

void keep_dead_letters(Project& project, const std::function<bool(const std::string&)>& stands) {
    std::map<std::string, std::string> kept;  // by the name that the topic was given
    for (const auto& [name, topic] : project.topics)
        if (auto old = old_dead_letters(topic.dead_letters_of);
            topic.implied && stands(old) && !stands(name) && !project.topics.contains(old))
            kept[name] = old;
    for (const auto& [name, old] : kept) {
        auto node = project.topics.extract(name);
        node.key() = node.mapped().name = old;
        project.topics.insert(std::move(node));
    }
    for (auto& [name, topic] : project.topics)
        if (auto it = kept.find(topic.dead_letters); it != kept.end())
            topic.dead_letters = it->second;
}

std::vector<ColumnSpec> table_columns(const Topic& topic) {
    std::vector<ColumnSpec> out = topic.columns;
    for (const auto& header : topic.header_columns)
        out.push_back(header.column);
    for (auto& column : out)
        column.required = false;
    out.push_back({"_topic", ColumnType::kText, false});
    out.push_back({"_partition", ColumnType::kInt32, false});
    out.push_back({"_offset", ColumnType::kInt64, false});
    out.push_back({"_timestamp", ColumnType::kTimestamp, false});
    out.push_back({"_ingested_at", ColumnType::kTimestamp, false});
    out.push_back({"_batch_id", ColumnType::kInt64, false});
    out.push_back({"_key", ColumnType::kBytes, false});
    if (topic.decoded()) out.push_back({"_extra", ColumnType::kText, false});
    out.push_back({"_date", ColumnType::kDate, false});
    out.push_back({"_hour", ColumnType::kInt32, false});
    return out;
}

Section topics_section() {
    return {.key = {.name = "topics",
                    .form = Form::kNamed,
                    .text = "The topics that flows read and write, and the table of each.",
                    .rule = &kTopicName,
                    .keys = kTopicKeys,
                    .one = "topic"},
            .example = kExample,
            .load = load,
            .link = link};
}

}  // namespace tarn::project
