#include <algorithm>
#include <charconv>
#include <cmath>

#include "tarn/delta/joined_file.h"
#include "tarn/delta/statistics.h"

namespace tarn::delta {
namespace {

bool is_float(TypeKind kind) { return kind == TypeKind::kFloat || kind == TypeKind::kDouble; }

bool is_exact_number(TypeKind kind) {
    switch (kind) {
        case TypeKind::kByte:
        case TypeKind::kShort:
        case TypeKind::kInteger:
        case TypeKind::kLong:
        case TypeKind::kDecimal:
            return true;
        default:
            return false;
    }
}

// Columns of which a file may have no bounds though there are values.
bool may_lack_bounds(TypeKind kind) {
    return is_float(kind) || kind == TypeKind::kBoolean || kind == TypeKind::kBinary ||
           kind == TypeKind::kVariant || kind == TypeKind::kVoid;
}

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// "-12.50" in parts, zeros that say nothing gone.
struct Plain {
    bool negative = false;
    std::string_view whole, fraction;
};
std::optional<Plain> plain_number(std::string_view text) {
    Plain out;
    if (text.starts_with('-')) {
        out.negative = true;
        text.remove_prefix(1);
    }
    const auto point = std::min(text.find('.'), text.size());
    out.whole = text.substr(0, point);
    if (!is_digits(out.whole)) return std::nullopt;
    if (point < text.size()) {
        out.fraction = text.substr(point + 1);
        if (!is_digits(out.fraction)) return std::nullopt;
    }
    while (out.whole.starts_with('0'))
        out.whole.remove_prefix(1);
    while (out.fraction.ends_with('0'))
        out.fraction.remove_suffix(1);
    if (out.whole.empty() && out.fraction.empty()) out.negative = false;
    return out;
}

bool is_less_plain(const Plain& a, const Plain& b) {
    if (a.negative != b.negative) return a.negative;
    auto less = [](const Plain& x, const Plain& y) {
        if (x.whole.size() != y.whole.size()) return x.whole.size() < y.whole.size();
        if (x.whole != y.whole) return x.whole < y.whole;
        return x.fraction < y.fraction;  // digits: a prefix is less
    };
    return a.negative ? less(b, a) : less(a, b);
}

std::optional<double> finite(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

// "2026-01-31" at the front.
bool is_date(std::string_view text) {
    return text.size() >= 10 && is_digits(text.substr(0, 4)) && text[4] == '-' &&
           is_digits(text.substr(5, 2)) && text[7] == '-' && is_digits(text.substr(8, 2));
}

// "2026-01-31T23:59:59.123Z" as SQL casts it, cut to milliseconds. Other zones: nothing.
std::optional<std::string> sql_time(std::string_view text, bool zone) {
    constexpr size_t kSeconds = 19, kMillis = 3;
    if (!is_date(text) || text.size() < kSeconds || (text[10] != 'T' && text[10] != ' ') ||
        !is_digits(text.substr(11, 2)) || text[13] != ':' || !is_digits(text.substr(14, 2)) ||
        text[16] != ':' || !is_digits(text.substr(17, 2)))
        return std::nullopt;
    std::string out(text.substr(0, kSeconds));
    out[10] = ' ';
    text.remove_prefix(kSeconds);
    std::string millis(kMillis, '0');
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
        if (digits == 0) return std::nullopt;
        for (size_t i = 0; i < std::min(digits, kMillis); ++i)
            millis[i] = text[i];
        text.remove_prefix(digits);
    }
    if (zone ? text != "Z" && text != "+00:00" : !text.empty()) return std::nullopt;
    return out + "." + millis + (zone ? "+00" : "");
}

// A bound in the log as LeafCounts has it; nothing if it is of a form whose order is not known.
std::optional<std::string> sql_text(const std::string& text, TypeKind kind) {
    const bool zone = kind == TypeKind::kTimestamp;
    if (zone || kind == TypeKind::kTimestampNtz) return sql_time(text, zone);
    const bool known = kind == TypeKind::kString ||
                       (kind == TypeKind::kDate && is_date(text) && text.size() == 10) ||
                       (kind == TypeKind::kBoolean && (text == "true" || text == "false")) ||
                       (is_float(kind) && finite(text)) ||
                       (is_exact_number(kind) && plain_number(text));
    return known ? std::optional(text) : std::nullopt;
}

// Of texts that sql_text() gave.
bool is_less(const std::string& a, const std::string& b, TypeKind kind) {
    if (is_float(kind)) return *finite(a) < *finite(b);
    if (is_exact_number(kind)) return is_less_plain(*plain_number(a), *plain_number(b));
    return a < b;  // by UTF-8's bytes, as readers compare; false before true
}

void each_leaf(
    const std::vector<Field>& fields, const FieldPath& above, const std::string& parent,
    const std::vector<std::string>& skip, ColumnMapping mapping,
    const std::function<void(const FieldPath&, const std::string&, const DataType&)>& f) {
    for (const auto& field : fields) {
        if (above.empty() && std::ranges::find(skip, field.name) != skip.end()) continue;
        auto path = above;
        path.push_back(field.name);
        const auto key = leaf_name(parent, physical_name(field, mapping));
        if (field.type.kind == TypeKind::kStruct)
            each_leaf(field.type.fields, path, key, {}, mapping, f);
        else
            f(path, key, field.type);
    }
}

}  // namespace

StatisticsMerge::StatisticsMerge(const Snapshot& table) {
    each_leaf(table.schema->fields, {}, "", table.metadata->partition_columns, table.mapping(),
              [&](const FieldPath& path, const std::string& key, const DataType& type) {
                  if (type.kind == TypeKind::kArray || type.kind == TypeKind::kMap ||
                      type.kind == TypeKind::kVoid || !has_statistics(table, path))
                      return;
                  has_floats_ = has_floats_ || is_float(type.kind);
                  leaves_.push_back({key, type});
              });
}

std::optional<LeafCountsByPath> StatisticsMerge::read(const AddFile& file,
                                                      std::string_view created_by) const {
    if (file.records < 0 || file.stats.find("\"tightBounds\":false") != std::string::npos)
        return std::nullopt;
    // These give no bounds, or say NaN.
    if (has_floats_ && !created_by.starts_with("DuckDB") && !created_by.starts_with("parquet-mr"))
        return std::nullopt;
    const auto said = read_leaf_statistics(file.stats);
    if (!said) return std::nullopt;
    LeafCountsByPath out;
    for (const auto& [path, type] : leaves_) {
        const auto found = said->find(path);
        if (found == said->end() || !found->second.nulls || *found->second.nulls < 0 ||
            *found->second.nulls > file.records)
            return std::nullopt;
        const auto& [min, max, nulls] = found->second;
        auto& leaf = out[path];
        leaf.nulls = nulls;
        if (*nulls == file.records) continue;
        leaf.min = min ? sql_text(*min, type.kind) : std::nullopt;
        leaf.max = max ? sql_text(*max, type.kind) : std::nullopt;
        if (leaf.min && leaf.max) continue;
        if (!may_lack_bounds(type.kind)) return std::nullopt;
        leaf.min = leaf.max = std::nullopt;
        leaf.has_nan = true;  // or might as well have
    }
    return out;
}

void StatisticsMerge::add(LeafCountsByPath& to, const LeafCountsByPath& more) const {
    for (const auto& [path, type] : leaves_) {
        auto& leaf = to[path];
        const auto& other = more.at(path);
        leaf.nulls = leaf.nulls.value_or(0) + *other.nulls;
        leaf.has_nan = leaf.has_nan || other.has_nan;
        if (other.min && (!leaf.min || is_less(*other.min, *leaf.min, type.kind)))
            leaf.min = other.min;
        if (other.max && (!leaf.max || is_less(*leaf.max, *other.max, type.kind)))
            leaf.max = other.max;
    }
}

}  // namespace tarn::delta
