#include "tarn/base/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "tarn/base/check.h"
#include "tarn/base/error_ids.h"

namespace tarn {

namespace {

constexpr std::string_view kEnvironmentPrefix = "TARN_";

// "60%" as −60: which a setting of bytes may be whose default is one.
Result<int64_t> parse_share(std::string_view text) {
    int64_t percent = 0;
    const auto end = text.data() + text.size() - 1;
    auto [p, error] = std::from_chars(text.data(), end, percent);
    if (error != std::errc() || p != end || percent < 1 || percent > 100)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("a share is from 1% to 100%, not \"{}\"", text));
    return -percent;
}

bool is_share(std::string_view text) { return text.ends_with('%'); }

// The value as its type's number: 0/1, an integer, bytes, microseconds; 0 for text.
Result<int64_t> parse_number(SettingType type, std::string_view text) {
    switch (type) {
        case SettingType::kBool:
            if (text == "true" || text == "on" || text == "yes" || text == "1") return 1;
            if (text == "false" || text == "off" || text == "no" || text == "0") return 0;
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("not true or false: \"{}\"", text));
        case SettingType::kInt: {
            int64_t n = 0;
            auto end = text.data() + text.size();
            auto [p, error] = std::from_chars(text.data(), end, n);
            if (error != std::errc() || p != end)
                return fail(ErrorCode::kInvalidArgument,
                            fmt::format("not a whole number: \"{}\"", text));
            return n;
        }
        case SettingType::kBytes:
            return parse_bytes(text);
        case SettingType::kDuration: {
            TARN_TRY(auto d, parse_duration(text));
            return d.us;
        }
        case SettingType::kText:
            return 0;
    }
    return 0;
}

std::string format_number(SettingType type, int64_t n) {
    switch (type) {
        case SettingType::kBytes:
            return format_bytes(n);
        case SettingType::kDuration:
            return format_duration({n});
        case SettingType::kBool:
        case SettingType::kInt:
        case SettingType::kText:
            break;
    }
    return std::to_string(n);
}

Error unknown_key(std::string_view key, std::string_view where,
                  const std::vector<std::string>& known) {
    auto message = fmt::format("unknown setting \"{}\" in {}", key, where);
    if (auto near = nearest(key, known)) message += fmt::format(": did you mean \"{}\"?", *near);
    return Error(errors::kUnknownSetting, std::move(message));
}

// Errors of the environment: only variables that look like a mistyped setting, for TARN_* also
// holds variables of scripts and tests that are no settings.
Status check_environment(const Settings::Values& environment,
                         const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const auto& name : names)
        known.push_back(Settings::environment_name(name));
    for (const auto& [key, value] : environment) {
        if (!key.starts_with(kEnvironmentPrefix) || std::ranges::find(known, key) != known.end())
            continue;
        if (nearest(key, known)) return fail(unknown_key(key, "the environment", known));
    }
    return {};
}

Status check_keys(const Settings::Values& values, std::string_view where,
                  const std::vector<std::string>& known) {
    for (const auto& [key, value] : values)
        if (std::ranges::find(known, key) == known.end())
            return fail(unknown_key(key, where, known));
    return {};
}

}  // namespace

std::string Settings::environment_name(std::string_view setting) {
    std::string out(kEnvironmentPrefix);
    for (char c : setting)
        out.push_back(c == '.' ? '_' : char(c >= 'a' && c <= 'z' ? c - 32 : c));
    return out;
}

Result<Settings> Settings::load(std::span<const SettingDeclaration> declarations,
                                const Values& flags, const Values& environment, const Values& file,
                                std::string_view file_name) {
    std::vector<std::string> names;
    for (const auto& d : declarations)
        names.emplace_back(d.name);
    TARN_RETURN_IF_ERROR(check_keys(flags, "the flags", names));
    TARN_RETURN_IF_ERROR(check_environment(environment, names));
    TARN_RETURN_IF_ERROR(check_keys(file, file_name, names));

    Settings settings;
    settings.declarations_.assign(declarations.begin(), declarations.end());
    for (const auto& d : declarations) {
        Value value{std::string(d.default_value), 0, SettingSource::kDefault, d.type, d.secret};
        std::string where = "its default";
        auto take = [&](const Values& from, std::string_view key, SettingSource source,
                        std::string place) {
            auto found = from.find(key);
            if (found == from.end()) return;
            value.text = found->second;
            value.source = source;
            where = std::move(place);
        };
        take(file, d.name, SettingSource::kFile, std::string(file_name));
        auto variable = environment_name(d.name);
        take(environment, variable, SettingSource::kEnvironment,
             "environment variable " + variable);
        take(flags, d.name, SettingSource::kFlag, "the flags");

        const bool share = is_share(d.default_value) && is_share(value.text);
        auto number = share ? parse_share(value.text) : parse_number(d.type, value.text);
        if (!number && d.secret)
            return fail(errors::kSettingValue,
                        fmt::format("setting \"{}\" from {}: the value does not parse (not shown)",
                                    d.name, where));
        if (!number)
            return fail(std::move(number)
                            .error()
                            .with_context(fmt::format("setting \"{}\" from {}", d.name, where))
                            .with_id(errors::kSettingValue));
        value.number = *number;
        bool bounded = d.type == SettingType::kInt || d.type == SettingType::kBytes ||
                       d.type == SettingType::kDuration;
        if (bounded && !share && (value.number < d.min || value.number > d.max))
            return fail(errors::kSettingValue,
                        fmt::format("setting \"{}\" from {} is out of bounds: {} (from {} to {})",
                                    d.name, where, value.text, format_number(d.type, d.min),
                                    format_number(d.type, d.max)));
        auto [slot, fresh] = settings.values_.emplace(d.name, std::move(value));
        TARN_CHECK(fresh, "a setting is declared once");
    }
    return settings;
}

