#pragma once

// Structured logs on stderr: one line an event, static text first, then key=value pairs (or one JSON object).
// A Logger is a cheap handle; copies share the sink. Thread-safe.

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "tarn/base/result.h"

namespace tarn {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };
Result<LogLevel> parse_log_level(std::string_view text);

// A value of a log line, already text.
struct LogField {
    std::string_view key;
    std::string value;
    std::string error_id{};
    template <class T>
    LogField(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
    // An error as its message, with its id in a field error_id behind it.
    LogField(std::string_view k, const Error& error)
        : key(k), value(error.message()), error_id(to_string(error.id())) {}
};

class Logger {
  public:
    struct Options {
        LogLevel level = LogLevel::kInfo;
        bool json = false;
    };
    // A logger that writes to stderr.
    static Logger open(const Options& options);
    // Drops everything; the default of tests.
    Logger();

    bool enabled(LogLevel level) const;
    void log(LogLevel level, std::string_view text,
             std::initializer_list<LogField> fields = {}) const;
    void debug(std::string_view t, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::kDebug, t, f);
    }
    void info(std::string_view t, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::kInfo, t, f);
    }
    void warn(std::string_view t, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::kWarn, t, f);
    }
    void error(std::string_view t, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::kError, t, f);
    }
    // The same sink, with the part's name in every line, e.g. "log", "flow.clicks_live".
    Logger named(std::string name) const;

  private:
    struct Sink;
    std::shared_ptr<Sink> sink_;
    std::string name_;
};

}  // namespace tarn
