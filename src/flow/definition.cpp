#include "definition.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tarn/flow/error_ids.h"
#include "tarn/lake/lake.h"
#include "tarn/project/model_kind.h"

namespace tarn::flow {
namespace {

using nlohmann::ordered_json;

constexpr int kDefinitionVersion = 1;
constexpr std::string_view kFile = "/definition.json";

bool word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || (c & 0x80);
}

// Where the quoted text that begins at `at` ends, behind its quote.
size_t end_of_quoted(std::string_view sql, size_t at) {
    const char quote = sql[at];
    for (size_t i = at + 1; i < sql.size(); ++i) {
        if (sql[i] != quote) continue;
        if (i + 1 < sql.size() && sql[i + 1] == quote)
            ++i;
        else
            return i + 1;
    }
    return sql.size();
}

// Where the comment that begins at `at` ends; `at` if there is none.
size_t end_of_comment(std::string_view sql, size_t at) {
    if (sql.substr(at, 2) == "--") return std::min(sql.find('\n', at), sql.size());
    if (sql.substr(at, 2) != "/*") return at;
    size_t depth = 0;
    for (size_t i = at; i + 1 < sql.size(); ++i) {
        const auto two = sql.substr(i, 2);
        if (two == "/*") {
            ++depth, ++i;
        } else if (two == "*/") {
            if (--depth == 0) return i + 2;
            ++i;
        }
    }
    return sql.size();
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = char(c + 32);
    return out;
}

// A SELECT that is one list and what follows it: both normalized.
struct Select {
    std::vector<std::string> items;
    std::string rest;
};

std::optional<Select> select_of(std::string_view sql) {
    constexpr std::string_view kSelect = "select ", kFrom = " from ";
    if (!sql.starts_with(kSelect) || sql.starts_with("select distinct ")) return std::nullopt;
    Select out;
    size_t begin = kSelect.size();
    int depth = 0;
    for (size_t i = begin; i < sql.size();) {
        const char c = sql[i];
        if (c == '\'' || c == '"') {
            i = end_of_quoted(sql, i);
            continue;
        }
        const bool end = sql.substr(i).starts_with(kFrom);
        if (depth == 0 && (c == ',' || end)) {
            auto item = sql.substr(begin, i - begin);
            while (item.ends_with(' '))
                item.remove_suffix(1);
            if (!item.empty()) out.items.emplace_back(item);  // none: a comma too many
            if (end) {
                out.rest = sql.substr(i + 1);
                return out;
            }
            begin = i + 2;  // a blank follows
        }
        depth += c == '(' || c == '[' || c == '{';
        depth -= c == ')' || c == ']' || c == '}';
        ++i;
    }
    return std::nullopt;
}

// Both make the same rows, but for their columns.
bool same_but_columns(const std::string& before, const std::string& now) {
    auto a = select_of(before), b = select_of(now);
    return a && b && a->rest == b->rest;
}

const DefinedColumn* find(const std::vector<DefinedColumn>& columns, std::string_view name) {
    auto it = std::ranges::find(columns, name, &DefinedColumn::name);
    return it == columns.end() ? nullptr : &*it;
}

// As Lake::ensure_table() widens what stands.
bool widens(std::string_view from, std::string_view to) {
    const auto was = codec::parse_column_type(from), is = codec::parse_column_type(to);
    return was && is && lake::widens(*was, *is);
}

bool keeps_input(std::string_view strategy) {
    const auto* known = project::find_strategy(strategy);
    return known && known->keeps_input;
}

bool replaces(std::string_view strategy) {
    const auto* known = project::find_strategy(strategy);
    return known && known->replaces;
}

class Comparison {
  public:
    Comparison(const Definition& before, const Definition& now) : before_(before), now_(now) {}

    std::vector<Change> run() {
        if (before_.strategy != now_.strategy)
            add(Effect::kRebuild,
                fmt::format("its strategy is {}, not {}",
                            now_.strategy.empty() ? "none" : now_.strategy, before_.strategy));
        settings();
        input();
        output();
        sql();
        if (out_.empty() && before_.text != now_.text)
            add(Effect::kFree, "comments and formatting");
        std::ranges::stable_sort(out_, std::greater(), &Change::effect);
        return std::move(out_);
    }

  private:
    // Rows one by one: what stands does not depend on what comes.
    bool rows_alone() const { return now_.strategy == "append" || now_.strategy == "table"; }
    // Whether state that is kept of what was read goes on with wider input of this type.
    bool reads_wider(std::string_view type) const {
        return !keeps_input(now_.strategy) && (now_.strategy != "live" || type == "BIGINT");
    }
    void add(Effect effect, std::string what, bool rewrites = false) {
        out_.push_back({effect, std::move(what), rewrites});
    }

