#include <algorithm>
#include <cctype>
#include <set>

#include "model.h"
#include "table_model.h"
#include "tarn/project/error_ids.h"
#include "tarn/project/project.h"
#include "yaml.h"

namespace tarn::project {
namespace {

using codec::ColumnSpec;
using codec::ColumnType;

const std::vector<std::string> kProjectKeys = {"name", "topics", "settings"};
const std::vector<std::string> kTopicKeys = {"partitions", "retention", "retention_bytes",
                                             "format",     "columns",   "table",
                                             "quarantine", "late_of",   "quarantine_of"};
const std::vector<std::string> kColumnKeys = {"type", "required"};
const std::vector<std::string> kTableKeys = {"name", "every", "partition_by"};
const std::vector<std::string> kLiveKeys = {"materialized", "watermark", "grace",
                                            "late",         "every",     "retain"};
constexpr std::string_view kFile = "tarn.yml";
constexpr Duration kForever = Duration::micros(-1);

const std::vector<HeaderColumn> kQuarantineColumns = {
    {{"reason", ColumnType::kText, false}, "tarn.reason"},
    {{"field", ColumnType::kText, false}, "tarn.field"},
    {{"source_topic", ColumnType::kText, false}, "tarn.topic"},
    {{"source_partition", ColumnType::kInt32, false}, "tarn.partition"},
    {{"source_offset", ColumnType::kInt64, false}, "tarn.offset"},
    {{"source_timestamp", ColumnType::kTimestamp, false}, "tarn.timestamp"},
};
const std::vector<HeaderColumn> kLateColumns = {
    {{"reason", ColumnType::kText, false}, "tarn.reason"},
    {{"source_partition", ColumnType::kInt32, false}, "tarn.partition"},
    {{"source_offset", ColumnType::kInt64, false}, "tarn.offset"},
    {{"watermark", ColumnType::kTimestamp, false}, "tarn.watermark"},
    {{"window_end", ColumnType::kTimestamp, false}, "tarn.window_end"},
};
const std::vector<ColumnSpec> kRawColumns = {{"key", ColumnType::kBytes, false},
                                             {"value", ColumnType::kBytes, false}};

bool is_topic_name(std::string_view name) {
    auto legal = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
           std::ranges::all_of(name, legal);
}
class Loader {
  public:
    Loader(io::FileSystem& fs, const std::string& folder) : fs_(fs) { project_.folder = folder; }

    Result<Project> load() {
        auto text = fs_.read_all(project_.folder + "/tarn.yml");
        if (!text) {
            if (text.error().code() != ErrorCode::kNotFound) return fail(text.error());
            return fail(errors::kNoProject,
                        "no tarn.yml in " + project_.folder + ": a project has one at its root");
        }
        TARN_TRY(auto root, parse_yaml(*text, kFile));
        TARN_TRY(auto map, YamlMap::of(root, kFile, "tarn.yml", kProjectKeys));
        project_.name = io::file_name(project_.folder);
        TARN_RETURN_IF_ERROR(map.text("name", project_.name));
        if (auto topics = map.find("topics")) TARN_RETURN_IF_ERROR(load_topics(topics->value));
        if (auto settings = map.find("settings"))
            TARN_RETURN_IF_ERROR(load_settings(settings->value, ""));
        TARN_RETURN_IF_ERROR(link_topics());
        TARN_RETURN_IF_ERROR(check_tables());
        TARN_RETURN_IF_ERROR(load_models(project_.folder + "/models", "models"));
        std::ranges::sort(project_.live_models, {}, &LiveModel::name);
        TARN_TRY(project_.table_models, link_models(project_, std::move(table_models_)));
        return std::move(project_);
    }

  private:
    Status load_settings(const YamlNode& node, const std::string& prefix) {
        if (node.kind == YamlNode::Kind::kNull && prefix.empty()) return {};
        if (node.kind != YamlNode::Kind::kMap)
            return wrong({kFile, node.line}, "settings must be a map");
        for (const auto& entry : node.entries) {
            auto name = prefix + entry.key;
            if (entry.value.kind == YamlNode::Kind::kMap) {
                TARN_RETURN_IF_ERROR(load_settings(entry.value, name + "."));
            } else if (entry.value.kind == YamlNode::Kind::kScalar) {
                if (!project_.settings.emplace(name, entry.value.text).second) {
                    return wrong({kFile, entry.line}, "setting " + name + " stands twice");
                }
            } else {
                return wrong({kFile, entry.line}, "setting " + name + " must be a single value");
            }
        }
        return {};
    }

