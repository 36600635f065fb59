#include "table_model.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace tarn::project {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = char(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool is_identifier(std::string_view word) {
    auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    return !word.empty() && word.size() <= 128 &&
           !std::isdigit(static_cast<unsigned char>(word[0])) && std::ranges::all_of(word, plain);
}

bool is_table_name(std::string_view name) {
    auto dot = name.find('.');
    return dot != std::string_view::npos && is_identifier(name.substr(0, dot)) &&
           is_identifier(name.substr(dot + 1));
}

Place ConfigReader::place(const std::string& key) const {
    auto it = parsed_.config.find(key);
    return {file_, it == parsed_.config.end() ? parsed_.config_line : it->second.line};
}

Status ConfigReader::duration(const std::string& key, Duration min, Duration& out) const {
    auto it = parsed_.config.find(key);
    if (it == parsed_.config.end()) return {};
    auto value = parse_duration(it->second.text);
    if (!value)
        return wrong(place(key), fmt::format("config: {}: {}", key, value.error().message()));
    if (*value < min)
        return wrong(place(key),
                     fmt::format("config: {} must be at least {}", key, format_duration(min)));
    out = *value;
    return {};
}

void ConfigReader::text(const std::string& key, std::string& out) const {
    if (auto it = parsed_.config.find(key); it != parsed_.config.end()) out = it->second.text;
}

Status ConfigReader::table(const std::string& key, std::string& out) const {
    text(key, out);
    if (out.empty() || is_table_name(out)) return {};
    return wrong(place(key),
                 fmt::format("config: {}: a table's name is schema.table, not '{}'", key, out));
}

Status ConfigReader::names(const std::string& key, std::vector<std::string>& out) const {
    std::string list;
    text(key, list);
    for (size_t at = 0; at < list.size();) {
        auto end = std::min(list.find(',', at), list.size());
        auto word = list.substr(at, end - at);
        std::erase_if(word, [](char c) { return std::isspace(static_cast<unsigned char>(c)); });
        if (!is_identifier(word))
            return wrong(place(key),
                         fmt::format("config: {}: not a column's name: '{}'", key, word));
        if (std::ranges::find(out, word) != out.end())
            return wrong(place(key), fmt::format("config: {} names {} twice", key, word));
        out.push_back(word);
        at = end + 1;
    }
    return {};
}

const std::vector<std::string>& table_model_keys() {
    static const std::vector<std::string> kKeys = {
        "materialized", "every",      "partition_by", "unique_key", "event_time",
        "horizon",      "quarantine", "watermark",    "grace",      "late"};
    return kKeys;
}

Result<UnlinkedModel> read_table_model(const ModelFile& parsed, const std::string& name,
                                       const std::string& file) {
    TableModel model{.name = name, .file = file, .sql = parsed.sql, .source = {}};
    ConfigReader config(parsed, file);
    TARN_RETURN_IF_ERROR(config.duration("every", kMinEvery, model.every));
    TARN_RETURN_IF_ERROR(config.duration("horizon", Duration::seconds(1), model.horizon));
    TARN_RETURN_IF_ERROR(config.duration("watermark", Duration(), model.watermark));
    TARN_RETURN_IF_ERROR(config.duration("grace", Duration(), model.grace));
    TARN_RETURN_IF_ERROR(config.names("partition_by", model.partition_by));
    TARN_RETURN_IF_ERROR(config.table("quarantine", model.quarantine));
    TARN_RETURN_IF_ERROR(config.table("late", model.late));
    config.text("unique_key", model.unique_key);
    config.text("event_time", model.event_time);
    if (!model.unique_key.empty() && model.event_time.empty())
        return wrong(config.place("unique_key"),
                     "config: unique_key needs event_time, the column that the horizon is of");
    if (model.unique_key.empty() && parsed.config.contains("horizon"))
        return wrong(config.place("horizon"), "config: horizon has no meaning without unique_key");
    if (!parsed.stream.empty())
        return wrong({file, parsed.stream_line},
                     "an incremental model reads a table: {{ source('schema', 'table') }} or "
                     "{{ ref('model') }}; a live model reads stream('topic')");
    if (parsed.references.empty())
        return wrong({file, parsed.config_line},
                     "an incremental model reads {{ source('schema', 'table') }} or "
                     "{{ ref('model') }}: none is named");
    return UnlinkedModel{std::move(model), parsed};
}

namespace {

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
            ConfigReader config(parsed, model.file);
            for (const auto& [key, table] :
                 {std::pair<std::string, const std::string*>{"materialized", &model.name},
                  {"quarantine", &model.quarantine},
                  {"late", &model.late}}) {
                if (table->empty()) continue;
                auto [it, added] = writers.emplace(lower(*table), model.file);
                if (!added)
                    return wrong(config.place(key),
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

}  // namespace

Result<std::vector<TableModel>> link_models(const Project& project,
                                            std::vector<UnlinkedModel> models) {
    return Linker(project, std::move(models)).link();
}

}  // namespace tarn::project