    void settings() {
        static const std::set<std::string> kGoOn = {"every", "retain", "deduplication_window"};
        auto names = before_.settings;
        names.insert(now_.settings.begin(), now_.settings.end());
        for (const auto& [name, value] : names) {
            auto a = before_.settings.find(name), b = now_.settings.find(name);
            const std::string was = a == before_.settings.end() ? "" : a->second;
            const std::string is = b == now_.settings.end() ? "" : b->second;
            if (was == is) continue;
            // A side output that came, went or has another name takes what comes from now on.
            const bool goes_on = kGoOn.contains(name) || name == "late" || name == "quarantine";
            add(goes_on ? Effect::kContinues : Effect::kRebuild,
                fmt::format("{} is {}, before {}", name, is.empty() ? "not set" : is,
                            was.empty() ? "not set" : was));
        }
    }

    void input() {
        for (const auto& is : now_.input) {
            const auto* was = find(before_.input, is.name);
            if (!was) continue;  // the SQL says so
            if (was->form != is.form)
                add(Effect::kRebuild,
                    fmt::format("column {} is read otherwise than before", is.name));
            if (was->type != is.type)
                add(widens(was->type, is.type) && reads_wider(is.type) ? Effect::kContinues
                                                                       : Effect::kRebuild,
                    fmt::format("column {} of the source is {}, before {}", is.name, is.type,
                                was->type));
            if (was->required != is.required && now_.strategy != "append")
                add(Effect::kContinues,
                    fmt::format("column {}{} is {}required", is.name,
                                now_.strategy == "table" ? "" : " of the source",
                                is.required ? "" : "no longer "));
        }
    }

    void output() {
        const bool grows = rows_alone();
        for (const auto& is : now_.output) {
            const auto* was = find(before_.output, is.name);
            if (!was) {
                add(grows ? Effect::kContinues : Effect::kRebuild,
                    grows ? fmt::format("column {} ({}) is new: null in the rows that stand{}",
                                        is.name, is.type,
                                        is.required ? ", required of those that come" : "")
                          : fmt::format("column {} ({}) is new, and the rows that stand need it",
                                        is.name, is.type));
                continue;
            }
            if (was->form != is.form)
                add(Effect::kRebuild,
                    fmt::format("column {} is read otherwise than before", is.name));
            if (was->type != is.type) {
                const bool wide = widens(was->type, is.type) && (grows || replaces(now_.strategy));
                add(wide ? Effect::kContinues : Effect::kRebuild,
                    wide ? fmt::format("column {} is {}, before {}: the table's files are written "
                                       "anew once, in one commit",
                                       is.name, is.type, was->type)
                         : fmt::format("column {} is {}, before {}", is.name, is.type, was->type),
                    wide);
            }
            if (was->required && !is.required)
                add(Effect::kContinues, fmt::format("column {} is no longer required", is.name));
            else if (!was->required && is.required)
                add(Effect::kContinues,
                    fmt::format("column {} is required of the events that come", is.name));
        }
        for (const auto& was : before_.output)
            if (!find(now_.output, was.name))
                add(grows ? Effect::kContinues : Effect::kRebuild,
                    grows
                        ? fmt::format("column {} is gone: it stays in the table, null in new rows",
                                      was.name)
                        : fmt::format("column {} is gone", was.name));
    }

    void sql() {
        if (before_.sql == now_.sql) return;
        if (now_.strategy == "append" && same_but_columns(before_.sql, now_.sql)) {
            // A column of the same name with another expression is no new column.
            for (const auto& item : changed_items())
                add(Effect::kRebuild, "the SELECT makes other values: " + item);
            return;
        }
        if (now_.strategy == "table") return;  // made of settings and columns
        add(Effect::kRebuild, "the SQL makes other rows");
    }

    // Items that are new although no column is.
    std::vector<std::string> changed_items() const {
        auto a = select_of(before_.sql), b = select_of(now_.sql);
        std::multiset<std::string> old(a->items.begin(), a->items.end());
        size_t fresh_columns = 0, gone_columns = 0;
        for (const auto& column : now_.output)
            fresh_columns += find(before_.output, column.name) == nullptr;
        for (const auto& column : before_.output)
            gone_columns += find(now_.output, column.name) == nullptr;
        std::vector<std::string> fresh;
        for (const auto& item : b->items) {
            auto it = old.find(item);
            if (it == old.end())
                fresh.push_back(item);
            else
                old.erase(it);
        }
        if (fresh.size() <= fresh_columns && old.size() <= gone_columns) return {};
        if (fresh.empty()) fresh.push_back("a column of the same name is made otherwise");
        return fresh;
    }

