#pragma once

// Settings are declared once, as data, in the module that owns them, and gathered by `cli`. Where a value comes
// from: flag > TARN_* environment > file > default. An unknown key is an error that names the nearest known one.
// Reference pages and `tarn settings list` are generated from the declarations.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn {

enum class SettingType { kBool, kInt, kBytes, kDuration, kText };

struct SettingDeclaration {
    std::string_view
        name;  // "log.retention.max_age": dotted, lower case; TARN_LOG_RETENTION_MAX_AGE
    SettingType type;
    std::string_view default_value;  // as text, in the form the type parses
    std::string_view text;           // one sentence for the reference page
    std::string_view example;
    int64_t min = INT64_MIN;  // kInt, kBytes, kDuration (µs): inclusive bounds
    int64_t max = INT64_MAX;
    bool needs_restart = true;
    bool secret = false;
};

// Where a value came from, for `tarn settings list`.
enum class SettingSource { kDefault, kFile, kEnvironment, kFlag };
// As people see it: "default", "tarn.yml", "environment" or "flag".
std::string_view to_string(SettingSource source);

// Values of all declared settings. Immutable after load; safe to read from any thread. The typed getters are for
// declared names of that type only (TARN_CHECK).
class Settings {
  public:
    using Values = std::map<std::string, std::string, std::less<>>;
    // file_name names the file in messages. Errors: kInvalidArgument (unknown key with the nearest known one, or a
    // value that does not parse or is out of bounds; says which source it came from). Of `environment`, an unknown
    // TARN_* variable is an error only if it looks like a mistyped setting: scripts and tests have variables too.
    static Result<Settings> load(std::span<const SettingDeclaration> declarations,
                                 const Values& flags, const Values& environment, const Values& file,
                                 std::string_view file_name = "tarn.yml");

    // "http.port" as a variable of the environment: TARN_HTTP_PORT.
    static std::string environment_name(std::string_view setting);

    bool boolean(std::string_view name) const;
    int64_t integer(std::string_view name) const;
    int64_t bytes(std::string_view name) const;
    Duration duration(std::string_view name) const;
    const std::string& text(std::string_view name) const;
    SettingSource source(std::string_view name) const;
    std::span<const SettingDeclaration> declarations() const { return declarations_; }
    // The value as text, "***" for secrets.
    std::string shown(std::string_view name) const;

  private:
    struct Value {
        std::string text;
        int64_t number = 0;
        SettingSource source = SettingSource::kDefault;
        SettingType type = SettingType::kText;
        bool secret = false;
    };
    const Value& at(std::string_view name, SettingType type) const;
    std::vector<SettingDeclaration> declarations_;
    std::map<std::string, Value, std::less<>> values_;
};

// "64MB", "1GiB", "4096": powers of 1024 for KB/KiB and so on. Errors: kInvalidArgument.
Result<int64_t> parse_bytes(std::string_view text);
std::string format_bytes(int64_t bytes);

// The nearest of `known` to a mistyped word by edit distance (Damerau-Levenshtein ≤ a third of its length), if any.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

}  // namespace tarn
