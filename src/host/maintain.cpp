#include "tarn/host/maintain.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/base/settings.h"
#include "tarn/base/time.h"
#include "tarn/host/parameters.h"
#include "tarn/lake/maintain.h"

namespace tarn::host {
namespace {

using Json = nlohmann::ordered_json;

// The keys of a request, each asked for once; what was not asked for is wrong.
class Asked {
  public:
    explicit Asked(const nlohmann::json& request) : request_(request) {}

    bool flag(const char* key) { return get<bool>(key, "true or false").value_or(false); }
    std::string text(const char* key) { return get<std::string>(key, "a text").value_or(""); }
    std::optional<int64_t> number(const char* key) { return get<int64_t>(key, "a number"); }
    std::vector<std::string> texts(const char* key) {
        return get<std::vector<std::string>>(key, "a list of texts")
            .value_or(std::vector<std::string>());
    }
    // A text that `parse` takes; nothing if it is absent.
    template <class T>
    std::optional<T> parsed(const char* key, Result<T> (*parse)(std::string_view)) {
        const auto written = get<std::string>(key, "a text");
        if (!written) return std::nullopt;
        auto out = parse(*written);
        if (!out) return wrong(fmt::format("{}: {}", key, out.error().message())), std::nullopt;
        return *out;
    }
    lake::TableVersion version() {
        return {.version = number("version"), .time = parsed("time", parse_instant)};
    }
    Status done() const {
        if (!problem_.empty()) return fail(ErrorCode::kInvalidArgument, problem_);
        if (!request_.is_object())
            return fail(ErrorCode::kInvalidArgument, "the request is no JSON object");
        for (const auto& [key, value] : request_.items())
            if (std::ranges::find(known_, key) == known_.end())
                return fail(ErrorCode::kInvalidArgument, "the request has an unknown key: " + key);
        return {};
    }

  private:
    void wrong(std::string what) {
        if (problem_.empty()) problem_ = std::move(what);
    }
    template <class T>
    std::optional<T> get(const char* key, std::string_view form) {
        known_.emplace_back(key);
        if (!request_.is_object()) return std::nullopt;
        const auto at = request_.find(key);
        if (at == request_.end() || at->is_null()) return std::nullopt;
        const bool fits = std::is_same_v<T, bool>          ? at->is_boolean()
                          : std::is_same_v<T, int64_t>     ? at->is_number_integer()
                          : std::is_same_v<T, std::string> ? at->is_string()
                                                           : is_texts(*at);
        if (fits) return at->get<T>();
        wrong(fmt::format("{} must be {}", key, form));
        return std::nullopt;
    }
    static bool is_texts(const nlohmann::json& value) {
        return value.is_array() &&
               std::ranges::all_of(value, [](const auto& one) { return one.is_string(); });
    }

