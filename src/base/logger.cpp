#include "tarn/base/logger.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "tarn/base/time.h"

namespace tarn {

struct Logger::Sink {
    LogLevel level;
    bool json;
    SystemClock clock;
    std::shared_ptr<spdlog::logger> out;
};

namespace {

std::string_view level_name(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return "debug";
        case LogLevel::kInfo:
            return "info";
        case LogLevel::kWarn:
            return "warn";
        case LogLevel::kError:
            return "error";
        case LogLevel::kOff:
            return "off";
    }
    return "off";
}

void append_json_string(std::string& out, std::string_view s) {
    out.push_back('"');
    for (char c : s) {
        switch (c) {
            case '"':
                out.append("\\\"");
                break;
            case '\\':
                out.append("\\\\");
                break;
            case '\n':
                out.append("\\n");
                break;
            case '\r':
                out.append("\\r");
                break;
            case '\t':
                out.append("\\t");
                break;
            default:
                if (uint8_t(c) < 0x20)
                    fmt::format_to(std::back_inserter(out), "\\u{:04x}", uint8_t(c));
                else
                    out.push_back(c);
        }
    }
    out.push_back('"');
}

// Quoted only when it has to be, so that a line can be cut at blanks.
void append_text_value(std::string& out, std::string_view s) {
    bool plain = !s.empty();
    for (char c : s)
        plain = plain && uint8_t(c) > 0x20 && c != '"' && c != '=' && c != '\\' && c != 0x7f;
    if (plain)
        out.append(s);
    else
        append_json_string(out, s);
}

// The event's own text on one line: a message may quote foreign bytes.
void append_one_line(std::string& out, std::string_view s) {
    for (char c : s)
        out.push_back(uint8_t(c) < 0x20 || c == 0x7f ? ' ' : c);
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
    for (auto level :
         {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError, LogLevel::kOff})
        if (text == level_name(level)) return level;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("not a log level (debug, info, warn, error or off): \"{}\"", text));
}

Logger::Logger() = default;

Logger Logger::open(const Options& options) {
    auto out =
        std::make_shared<spdlog::logger>("tarn", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    out->set_level(spdlog::level::trace);  // our own level decides
    out->set_pattern("%v");
    out->flush_on(spdlog::level::trace);
    Logger logger;
    logger.sink_ = std::make_shared<Sink>(Sink{options.level, options.json, {}, std::move(out)});
    return logger;
}

bool Logger::enabled(LogLevel level) const {
    return sink_ && level != LogLevel::kOff && level >= sink_->level;
}

void Logger::log(LogLevel level, std::string_view text,
                 std::initializer_list<LogField> fields) const {
    if (!enabled(level)) return;
    auto time = format_rfc3339(sink_->clock.now());
    std::string line;
    if (sink_->json) {
        line = fmt::format(R"({{"time":"{}","level":"{}","part":)", time, level_name(level));
        append_json_string(line, name_);
        line.append(",\"text\":");
        append_json_string(line, text);
        for (const auto& field : fields) {
            line.push_back(',');
            append_json_string(line, field.key);
            line.push_back(':');
            append_json_string(line, field.value);
            if (!field.error_id.empty())
                line.append(",\"error_id\":\"").append(field.error_id).append("\"");
        }
        line.push_back('}');
    } else {
        line = fmt::format("{} {:<5} ", time, level_name(level));
        if (!name_.empty()) line.append(name_).append(": ");
        append_one_line(line, text);
        for (const auto& field : fields) {
            line.append(" ").append(field.key).append("=");
            append_text_value(line, field.value);
            if (!field.error_id.empty()) line.append(" error_id=").append(field.error_id);
        }
    }
    sink_->out->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

Logger Logger::named(std::string name) const {
    Logger other = *this;
    other.name_ = std::move(name);
    return other;
}

}  // namespace tarn
