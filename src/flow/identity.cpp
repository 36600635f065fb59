#include "identity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tarn::flow {
namespace {

uint64_t fnv1a(std::string_view text, uint64_t hash = 1469598103934665603ull) {
    for (char c : text)
        hash = (hash ^ uint8_t(c)) * 1099511628211ull;
    return hash;
}

}  // namespace

std::string generation_of(std::string_view description) {
    return fmt::format("{:016x}", fnv1a(description));
}

std::string described(std::span<const codec::ColumnSpec> columns) {
    std::string out;
    for (const auto& column : columns)
        out += fmt::format("{} {}{},", column.name, codec::to_string(column.type),
                           column.required ? "!" : "");
    return out;
}

std::string described(const project::Topic& topic) {
    auto out = described(topic.columns);
    for (const auto& [column, form] : topic.times)
        out += fmt::format("{} in {} {},", column, int(form.unit), form.zone ? form.zone->us : -1);
    for (const auto& [column, form] : topic.forms)
        out += fmt::format("{} at {}{},", column, fmt::join(form.path, "."),
                           form.json ? " as JSON" : "");
    return out;
}

std::string form_of(const project::Topic& topic, const std::string& column) {
    std::string out;
    if (auto time = topic.times.find(column); time != topic.times.end())
        out = fmt::format("{} {}", int(time->second.unit),
                          time->second.zone ? time->second.zone->us : int64_t(-1));
    if (auto form = topic.forms.find(column); form != topic.forms.end())
        out += fmt::format(" at {}{}", fmt::join(form->second.path, "."),
                           form->second.json ? " as JSON" : "");
    return out;
}

int64_t writer_id(std::string_view flow, std::string_view generation, std::string_view sink) {
    auto hash = fnv1a(sink, fnv1a(generation, fnv1a(flow) ^ '/') ^ '/');
    auto id = int64_t(hash & INT64_MAX);
    return id == 0 ? 1 : id;
}

}  // namespace tarn::flow