    const nlohmann::json& request_;
    std::vector<std::string> known_;
    std::string problem_;
};

Result<Uuid> parse_uuid(std::string_view text) {
    if (auto id = Uuid::parse(text)) return *id;
    return fail(ErrorCode::kInvalidArgument, "this is no UUID: " + std::string(text));
}

Result<Json> optimize(lake::Lake& lake, const std::string& table, Asked asked) {
    lake::OptimizeRequest request;
    request.table = table;
    request.where = asked.text("where");
    request.order_by = asked.texts("order_by");
    request.full = asked.flag("full");
    request.target_bytes = asked.parsed("target_size", parse_bytes).value_or(0);
    request.dry_run = asked.flag("dry_run");
    TARN_RETURN_IF_ERROR(asked.done());
    TARN_TRY(const auto made, lake.optimize(request));
    return Json{{"table", table},
                {"version", made.version},
                {"dry_run", request.dry_run},
                {"commits", made.commits},
                {"files_removed", made.files_removed},
                {"bytes_removed", made.bytes_removed},
                {"files_added", made.files_added},
                {"bytes_added", made.bytes_added},
                {"vectors_removed", made.vectors_removed},
                {"carried_rows", made.carried_rows},
                {"yielded", made.yielded}};
}

Result<Json> vacuum(lake::Lake& lake, const std::string& table, Asked asked) {
    lake::VacuumRequest request;
    request.table = table;
    request.retain = asked.parsed("retain", parse_duration);
    request.force = asked.flag("force");
    request.lite = asked.flag("lite");
    request.dry_run = asked.flag("dry_run");
    TARN_RETURN_IF_ERROR(asked.done());
    TARN_TRY(const auto made, lake.vacuum(request));
    return Json{{"table", table},      {"version", made.version}, {"dry_run", request.dry_run},
                {"files", made.files}, {"bytes", made.bytes},     {"paths", made.paths}};
}

Result<Json> restore(lake::Lake& lake, const std::string& table, Asked asked) {
    lake::RestoreRequest request;
    request.table = table;
    request.to = asked.version();
    request.ignore_missing = asked.flag("ignore_missing");
    TARN_RETURN_IF_ERROR(asked.done());
    TARN_TRY(const auto made, lake.restore(request));
    return Json{{"table", table},
                {"version", made.version},
                {"restored", made.restored},
                {"committed", made.committed},
                {"files_removed", made.files_removed},
                {"files_restored", made.files_restored},
                {"files_missing", made.files_missing}};
}

Result<Json> clone(lake::Lake& lake, const std::string& table, Asked asked) {
    lake::CloneRequest request;
    request.source = table;
    request.target = asked.text("target");
    request.of = asked.version();
    request.deep = asked.flag("deep");
    TARN_RETURN_IF_ERROR(asked.done());
    TARN_TRY(const auto made, lake.clone(request));
    return Json{{"table", request.target}, {"version", made.version},
                {"source", table},         {"source_version", made.source_version},
                {"deep", request.deep},    {"files", made.files},
                {"bytes", made.bytes}};
}

Result<Json> validate(lake::Lake& lake, const std::string& table, Asked asked) {
    TARN_RETURN_IF_ERROR(asked.done());
    TARN_TRY(const auto seen, lake.validate(table));
    auto problems = Json::array();
    for (const auto& one : seen.problems)
        problems.push_back({{"where", one.where}, {"what", one.what}});
    return Json{{"table", table},
                {"version", seen.version},
                {"commits", seen.commits},
                {"checkpoints", seen.checkpoints},
                {"files", seen.files},
                {"bytes", seen.bytes},
                {"vectors", seen.vectors},
                {"rows", seen.rows},
                {"problems", std::move(problems)}};
}

Result<Json> repair(lake::Lake& lake, const std::string& table, Asked asked) {
    lake::RepairRequest request;
    request.table = table;
    request.dry_run = asked.flag("dry_run");
    TARN_RETURN_IF_ERROR(asked.done());
    TARN_TRY(const auto made, lake.repair(request));
    auto repairs = Json::array(), left = Json::array();
    for (const auto& one : made.repairs)
        repairs.push_back({{"where", one.where}, {"what", one.what}, {"done", one.done}});
    for (const auto& one : made.left)
        left.push_back({{"where", one.where}, {"what", one.what}});
    return Json{{"table", table},
                {"version", made.version},
                {"dry_run", request.dry_run},
                {"committed", made.committed},
                {"found", made.found},
                {"files_removed", made.files_removed},
                {"rows_removed", made.rows_removed},
                {"repairs", std::move(repairs)},
                {"left", std::move(left)}};
}

Result<Json> undrop(lake::Lake& lake, const std::string& table, Asked asked) {
    lake::UndropRequest request;
    request.table = table;
    request.as = asked.text("as");
    request.id = asked.parsed("id", parse_uuid);
    TARN_RETURN_IF_ERROR(asked.done());
    TARN_TRY(const auto back, lake.undrop_table(request));
    const auto name = request.as.empty() ? table : request.as;
    const auto version = lake.version(name);
    return Json{{"table", name},
                {"was", table},
                {"id", back.id.str()},
                {"dropped", format_rfc3339(back.dropped)},
                {"version", version ? Json(*version) : Json()}};
}

struct Verb {
    std::string_view name;
    Result<Json> (*run)(lake::Lake& lake, const std::string& table, Asked asked);
};
constexpr Verb kVerbs[] = {{"optimize", optimize}, {"vacuum", vacuum},     {"restore", restore},
                           {"clone", clone},       {"validate", validate}, {"repair", repair},
                           {"undrop", undrop}};

}  // namespace

Result<nlohmann::ordered_json> maintain_table(lake::Lake& lake, std::string_view verb,
                                              const std::string& table,
                                              const nlohmann::json& request) {
    for (const auto& one : kVerbs)
        if (one.name == verb) return one.run(lake, table, Asked(request));
    return fail(ErrorCode::kInvalidArgument, fmt::format("a table cannot be asked to {}", verb));
}

nlohmann::ordered_json dropped_tables(lake::Lake& lake) {
    auto tables = Json::array();
    for (const auto& table : lake.dropped())
        tables.push_back({{"table", table.name},
                          {"id", table.id.str()},
                          {"dropped", format_rfc3339(table.dropped)},
                          {"goes", format_rfc3339(table.goes)},
                          {"bytes", table.bytes}});
    return Json{{"tables", std::move(tables)}};
}

}  // namespace tarn::host
