#include "tarn/host/output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fmt/format.h>

#include "tarn/base/settings.h"
#include "tarn/host/error_ids.h"

namespace tarn::host {

Result<Format> parse_format(std::string_view text) {
    if (text == "text") return Format::kText;
    if (text == "json") return Format::kJson;
    if (text == "csv") return Format::kCsv;
    return fail(errors::kUsage, fmt::format("unknown format; use text, json or csv: {}", text));
}

int exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return kExitUsage;
        case ErrorCode::kUnsupported:
        case ErrorCode::kNotFound:
        case ErrorCode::kAlreadyExists:
        case ErrorCode::kFailedPrecondition:
        case ErrorCode::kConflict:
        case ErrorCode::kResourceExhausted:
        case ErrorCode::kUnavailable:
        case ErrorCode::kCancelled:
        case ErrorCode::kCorrupted:
        case ErrorCode::kIo:
        case ErrorCode::kInternal:
        case ErrorCode::kPermissionDenied:
            return kExitFailed;
    }
    return kExitFailed;
}

int print_error(const Error& error) {
    std::fflush(stdout);
    fmt::print(stderr, "tarn: {} [{}]\n", error.message(), to_string(error.id()));
    return exit_code(error.code());
}

void flush_output() {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
    throw std::system_error(errno != 0 ? errno : EIO, std::generic_category());
}

std::string shown(const nlohmann::json& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return value.get<std::string>();
    return value.dump();
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string out = "\"";
    for (char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

namespace {

// Columns on a terminal, not bytes: continuation bytes of UTF-8 take no room.
size_t width_of(std::string_view text) {
    return size_t(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(std::string_view text, size_t width, bool right) {
    std::string pad(width > width_of(text) ? width - width_of(text) : 0, ' ');
    return right ? pad + std::string(text) : std::string(text) + pad;
}

}  // namespace

void TableOutput::print_text() const {
    std::vector<size_t> widths;
    std::vector<bool> right(columns_.size(), true);
    for (auto& c : columns_)
        widths.push_back(width_of(c));
    for (auto& row : rows_)
        for (size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(shown(row[i])));
            right[i] = right[i] && (numbers_[i] || row[i].is_number() || row[i].is_null());
        }
    auto line = [&](auto&& cell) {
        std::string out;
        for (size_t i = 0; i < columns_.size(); ++i)
            out += (i ? "  " : "") + padded(cell(i), widths[i], right[i]);
        out.erase(out.find_last_not_of(' ') + 1);
        fmt::print("{}\n", out);
    };
    line([&](size_t i) { return columns_[i]; });
    for (auto& row : rows_)
        line([&](size_t i) { return shown(row[i]); });
}

void TableOutput::print_csv() const {
    auto line = [&](auto&& cell) {
        std::string out;
        for (size_t i = 0; i < columns_.size(); ++i)
            out += (i ? "," : "") + csv_field(cell(i));
        fmt::print("{}\n", out);
    };
    line([&](size_t i) { return columns_[i]; });
    for (auto& row : rows_)
        line([&](size_t i) { return shown(row[i]); });
}

void TableOutput::print(std::string_view empty) const {
    switch (format_) {
        case Format::kText:
            if (rows_.empty() && !empty.empty()) {
                fmt::print(stderr, "{}\n", empty);
                return;
            }
            print_text();
            return;
        case Format::kCsv:
            print_csv();
            return;
        case Format::kJson:
            for (auto& row : rows_) {
                nlohmann::ordered_json object;
                for (size_t i = 0; i < columns_.size(); ++i)
                    object[columns_[i]] = row[i];
                fmt::print("{}\n", object.dump());
            }
    }
}

namespace {

// A list of things that have the same fields, which people read as a table.
bool is_table(const nlohmann::ordered_json& value) {
    return value.is_array() && !value.empty() &&
           std::ranges::all_of(value, [](auto& one) { return one.is_object(); });
}

// An object as its fields, without those that say nothing.
std::string for_people(const nlohmann::ordered_json& value) {
    if (!value.is_object()) return shown(value);
    std::string out;
    for (auto& [name, field] : value.items()) {
        const auto text = shown(field);
        if (!text.empty()) out += (out.empty() ? "" : ", ") + name + " " + text;
    }
    return out;
}

bool is_long_text(const nlohmann::ordered_json& value) {
    return value.is_string() && value.get_ref<const std::string&>().find('\n') != std::string::npos;
}

// As "name:" and the text below it, without the empty lines around.
void print_long_text(const std::string& name, std::string_view text) {
    auto first = std::min(text.find_first_not_of(" \n"), text.size());
    text.remove_prefix(text.substr(0, first).rfind('\n') + 1);
    fmt::print("\n{}:\n{}\n", name, text.substr(0, text.find_last_not_of(" \n") + 1));
}

void print_list(const std::string& name, const nlohmann::ordered_json& list) {
    std::vector<std::string> columns;
    for (auto& [column, value] : list[0].items())
        columns.push_back(column);
    TableOutput table(Format::kText, columns);
    for (auto& one : list) {
        std::vector<nlohmann::json> row;
        for (auto& column : columns)
            row.push_back(one.contains(column) ? nlohmann::json(one[column]) : nlohmann::json());
        table.row(std::move(row));
    }
    fmt::print("\n{}:\n", name);
    table.print();
}

}  // namespace

void print_object(Format format, const nlohmann::ordered_json& object) {
    if (format == Format::kJson) {
        fmt::print("{}\n", object.dump());
        return;
    }
    auto apart = [&](auto& value) {
        return format == Format::kText && (is_table(value) || is_long_text(value));
    };
    size_t width = 0;
    for (auto& [name, value] : object.items())
        if (!apart(value)) width = std::max(width, name.size());
    for (auto& [name, value] : object.items()) {
        if (format == Format::kCsv)
            fmt::print("{},{}\n", csv_field(name), csv_field(shown(value)));
        else if (!apart(value))
            fmt::print("{:<{}}  {}\n", name, width, for_people(value));
    }
    for (auto& [name, value] : object.items()) {
        if (!apart(value)) continue;
        if (value.is_string())
            print_long_text(name, value.get_ref<const std::string&>());
        else
            print_list(name, value);
    }
}

}  // namespace tarn::host
