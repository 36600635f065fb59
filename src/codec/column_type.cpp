#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "tarn/base/settings.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"

namespace tarn::codec {

namespace {

struct TypeName {
    std::string_view name;
    ColumnType::Kind kind;
};
// The name of each simple type first, then what else is understood.
constexpr std::array kTypeNames = {
    TypeName{"BOOLEAN", ColumnType::kBool},
    TypeName{"INTEGER", ColumnType::kInt32},
    TypeName{"BIGINT", ColumnType::kInt64},
    TypeName{"DOUBLE", ColumnType::kDouble},
    TypeName{"VARCHAR", ColumnType::kText},
    TypeName{"BLOB", ColumnType::kBytes},
    TypeName{"TIMESTAMPTZ", ColumnType::kTimestamp},
    TypeName{"DATE", ColumnType::kDate},
    TypeName{"TIMESTAMP_NTZ", ColumnType::kTimestampNtz},
    TypeName{"BOOL", ColumnType::kBool},
    TypeName{"INT", ColumnType::kInt32},
    TypeName{"INT4", ColumnType::kInt32},
    TypeName{"INT32", ColumnType::kInt32},
    TypeName{"LONG", ColumnType::kInt64},
    TypeName{"INT8", ColumnType::kInt64},
    TypeName{"INT64", ColumnType::kInt64},
    TypeName{"FLOAT8", ColumnType::kDouble},
    TypeName{"FLOAT64", ColumnType::kDouble},
    TypeName{"DOUBLE PRECISION", ColumnType::kDouble},
    TypeName{"NUMBER", ColumnType::kDouble},
    TypeName{"STRING", ColumnType::kText},
    TypeName{"TEXT", ColumnType::kText},
    TypeName{"UUID", ColumnType::kText},
    TypeName{"BYTES", ColumnType::kBytes},
    TypeName{"BYTEA", ColumnType::kBytes},
    TypeName{"BINARY", ColumnType::kBytes},
    TypeName{"TIMESTAMP", ColumnType::kTimestamp},
    TypeName{"TIMESTAMP WITH TIME ZONE", ColumnType::kTimestamp},
    TypeName{"TIMESTAMP WITHOUT TIME ZONE", ColumnType::kTimestampNtz},
    TypeName{"DATETIME", ColumnType::kTimestampNtz},
};

// What a table cannot have, and what to do.
struct Refused {
    std::string_view name, instead;
};
constexpr Refused kRefused[] = {
    {"TIME", "a table has no time of day: say text, and cast it in SQL (column::TIME)"},
    {"INTERVAL", "a table has no intervals: say text, and cast it in SQL (column::INTERVAL)"},
    {"HUGEINT", "a table has no integers of 128 bits: say decimal(38,0)"},
    {"UBIGINT", "a table has no integers without a sign: say decimal(20,0)"},
};

std::string upper(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        c = char(c >= 'a' && c <= 'z' ? c - 32 : c);
    return out;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::unexpected<Error> bad(std::string message) {
    return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// The parts between commas that stand in no brackets. None if brackets do not fit.
std::optional<std::vector<std::string_view>> parts_of(std::string_view text) {
    std::vector<std::string_view> out;
    size_t from = 0;
    int depth = 0;
    for (size_t i = 0; i <= text.size(); ++i) {
        if (i == text.size() || (text[i] == ',' && depth == 0)) {
            out.push_back(trimmed(text.substr(from, i - from)));
            from = i + 1;
        } else if (text[i] == '<' || text[i] == '(') {
            ++depth;
        } else if (text[i] == '>' || text[i] == ')') {
            if (--depth < 0) return std::nullopt;
        }
    }
    return depth == 0 ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<int> number_of(std::string_view text) {
    int value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

Result<ColumnType> parse_decimal_type(std::string_view whole, std::string_view inside) {
    auto parts = parts_of(inside);
    auto precision = parts && !parts->empty() ? number_of((*parts)[0]) : std::nullopt;
    auto scale = parts && parts->size() == 2   ? number_of((*parts)[1])
                 : parts && parts->size() == 1 ? std::optional(0)
                                               : std::nullopt;
    if (!precision || !scale || *precision < 1 || *precision > kMostDigits || *scale < 0 ||
        *scale > *precision)
        return bad(
            fmt::format("decimal(digits,behind the point) has 1 to 38 digits, and at most "
                        "as many of them behind the point, as decimal(12,2): \"{}\"",
                        whole));
    return ColumnType::decimal(*precision, *scale);
}

Result<ColumnType> parse_type(std::string_view text, int depth);

Result<ColumnType> parse_struct(const std::vector<std::string_view>& parts, int depth) {
    std::vector<ColumnField> fields;
    for (auto part : parts) {
        const auto colon = part.find(':');
        const auto name = trimmed(part.substr(0, colon));
        if (colon == part.npos || name.empty())
            return bad(fmt::format("a field of struct<…> is written name: type, not \"{}\"", part));
        for (const auto& other : fields)
            if (upper(other.name) == upper(name))
                return bad(fmt::format("struct<…> has field {} twice", name));
        TARN_TRY(auto type, parse_type(part.substr(colon + 1), depth + 1));
        fields.push_back({std::string(name), std::move(type)});
    }
    return ColumnType::structure(std::move(fields));
}

Result<ColumnType> parse_nested(std::string_view whole, std::string_view name,
                                std::string_view inside, int depth) {
    if (depth >= kMostTypeDepth)
        return bad(fmt::format("a type nests at most {} deep", kMostTypeDepth));
    auto parts = parts_of(inside);
    if (!parts) return bad(fmt::format("the brackets of type \"{}\" do not fit", whole));
    if (name == "STRUCT") return parse_struct(*parts, depth);
    if (name == "LIST" || name == "ARRAY") {
        if (parts->size() != 1) return bad(fmt::format("{} is list<type>", whole));
        TARN_TRY(auto element, parse_type((*parts)[0], depth + 1));
        return ColumnType::list(std::move(element));
    }
    if (name == "MAP") {
        if (parts->size() != 2) return bad(fmt::format("{} is map<type, type>", whole));
        TARN_TRY(auto key, parse_type((*parts)[0], depth + 1));
        if (key != ColumnType::kText)
            return bad(fmt::format("the keys of JSON are texts: map<text, …>, not \"{}\"", whole));
        TARN_TRY(auto value, parse_type((*parts)[1], depth + 1));
        return ColumnType::map(std::move(key), std::move(value));
    }
    return bad(fmt::format("unknown column type \"{}\" (with <…>: struct, list, map)", whole));
}

std::unexpected<Error> unknown(std::string_view text, const std::string& name) {
    for (const auto& [refused, instead] : kRefused)
        if (refused == name)
            return fail(ErrorCode::kUnsupported,
                        fmt::format("no column of a table is of type {}: {}", refused, instead));
    if (name == "DECIMAL" || name == "NUMERIC")
        return bad("say how many digits: decimal(12,2) has 12, of them 2 behind the point");
    for (std::string_view nested : {"STRUCT", "LIST", "ARRAY", "MAP"})
        if (name == nested)
            return bad("say what is in it: struct<a: int, b: text>, list<text>, map<text, double>");
    std::vector<std::string> known;
    for (const auto& candidate : kTypeNames)
        known.emplace_back(candidate.name);
    auto message = fmt::format("unknown column type \"{}\"", text);
    if (auto near = nearest(name, known))
        message += fmt::format(": did you mean {}?", *near);
    else
        message +=
            " (known: BOOLEAN, INTEGER, BIGINT, DOUBLE, DECIMAL(p,s), VARCHAR, BLOB, TIMESTAMPTZ, "
            "TIMESTAMP_NTZ, DATE, STRUCT<…>, LIST<…>, MAP<…>)";
    return bad(std::move(message));
}

Result<ColumnType> parse_type(std::string_view text, int depth) {
    text = trimmed(text);
    const auto open = text.find_first_of("<(");
    const auto name = upper(trimmed(text.substr(0, open)));
    if (open == text.npos) {
        for (const auto& candidate : kTypeNames)
            if (candidate.name == name) return ColumnType(candidate.kind);
        return unknown(text, name);
    }
    const char close = text[open] == '<' ? '>' : ')';
    if (text.back() != close)
        return bad(fmt::format("the brackets of type \"{}\" do not fit", text));
    const auto inside = text.substr(open + 1, text.size() - open - 2);
    if (close == '>') return parse_nested(text, name, inside, depth);
    if (name == "DECIMAL" || name == "NUMERIC") return parse_decimal_type(text, inside);
    return unknown(text, name);
}

constexpr auto kPowers = [] {
    std::array<Int128, kMostDigits + 1> out{};
    Int128 power = 1;
    for (int i = 0; i <= kMostDigits; ++i, power *= i <= kMostDigits ? 10 : 1)
        out[size_t(i)] = power;
    return out;
}();

}  // namespace

struct ColumnType::Nested {
    std::atomic<uint32_t> owners{1};
    std::vector<ColumnField> fields;
};

ColumnType::ColumnType(Kind kind, std::vector<ColumnField> fields)
    : kind_(kind), nested_(new Nested{.fields = std::move(fields)}) {}

void ColumnType::retain() const { nested_->owners.fetch_add(1, std::memory_order_relaxed); }

void ColumnType::release() const {
    if (nested_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete nested_;
}

bool ColumnType::same_fields(const ColumnType& a, const ColumnType& b) {
    return a.nested_ && b.nested_ && a.nested_->fields == b.nested_->fields;
}

const std::vector<ColumnField>& ColumnType::fields() const {
    TARN_CHECK(nested_ != nullptr, "fields are those of a nested type");
    return nested_->fields;
}

ColumnType ColumnType::decimal(int precision, int scale) {
    TARN_CHECK(precision >= 1 && precision <= kMostDigits && scale >= 0 && scale <= precision,
               "a decimal has 1 to 38 digits");
    ColumnType out(kDecimal);
    out.precision_ = uint8_t(precision);
    out.scale_ = uint8_t(scale);
    return out;
}

ColumnType ColumnType::list(ColumnType element) {
    return {kList, {{"element", std::move(element)}}};
}

ColumnType ColumnType::map(ColumnType key, ColumnType value) {
    return {kMap, {{"key", std::move(key)}, {"value", std::move(value)}}};
}

ColumnType ColumnType::structure(std::vector<ColumnField> fields) {
    return {kStruct, std::move(fields)};
}

std::string to_string(const ColumnType& type) {
    if (type == ColumnType::kDecimal)
        return fmt::format("DECIMAL({},{})", type.precision(), type.scale());
    if (type.is_nested()) {
        std::string out = type == ColumnType::kStruct ? "STRUCT<"
                          : type == ColumnType::kList ? "LIST<"
                                                      : "MAP<";
        for (const auto& field : type.fields()) {
            if (out.back() != '<') out += ", ";
            if (type == ColumnType::kStruct) out += field.name + ": ";
            out += to_string(field.type);
        }
        return out + ">";
    }
    for (const auto& candidate : kTypeNames)
        if (candidate.kind == type.kind()) return std::string(candidate.name);
    return "UNKNOWN";
}

Result<ColumnType> parse_column_type(std::string_view name) { return parse_type(name, 0); }

size_t column_width(ColumnType::Kind kind) {
    switch (kind) {
        case ColumnType::kBool:
            return 1;
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return 4;
        case ColumnType::kInt64:
        case ColumnType::kDouble:
        case ColumnType::kTimestamp:
        case ColumnType::kTimestampNtz:
            return 8;
        case ColumnType::kText:
        case ColumnType::kBytes:
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            return sizeof(TextRef);
        case ColumnType::kDecimal:
            return sizeof(Int128);
    }
    return 0;
}

Int128 power_of_ten(int exponent) { return kPowers[size_t(exponent)]; }

std::string decimal_text(Int128 value, int scale) {
    __extension__ typedef unsigned __int128 Digits;  // NOLINT: `using` takes no __extension__
    auto left = value < 0 ? Digits(0) - Digits(value) : Digits(value);
    char text[48];
    char* at = std::end(text);
    for (int digits = 0; left != 0 || digits <= scale; ++digits) {
        if (digits == scale && scale > 0) *--at = '.';
        *--at = char('0' + int(left % 10));
        left /= 10;
    }
    if (value < 0) *--at = '-';
    return {at, std::end(text)};
}

std::string local_time_text(int64_t us) {
    auto text = format_rfc3339({us});
    if (text.ends_with('Z')) text.pop_back();
    return text;
}

}  // namespace tarn::codec