const Settings::Value& Settings::at(std::string_view name, SettingType type) const {
    auto found = values_.find(name);
    TARN_CHECK(found != values_.end(), "the setting is declared");
    TARN_CHECK(found->second.type == type, "the setting is of this type");
    return found->second;
}

bool Settings::boolean(std::string_view name) const {
    return at(name, SettingType::kBool).number != 0;
}
int64_t Settings::integer(std::string_view name) const {
    return at(name, SettingType::kInt).number;
}
int64_t Settings::bytes(std::string_view name) const {
    return at(name, SettingType::kBytes).number;
}
Duration Settings::duration(std::string_view name) const {
    return {at(name, SettingType::kDuration).number};
}
const std::string& Settings::text(std::string_view name) const {
    return at(name, SettingType::kText).text;
}

SettingSource Settings::source(std::string_view name) const {
    auto found = values_.find(name);
    TARN_CHECK(found != values_.end(), "the setting is declared");
    return found->second.source;
}

std::string_view to_string(SettingSource source) {
    switch (source) {
        case SettingSource::kDefault:
            return "default";
        case SettingSource::kFile:
            return "tarn.yml";
        case SettingSource::kEnvironment:
            return "environment";
        case SettingSource::kFlag:
            return "flag";
    }
    return "";
}

std::string Settings::shown(std::string_view name) const {
    auto found = values_.find(name);
    TARN_CHECK(found != values_.end(), "the setting is declared");
    return found->second.secret ? "***" : found->second.text;
}

Result<int64_t> parse_bytes(std::string_view text) {
    auto bad = [&] {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("not a size (like 4096, 64MB, 1GiB): \"{}\"", text));
    };
    int64_t n = 0;
    auto end = text.data() + text.size();
    auto [p, error] = std::from_chars(text.data(), end, n);
    if (error != std::errc() || n < 0) return bad();
    std::string unit(p, end);
    for (auto& c : unit)
        c = char(c >= 'a' && c <= 'z' ? c - 32 : c);
    if (unit.empty() || unit == "B") return n;
    size_t power = std::string_view("KMGT").find(unit[0]);
    auto rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "B" || rest == "IB"))
        return bad();
    for (size_t i = 0; i <= power; ++i)
        if (__builtin_mul_overflow(n, int64_t(1024), &n)) return bad();
    return n;
}

std::string format_bytes(int64_t bytes) {
    constexpr std::array kUnits = {"TiB", "GiB", "MiB", "KiB"};
    int64_t size = int64_t(1) << 40;
    for (auto unit : kUnits) {
        if (bytes != 0 && bytes % size == 0) return fmt::format("{}{}", bytes / size, unit);
        if (bytes >= 10 * size) return fmt::format("{:.1f}{}", double(bytes) / double(size), unit);
        size >>= 10;
    }
    return fmt::format("{}B", bytes);
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known) {
    size_t best = word.size() / 3 + 1;
    std::optional<std::string> found;
    for (const auto& candidate : known) {
        // Optimal string alignment: three rows of the table of distances between prefixes.
        std::vector<size_t> before(candidate.size() + 1), last(candidate.size() + 1),
            row(candidate.size() + 1);
        for (size_t j = 0; j <= candidate.size(); ++j)
            last[j] = j;
        for (size_t i = 1; i <= word.size(); ++i) {
            row[0] = i;
            for (size_t j = 1; j <= candidate.size(); ++j) {
                row[j] = std::min(
                    {last[j] + 1, row[j - 1] + 1, last[j - 1] + (word[i - 1] != candidate[j - 1])});
                if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] &&
                    word[i - 2] == candidate[j - 1])
                    row[j] = std::min(row[j], before[j - 2] + 1);
            }
            std::swap(before, last);
            std::swap(last, row);
        }
        if (last[candidate.size()] < best) {
            best = last[candidate.size()];
            found = candidate;
        }
    }
    return found;
}

}  // namespace tarn
