#include <simdjson.h>

#include <algorithm>

#include "json_strings.h"
#include "tarn/delta/error_ids.h"
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

// What statistics say under each key, in turn. Raises what the parser does.
template <class F>
void each_key(std::string_view stats, F&& f) {
    od::parser parser;
    simdjson::padded_string padded(stats);
    od::document document = parser.iterate(padded);
    for (auto field : document.get_object()) {
        const std::string key = text_of(od::raw_json_string(field.key()));
        od::value value = field.value();
        f(key, value);
    }
}

}  // namespace

std::vector<ColumnRange> read_statistics(std::string_view stats,
                                         std::span<const std::string> columns) {
    std::vector<ColumnRange> out(columns.size());
    if (stats.empty()) return out;
    try {
        each_key(stats, [&](const std::string& key, od::value& value) {
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
        });
    } catch (const std::exception&) {
        return std::vector<ColumnRange>(
            columns.size());  // unreadable statistics are as good as none
    }
    return out;
}

std::string leaf_name(std::string_view parent, std::string_view name) {
    if (parent.empty()) return std::string(name);
    std::string out(parent);
    out += '\0';
    out += name;
    return out;
}

namespace {

constexpr int kMostDepth = 64;  // of structs

using Leaves = std::map<std::string, ColumnRange>;

// Each value that is no object, by the names above it. An exception of the parser, or this one,
// says that it is none of the form.
struct OtherForm : std::exception {
    const char* what() const noexcept override { return "a bound or a count of another form"; }
};
template <class F>
void each_leaf(od::value& object, const std::string& parent, int depth, F&& f) {
    if (od::json_type(object.type()) != od::json_type::object || depth > kMostDepth)
        throw OtherForm();
    for (auto field : object.get_object()) {
        const auto name = leaf_name(parent, text_of(od::raw_json_string(field.key())));
        od::value value = field.value();
        if (od::json_type(value.type()) == od::json_type::object)
            each_leaf(value, name, depth + 1, f);
        else if (od::json_type(value.type()) != od::json_type::null)
            f(name, value);
    }
}

}  // namespace

Result<Leaves> read_leaf_statistics(std::string_view stats) {
    Leaves out;
    bool counted = false;
    try {
        each_key(stats, [&](const std::string& key, od::value& value) {
            const bool low = key == "minValues";
            if (key == "numRecords") {
                counted = int64_t(value.get_int64()) >= 0;
            } else if (low || key == "maxValues") {
                each_leaf(value, "", 0, [&](const std::string& name, od::value& v) {
                    auto text = scalar(v);
                    if (od::json_type(v.type()) == od::json_type::boolean)
                        text = bool(v.get_bool()) ? "true" : "false";
                    if (!text) throw OtherForm();
                    (low ? out[name].min : out[name].max) = std::move(text);
                });
            } else if (key == "nullCount") {
                each_leaf(value, "", 0, [&](const std::string& name, od::value& v) {
                    out[name].nulls = int64_t(v.get_int64());
                });
            }
        });
    } catch (const std::exception& e) {
        return fail(errors::kTableDamaged,
                    std::string("its statistics in the log cannot be read: ") + e.what());
    }
    if (!counted)
        return fail(errors::kTableDamaged, "its statistics in the log have no number of rows");
    return out;
}

}  // namespace tarn::delta
