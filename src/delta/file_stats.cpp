#include "tarn/delta/file_stats.h"

#include "tarn/delta/clustering.h"
#include "tarn/delta/partition.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "tarn/delta/actions_json.h"
#include "tarn/delta/statistics.h"

namespace tarn::delta {
namespace {

constexpr size_t kDateText = 10;  // of a year with four digits

// A bound of floating point numbers. Zeros are equal, but readers that order -0 below 0 would not
// look for the one between bounds of the other: zero as a bound holds both.
std::optional<std::string> finite_number(const std::string& text, bool upper) {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value == 0 ? (upper ? "0.0" : "-0.0") : text;
}

// Years 1 to 9999 alone: "2026-01-31…".
bool is_plain_date(std::string_view text) {
    return text.size() >= kDateText && text[4] == '-' && text[7] == '-' &&
           text.find("BC") == text.npos;
}

// "2026-01-31 23:59:59.123456+00" → "2026-01-31T23:59:59.123Z", cut to milliseconds.
std::optional<std::string> time_text(std::string_view text, bool zone) {
    constexpr size_t kSeconds = 19;
    if (!is_plain_date(text) || text.size() < kSeconds || text[10] != ' ') return std::nullopt;
    std::string out(text.substr(0, kSeconds));
    out[10] = 'T';
    std::string millis = "000";
    if (text.size() > kSeconds && text[kSeconds] == '.')
        for (size_t i = 0; i < 3 && kSeconds + 1 + i < text.size(); ++i) {
            const char c = text[kSeconds + 1 + i];
            if (c < '0' || c > '9') break;
            millis[i] = c;
        }
    return out + "." + millis + (zone ? "Z" : "");
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

// A bound as JSON; nothing if statistics have none of this type or value.
std::optional<std::string> bound(const DataType& type, const std::string& text, bool upper) {
    switch (type.kind) {
        case TypeKind::kByte:
        case TypeKind::kShort:
        case TypeKind::kInteger:
        case TypeKind::kLong:
            return text;
        case TypeKind::kDecimal:
            return decimal_with_zero(text);
        case TypeKind::kFloat:
        case TypeKind::kDouble:
            return finite_number(text, upper);
        case TypeKind::kBoolean:
            return text == "1" || text == "true" ? "true" : "false";
        case TypeKind::kDate:
            return is_plain_date(text) && text.size() == kDateText
                       ? std::optional(json_string(text))
                       : std::nullopt;
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampNtz: {
            auto time = time_text(text, type.kind == TypeKind::kTimestamp);
            return time ? std::optional(json_string(*time)) : std::nullopt;
        }
        case TypeKind::kString: {
            if (!upper) return json_string(truncate_min(text));
            auto cut = truncate_max(text);
            return cut ? std::optional(json_string(*cut)) : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

// The columns that are counted: by name, or so many leaves; and those that the table is clustered
// by.
class Chosen {
  public:
    explicit Chosen(const Snapshot& table) {
        for (const auto& column : clustering_columns(table))
            clustering_.push_back(plain(column));
        if (auto* names = table.property("delta.dataSkippingStatsColumns")) {
            by_name_ = true;
            std::string_view rest = *names;
            while (!rest.empty()) {
                auto comma = std::min(rest.find(','), rest.size());
                auto name = rest.substr(0, comma);
                while (name.starts_with(' '))
                    name.remove_prefix(1);
                while (name.ends_with(' '))
                    name.remove_suffix(1);
                if (name.size() > 1 && name.starts_with('`') && name.ends_with('`'))
                    name = name.substr(1, name.size() - 2);
                names_.emplace_back(name);
                rest.remove_prefix(std::min(comma + 1, rest.size()));
            }
        } else if (auto* text = table.property("delta.dataSkippingNumIndexedCols")) {
            std::from_chars(text->data(), text->data() + text->size(), left_);
        }
    }
    static std::string plain(const FieldPath& path) {
        return fmt::format("{}", fmt::join(path, "."));
    }
    // To be asked of each leaf in turn.
    bool takes(const std::string& dotted) {
        const bool by_property = by_property_takes(dotted);
        return by_property || std::ranges::find(clustering_, dotted) != clustering_.end();
    }
    bool by_property_takes(const std::string& dotted) {
        if (by_name_)
            return std::ranges::any_of(names_, [&](const auto& name) {
                return dotted == name || dotted.starts_with(name + ".");
            });
        if (left_ < 0) return true;
        return left_-- > 0;
    }

  private:
    bool by_name_ = false;
    std::vector<std::string> names_, clustering_;
    int64_t left_ = kIndexedColumns;
};

class StatsText {
  public:
    StatsText(const Snapshot& table, const LeafCountsByPath& leaves)
        : mapping_(table.mapping()), leaves_(leaves), chosen_(table) {}

    void fields(const std::vector<Field>& fields, const std::vector<std::string>& skip) {
        Texts texts = level(fields, "", "", skip);
        min = texts.min;
        max = texts.max;
        nulls = texts.nulls;
    }

    std::string min, max, nulls;  // the inside of JSON objects

  private:
    struct Texts {
        std::string min, max, nulls;
    };
    static void put(std::string& to, const std::string& name, const std::string& value) {
        if (!to.empty()) to += ',';
        append_json_string(to, name);
        to += ':';
        to += value;
    }
    Texts level(const std::vector<Field>& fields, const std::string& path,
                const std::string& dotted, const std::vector<std::string>& skip) {
        Texts out;
        for (const auto& field : fields) {
            if (path.empty() && std::ranges::find(skip, field.name) != skip.end()) continue;
            const auto& name = physical_name(field, mapping_);
            const auto inner = path + name, shown = dotted + field.name;
            if (field.type.kind == TypeKind::kStruct) {
                auto texts = level(field.type.fields, inner + '\0', shown + ".", {});
                if (!texts.min.empty()) put(out.min, name, "{" + texts.min + "}");
                if (!texts.max.empty()) put(out.max, name, "{" + texts.max + "}");
                if (!texts.nulls.empty()) put(out.nulls, name, "{" + texts.nulls + "}");
                continue;
            }
            if (!chosen_.takes(shown)) continue;
            auto leaf = leaves_.find(inner);
            if (leaf == leaves_.end()) continue;  // a list or a map
            const auto& counts = leaf->second;
            if (counts.nulls) put(out.nulls, name, std::to_string(*counts.nulls));
            if (counts.has_nan || !counts.min || !counts.max) continue;
            auto low = bound(field.type, *counts.min, false);
            auto high = bound(field.type, *counts.max, true);
            if (!low || !high) continue;
            put(out.min, name, *low);
            put(out.max, name, *high);
        }
        return out;
    }

    const ColumnMapping mapping_;
    const LeafCountsByPath& leaves_;
    Chosen chosen_;
};

}  // namespace

std::string stats_json(const Snapshot& table, int64_t records, const LeafCountsByPath& leaves) {
    StatsText texts(table, leaves);
    texts.fields(table.schema->fields, table.metadata->partition_columns);
    return fmt::format(
        R"({{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}})", records,
        texts.min, texts.max, texts.nulls);
}

namespace {

// Asks of each leaf in turn, until one is found.
std::optional<bool> takes_leaf(const std::vector<Field>& fields, const std::string& before,
                               const std::string& wanted, Chosen& chosen) {
    for (const auto& field : fields) {
        const auto name = before + field.name;
        if (field.type.kind == TypeKind::kStruct) {
            auto found = takes_leaf(field.type.fields, name + ".", wanted, chosen);
            if (found) return found;
            continue;
        }
        const bool takes = chosen.by_property_takes(name);
        if (name == wanted) return takes;
    }
    return std::nullopt;
}

}  // namespace

bool has_statistics(const Snapshot& table, const FieldPath& leaf) {
    Chosen chosen(table);
    return takes_leaf(table.schema->fields, "", Chosen::plain(leaf), chosen).value_or(false);
}

}  // namespace tarn::delta
