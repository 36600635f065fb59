#include <simdjson.h>

#include <algorithm>

#include "json_strings.h"
#include "tarn/delta/statistics.h"

namespace tarn::delta {
namespace {

namespace od = simdjson::ondemand;

std::optional<std::string> scalar(od::value& v) {
    switch (od::json_type(v.type())) {
        case od::json_type::string:
            return text_of(v);
        case od::json_type::number: {
            std::string_view token = v.raw_json_token();
            return std::string(token.substr(0, token.find_last_not_of(" \t\r\n") + 1));
        }
        default:
            return std::nullopt;
    }
}

template <class F>
void each_column(od::value& object, std::span<const std::string> columns, F&& f) {
    if (od::json_type(object.type()) != od::json_type::object) return;
    for (auto field : object.get_object()) {
        const std::string name = text_of(od::raw_json_string(field.key()));
        auto at = std::find(columns.begin(), columns.end(), name);
        od::value value = field.value();
        if (at != columns.end()) f(size_t(at - columns.begin()), value);
    }
}

}  // namespace

std::vector<ColumnRange> read_statistics(std::string_view stats,
                                         std::span<const std::string> columns) {
    std::vector<ColumnRange> out(columns.size());
    if (stats.empty()) return out;
    try {
        od::parser parser;
        simdjson::padded_string padded(stats);
        od::document document = parser.iterate(padded);
        for (auto field : document.get_object()) {
            const std::string key = text_of(od::raw_json_string(field.key()));
            od::value value = field.value();
            if (key == "minValues")
                each_column(value, columns,
                            [&](size_t i, od::value& v) { out[i].min = scalar(v); });
            else if (key == "maxValues")
                each_column(value, columns,
                            [&](size_t i, od::value& v) { out[i].max = scalar(v); });
            else if (key == "nullCount")
                each_column(value, columns, [&](size_t i, od::value& v) {
                    int64_t n = 0;
                    if (od::json_type(v.type()) == od::json_type::number && !v.get_int64().get(n))
                        out[i].nulls = n;
                });
        }
    } catch (const std::exception&) {
        return std::vector<ColumnRange>(
            columns.size());  // unreadable statistics are as good as none
    }
    return out;
}

}  // namespace tarn::delta