    Status load_topics(const YamlNode& node) {
        if (node.kind == YamlNode::Kind::kNull) return {};
        if (node.kind != YamlNode::Kind::kMap) {
            return wrong({kFile, node.line}, fmt::format("topics must be a map of names, not {}",
                                                         to_string(node.kind)));
        }
        for (const auto& entry : node.entries) {
            if (!is_topic_name(entry.key)) {
                return wrong(
                    {kFile, entry.line},
                    fmt::format(
                        "a topic's name is 1 to 249 letters, digits, '.', '_' and '-', not {}",
                        entry.key));
            }
            TARN_RETURN_IF_ERROR(load_topic(entry));
        }
        return {};
    }

    Status load_topic(const YamlEntry& entry) {
        TARN_TRY(auto map, YamlMap::of(entry.value, kFile, "topic " + entry.key, kTopicKeys));
        Topic topic{.name = entry.key,
                    .columns = {},
                    .header_columns = {},
                    .table = {},
                    .quarantine = {},
                    .late_of = {},
                    .quarantine_of = {},
                    .line = entry.line};
        int64_t partitions = 1;
        TARN_RETURN_IF_ERROR(map.integer("partitions", 1, 10'000, partitions));
        topic.partitions = int32_t(partitions);
        auto retention = map.find("retention");
        if (retention && retention->value.text == "forever")
            topic.retention = kForever;
        else
            TARN_RETURN_IF_ERROR(map.duration("retention", Duration::seconds(1), topic.retention));
        TARN_RETURN_IF_ERROR(map.bytes("retention_bytes", topic.retention_bytes));
        TARN_RETURN_IF_ERROR(map.text("late_of", topic.late_of));
        TARN_RETURN_IF_ERROR(map.text("quarantine_of", topic.quarantine_of));
        TARN_RETURN_IF_ERROR(map.text("quarantine", topic.quarantine));
        TARN_RETURN_IF_ERROR(load_form(map, topic));
        if (auto table = map.find("table")) TARN_RETURN_IF_ERROR(load_table(*table, topic));
        project_.topics.emplace(topic.name, std::move(topic));
        return {};
    }

    // Format and columns.
    Status load_form(const YamlMap& map, Topic& topic) {
        bool derived = !topic.late_of.empty() || !topic.quarantine_of.empty();
        if (!topic.late_of.empty() && !topic.quarantine_of.empty()) {
            return wrong(map.place(*map.find("quarantine_of")),
                         "a topic is late_of or quarantine_of another, not both");
        }
        std::string format = "json";
        TARN_RETURN_IF_ERROR(map.text("format", format));
        for (auto key : {"format", "columns"}) {
            if (derived && map.find(key)) {
                return wrong(map.place(*map.find(key)),
                             fmt::format("topic {} has the form of {}{}: leave {} out", topic.name,
                                         topic.late_of, topic.quarantine_of, key));
            }
        }
        if (format != "json" && format != "raw") {
            const std::vector<std::string> formats = {"json", "raw"};
            return wrong(map.place(*map.find("format")),
                         fmt::format("unknown format {}{}", format, suggestion(format, formats)));
        }
        if (!topic.quarantine_of.empty()) {
            topic.format = TopicFormat::kRaw;
            topic.columns = kRawColumns;
            topic.header_columns = kQuarantineColumns;
        } else if (format == "raw") {
            topic.format = TopicFormat::kRaw;
            topic.columns = kRawColumns;
            if (auto columns = map.find("columns")) {
                return wrong(map.place(*columns),
                             "a raw topic has the columns key and value: leave columns out");
            }
        } else if (topic.late_of.empty()) {
            auto columns = map.find("columns");
            if (!columns)
                return wrong({kFile, topic.line},
                             "topic " + topic.name + " needs columns, or format: raw");
            TARN_RETURN_IF_ERROR(load_columns(*columns, topic));
        }
        if (topic.format == TopicFormat::kRaw && !topic.quarantine.empty()) {
            return wrong(map.place(*map.find("quarantine")),
                         "a raw topic refuses nothing: leave quarantine out");
        }
        return {};
    }

    Status load_columns(const YamlEntry& columns, Topic& topic) {
        if (columns.value.kind != YamlNode::Kind::kMap || columns.value.entries.empty()) {
            return wrong({kFile, columns.line}, "columns must be a map of names to types");
        }
        for (const auto& entry : columns.value.entries) {
            if (!is_identifier(entry.key)) {
                return wrong(
                    {kFile, entry.line},
                    fmt::format("a column's name is letters, digits and '_', not {}", entry.key));
            }
            ColumnSpec column{.name = entry.key};
            std::string type;
            if (entry.value.kind == YamlNode::Kind::kScalar) {
                type = entry.value.text;
            } else {
                TARN_TRY(auto map,
                         YamlMap::of(entry.value, kFile, "column " + entry.key, kColumnKeys));
                TARN_RETURN_IF_ERROR(map.text("type", type));
                TARN_RETURN_IF_ERROR(map.boolean("required", column.required));
            }
            if (type.empty())
                return wrong({kFile, entry.line}, "column " + entry.key + " needs a type");
            auto parsed = codec::parse_column_type(type);
            if (!parsed)
                return wrong({kFile, entry.line},
                             "column " + entry.key + ": " + parsed.error().message());
            column.type = *parsed;
            for (const auto& other : topic.columns) {
                if (lower(other.name) == lower(column.name)) {
                    return wrong({kFile, entry.line},
                                 fmt::format("columns {} and {} differ only in case", other.name,
                                             column.name));
                }
            }
            topic.columns.push_back(std::move(column));
        }
        return {};
    }

    Status load_table(const YamlEntry& entry, Topic& topic) {
        TopicTable table{.name = {}, .partition_by = {"_date", "_hour"}};
        if (entry.value.kind == YamlNode::Kind::kScalar) {
            table.name = entry.value.text;
        } else {
            TARN_TRY(auto map,
                     YamlMap::of(entry.value, kFile, "table of topic " + topic.name, kTableKeys));
            TARN_RETURN_IF_ERROR(map.text("name", table.name));
            TARN_RETURN_IF_ERROR(map.duration("every", kMinEvery, table.every));
            TARN_RETURN_IF_ERROR(map.texts("partition_by", table.partition_by));
        }
        if (!is_table_name(table.name)) {
            return wrong(
                {kFile, entry.line},
                fmt::format("a table's name is schema.table, as in bronze.clicks, not '{}'",
                            table.name));
        }
        table_lines_[topic.name] = entry.line;
        topic.table = std::move(table);
        return {};
    }

    Result<const Topic*> source_of(const Topic& topic, const std::string& key,
                                   const std::string& source) {
        auto it = project_.topics.find(source);
        if (it == project_.topics.end()) {
            return wrong({kFile, topic.line},
                         fmt::format("topic {}: {} names no topic: {}{}", topic.name, key, source,
                                     suggestion(source, topic_names())));
        }
        if (it->second.format != TopicFormat::kJson || !it->second.late_of.empty()) {
            return wrong({kFile, topic.line},
                         fmt::format("topic {}: {} must name a topic with columns of its own, {} "
                                     "has none",
                                     topic.name, key, source));
        }
        return &it->second;
    }

    // What topics say of each other.
    Status link_topics() {
        std::vector<Topic> implied;
        for (auto& [name, topic] : project_.topics) {
            if (!topic.quarantine_of.empty())
                TARN_RETURN_IF_ERROR(source_of(topic, "quarantine_of", topic.quarantine_of));
            if (topic.format != TopicFormat::kJson) continue;
            if (!topic.late_of.empty()) {
                TARN_TRY(auto source, source_of(topic, "late_of", topic.late_of));
                topic.columns = source->columns;
                topic.header_columns = kLateColumns;
            }
        }
        for (auto& [name, topic] : project_.topics) {
            if (topic.format != TopicFormat::kJson) continue;
            const auto& owner = topic.late_of.empty() ? name : topic.late_of;
            if (topic.quarantine.empty()) {
                const auto& of_owner = project_.topics.at(owner).quarantine;
                topic.quarantine = of_owner.empty() ? owner + ".quarantine" : of_owner;
            }
            auto it = project_.topics.find(topic.quarantine);
            if (it == project_.topics.end()) {
                implied.push_back({.name = topic.quarantine,
                                   .format = TopicFormat::kRaw,
                                   .columns = kRawColumns,
                                   .header_columns = kQuarantineColumns,
                                   .table = {},
                                   .quarantine = {},
                                   .late_of = {},
                                   .quarantine_of = owner,
                                   .line = topic.line});
            } else if (it->second.quarantine_of != owner) {
                return wrong({kFile, topic.line},
                             fmt::format("topic {}: its quarantine {} must say quarantine_of: {}",
                                         name, topic.quarantine, owner));
            }
        }
        for (auto& topic : implied) {
            if (!is_topic_name(topic.name)) {
                return wrong({kFile, topic.line}, "not a topic's name: quarantine " + topic.name);
            }
            auto name = topic.name;
            project_.topics.emplace(name, std::move(topic));
        }
        return {};
    }

    Status check_tables() {
        std::map<std::string, std::string> owners;
        for (auto& [name, topic] : project_.topics) {
            if (!topic.table) continue;
            Place place{kFile, table_lines_[name]};
            auto [it, added] = owners.emplace(lower(topic.table->name), name);
            if (!added) {
                return wrong(place, fmt::format("table {} is also that of topic {}",
                                                topic.table->name, it->second));
            }
            std::set<std::string> seen;
            std::vector<std::string> columns;
            for (const auto& column : table_columns(topic)) {
                if (!seen.insert(lower(column.name)).second) {
                    return wrong(
                        place,
                        fmt::format("table {} would have column {} twice: rename the topic's own",
                                    topic.table->name, column.name));
                }
                columns.push_back(column.name);
            }
            std::set<std::string> partitions;
            for (const auto& by : topic.table->partition_by) {
                if (std::ranges::find(columns, by) == columns.end()) {
                    return wrong(place,
                                 fmt::format("partition_by names no column of {}: {}{}",
                                             topic.table->name, by, suggestion(by, columns)));
                }
                if (!partitions.insert(by).second)
                    return wrong(place, "partition_by names a column twice: " + by);
            }
        }
        return {};
    }

    Status load_models(const std::string& folder, const std::string& relative) {
        auto files = fs_.list(folder);
        if (!files)
            return files.error().code() == ErrorCode::kNotFound ? Status() : fail(files.error());
        for (const auto& file : *files) {
            auto path = folder + "/" + file.name, below = relative + "/" + file.name;
            if (file.folder) {
                if (std::ranges::count(below, '/') > 8)
                    return wrong({below, 1}, "folders of models are nested too deep");
                TARN_RETURN_IF_ERROR(load_models(path, below));
            } else if (file.name.ends_with(".sql")) {
                TARN_RETURN_IF_ERROR(load_model(path, below));
            }
        }
        return {};
    }

    Status load_model(const std::string& path, const std::string& file) {
        TARN_TRY(auto text, fs_.read_all(path));
        TARN_TRY(auto parsed, parse_model(text, file));
        Place place{file, parsed.config_line};
        auto schema = file.substr(7, file.find('/', 7) - 7);  // behind "models/"
        auto name = io::file_name(file);
        name = name.substr(0, name.size() - 4);
        if (file.find('/', 7) == std::string::npos) {
            return wrong({file, 1},
                         "a model stands in a folder of models/, which names its schema");
        }
        if (!is_table_name(schema + "." + name)) {
            return wrong({file, 1},
                         "names of model files and their folders are letters, digits and '_'");
        }
        auto materialized = parsed.config.find("materialized");
        auto kind = materialized == parsed.config.end() ? "" : materialized->second.text;
        if (kind != "live" && kind != "incremental") {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("{}:{}: this version runs models with materialized='live' or "
                                    "'incremental' only{}",
                                    file, place.line, kind.empty() ? "" : ", not '" + kind + "'"));
        }
        TARN_RETURN_IF_ERROR(
            check_keys(parsed, file, kind == "live" ? kLiveKeys : table_model_keys()));
        if (kind == "incremental") {
            TARN_TRY(auto model, read_table_model(parsed, schema + "." + name, file));
            table_models_.push_back(std::move(model));
            return {};
        }
        if (!parsed.references.empty())
            return wrong({file, parsed.references[0].line},
                         "a live model reads stream('topic'), not a table");
        LiveModel model{.name = schema + "." + name,
                        .file = file,
                        .sql = parsed.sql,
                        .stream = parsed.stream,
                        .late = {}};
        TARN_RETURN_IF_ERROR(read_config(parsed, file, model));
        TARN_RETURN_IF_ERROR(check_model(model, parsed));
        project_.live_models.push_back(std::move(model));
        return {};
    }

    static Status check_keys(const ModelFile& parsed, const std::string& file,
                             const std::vector<std::string>& known) {
        for (const auto& [key, value] : parsed.config)
            if (std::ranges::find(known, key) == known.end())
                return wrong({file, value.line},
                             "config: unknown key " + key + suggestion(key, known));
        return {};
    }

    static Status read_config(const ModelFile& parsed, const std::string& file, LiveModel& model) {
        ConfigReader config(parsed, file);
        TARN_RETURN_IF_ERROR(config.duration("watermark", Duration(), model.watermark));
        TARN_RETURN_IF_ERROR(config.duration("grace", Duration(), model.grace));
        TARN_RETURN_IF_ERROR(config.duration("every", kMinEvery, model.every));
        TARN_RETURN_IF_ERROR(config.duration("retain", Duration::seconds(1), model.retain));
        config.text("late", model.late);
        return {};
    }

    Status check_model(const LiveModel& model, const ModelFile& parsed) {
        for (const auto& other : project_.live_models) {
            if (lower(other.name) == lower(model.name)) {
                return wrong({model.file, 1},
                             fmt::format("{} has the same name: {}", other.file, model.name));
            }
        }
        if (model.stream.empty())
            return wrong({model.file, 1}, "a live model reads stream('topic'): none is named");
        auto it = project_.topics.find(model.stream);
        Place at_stream{model.file, parsed.stream_line};
        if (it == project_.topics.end()) {
            return wrong(at_stream,
                         fmt::format("stream('{0}'): no topic {0} in tarn.yml{1}", model.stream,
                                     suggestion(model.stream, topic_names())));
        }
        if (it->second.format != TopicFormat::kJson) {
            return wrong(at_stream, fmt::format("stream('{}'): a raw topic has no columns to query",
                                                model.stream));
        }
        if (model.late.empty()) return {};
        auto late = project_.topics.find(model.late);
        Place at_late{model.file, parsed.config.find("late")->second.line};
        if (late == project_.topics.end()) {
            return wrong(at_late, fmt::format("config: late: no topic {} in tarn.yml{}", model.late,
                                              suggestion(model.late, topic_names())));
        }
        if (late->second.late_of != model.stream) {
            return wrong(at_late, fmt::format("config: topic {} must say late_of: {}", model.late,
                                              model.stream));
        }
        return {};
    }

    std::vector<std::string> topic_names() const {
        std::vector<std::string> out;
        for (const auto& [name, topic] : project_.topics)
            out.push_back(name);
        return out;
    }

    io::FileSystem& fs_;
    Project project_;
    std::map<std::string, int> table_lines_;
    std::vector<UnlinkedModel> table_models_;
};

}  // namespace

Result<Project> load_project(io::FileSystem& fs, const std::string& folder) {
    return Loader(fs, folder).load();
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
    if (topic.format == TopicFormat::kJson) out.push_back({"_extra", ColumnType::kText, false});
    out.push_back({"_date", ColumnType::kDate, false});
    out.push_back({"_hour", ColumnType::kInt32, false});
    return out;
}

}  // namespace tarn::project