    const Definition& before_;
    const Definition& now_;
    std::vector<Change> out_;
};

ordered_json json_of(const std::vector<DefinedColumn>& columns) {
    auto out = ordered_json::array();
    for (const auto& column : columns)
        out.push_back({{"name", column.name},
                       {"type", column.type},
                       {"required", column.required},
                       {"form", column.form}});
    return out;
}

std::vector<DefinedColumn> columns_of(const nlohmann::json& json) {
    std::vector<DefinedColumn> out;
    for (const auto& column : json)
        out.push_back({column.at("name"), column.at("type"), column.at("required"),
                       column.value("form", "")});
    return out;
}

}  // namespace

std::string_view to_string(Effect effect) {
    switch (effect) {
        case Effect::kNone:
            return "unchanged";
        case Effect::kNew:
            return "new";
        case Effect::kFree:
            return "free";
        case Effect::kContinues:
            return "goes on";
        case Effect::kRebuild:
            return "rebuild";
        case Effect::kRemoved:
            return "removed";
    }
    return "";
}

std::vector<DefinedColumn> defined(const std::vector<codec::ColumnSpec>& columns) {
    std::vector<DefinedColumn> out;
    for (const auto& column : columns)
        out.push_back({column.name, std::string(codec::to_string(column.type)), column.required});
    return out;
}

std::string normalized_sql(std::string_view sql) {
    std::string out;
    for (size_t i = 0; i < sql.size();) {
        const char c = sql[i];
        auto end = end_of_comment(sql, i);
        if (end > i || c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            i = std::max(end, i + 1);
            continue;
        }
        const bool quoted = c == '\'' || c == '"';
        end = quoted ? end_of_quoted(sql, i) : i + 1;
        while (word(c) && end < sql.size() && word(sql[end]))
            ++end;
        const auto token = sql.substr(i, end - i);
        if (!out.empty()) out += ' ';
        out += quoted ? std::string(token) : lower(token);
        i = end;
    }
    while (out.ends_with(';') || out.ends_with(' '))
        out.pop_back();
    return out;
}

std::vector<Change> compare(const Definition& before, const Definition& now) {
    return Comparison(before, now).run();
}

Effect gravest(const std::vector<Change>& changes) {
    auto out = Effect::kNone;
    for (const auto& change : changes)
        out = std::max(out, change.effect);
    return out;
}

void add_sink_changes(std::vector<Change> of_sinks, std::string_view strategy,
                      std::vector<Change>& changes) {
    const auto known = gravest(changes);
    for (auto& change : of_sinks) {
        if (change.effect == Effect::kContinues && keeps_input(strategy))
            change.effect = Effect::kRebuild;
        const bool said =
            !change.rewrites || std::ranges::any_of(changes, std::identity(), &Change::rewrites);
        if (change.effect > known || (change.effect == known && !said))
            changes.push_back(std::move(change));
    }
    std::ranges::stable_sort(changes, std::greater(), &Change::effect);
}

std::string text_of(const std::vector<Change>& changes, Effect effect) {
    std::string out;
    for (const auto& change : changes)
        if (change.effect == effect) out += (out.empty() ? "" : "; ") + change.what;
    return out;
}

Result<std::optional<Definition>> read_definition(io::FileSystem& fs, const std::string& folder) {
    auto text = fs.read_all(folder + std::string(kFile));
    if (!text && text.error().code() == ErrorCode::kNotFound) return std::nullopt;
    if (!text) return fail(text.error());
    auto wrong = [&](const std::string& what) {
        return fail(errors::kJournalDamaged,
                    fmt::format("a flow's definition {}: {}{}", what, folder, kFile));
    };
    auto json = nlohmann::json::parse(*text, nullptr, false);
    if (json.is_discarded() || !json.is_object()) return wrong("is no JSON object");
    try {
        if (json.at("version") != kDefinitionVersion) return wrong("is of another version");
        Definition out{.generation = json.at("generation"),
                       .text = json.at("text"),
                       .strategy = json.at("strategy"),
                       .sql = json.at("sql"),
                       .input = columns_of(json.at("input")),
                       .output = columns_of(json.at("output"))};
        for (const auto& [name, value] : json.at("settings").items())
            out.settings[name] = value;
        for (const auto& [sink, batch] : json.at("since").items())
            out.since[sink] = batch;
        return out;
    } catch (const nlohmann::json::exception& error) {
        return wrong(fmt::format("is damaged ({})", error.what()));
    }
}

Status write_definition(io::FileSystem& fs, const std::string& folder,
                        const Definition& definition) {
    ordered_json json = {{"version", kDefinitionVersion},
                         {"generation", definition.generation},
                         {"text", definition.text},
                         {"strategy", definition.strategy},
                         {"sql", definition.sql},
                         {"input", json_of(definition.input)},
                         {"output", json_of(definition.output)},
                         {"settings", definition.settings},
                         {"since", definition.since}};
    TARN_RETURN_IF_ERROR(fs.create_folders(folder));
    return fs.replace(folder + std::string(kFile), json.dump(2) + "\n");
}

}  // namespace tarn::flow
