#include "sample.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tarn/codec/column_batch.h"
#include "tarn/codec/payload_format.h"

namespace tarn::cli {
namespace {

using Kind = SampleValue::Kind;

constexpr size_t kMostFields = 200;
constexpr int kDigitsOfMoney = 18;

// What a column, or a field of a struct, can be called.
bool is_identifier(std::string_view word) {
    constexpr size_t kMost = 128;
    auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !word.empty() && word.size() <= kMost && letter(word[0]) &&
           std::ranges::all_of(word, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = char(c + 32);
    return out;
}

// "createdAt", "created-at" and "CREATED_AT" as the words created, at.
std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> out;
    bool begins = true, small = false;
    for (char c : name) {
        const bool large = c >= 'A' && c <= 'Z';
        const bool sign = c == '_' || c == '-' || c == '.' || c == ' ';
        if (sign || (large && small)) begins = true;
        small = !large;
        if (sign) continue;
        if (std::exchange(begins, false)) out.emplace_back();
        out.back() += large ? char(c + 32) : c;
    }
    return out;
}

template <size_t N>
bool has_word(std::string_view name, const std::array<std::string_view, N>& known) {
    return std::ranges::any_of(words_of(name), [&](const std::string& word) {
        return std::ranges::find(known, word) != known.end();
    });
}

bool is_money(std::string_view name) {
    static constexpr std::array<std::string_view, 17> kWords = {
        "price", "amount", "total",  "cost",     "fee",      "fees",    "tax", "vat",  "balance",
        "paid",  "refund", "salary", "discount", "subtotal", "revenue", "sum", "money"};
    return has_word(name, kWords);
}

bool is_time(std::string_view name) {
    static constexpr std::array<std::string_view, 7> kWords = {
        "at", "time", "ts", "date", "timestamp", "when", "datetime"};
    return has_word(name, kWords);
}

bool is_id(std::string_view name) {
    static constexpr std::array<std::string_view, 4> kWords = {"id", "uuid", "guid", "key"};
    auto words = words_of(name);
    return !words.empty() && std::ranges::find(kWords, words.back()) != kWords.end();
}

bool digits_at(std::string_view text, size_t from, size_t count) {
    if (text.size() < from + count) return false;
    return std::ranges::all_of(text.substr(from, count),
                               [](char c) { return c >= '0' && c <= '9'; });
}

int number_at(std::string_view text, size_t from, size_t count) {
    int out = 0;
    std::from_chars(text.data() + from, text.data() + from + count, out);
    return out;
}

// Of the calendar, from the year 1 on: there is no 2026-02-30.
bool is_date(std::string_view text) {
    if (text.size() < 10 || !digits_at(text, 0, 4) || text[4] != '-' || !digits_at(text, 5, 2) ||
        text[7] != '-' || !digits_at(text, 8, 2))
        return false;
    const std::chrono::year_month_day day(std::chrono::year(number_at(text, 0, 4)),
                                          std::chrono::month(unsigned(number_at(text, 5, 2))),
                                          std::chrono::day(unsigned(number_at(text, 8, 2))));
    return day.ok() && day.year() >= std::chrono::year(1);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex) return false;
    }
    return true;
}

enum class TimeText : uint8_t { kNone, kLocal, kZoned };

// "2026-11-27T14:00:00.5+01:00": date, T or a blank, time, and perhaps a zone.
TimeText time_text(std::string_view text) {
    if (!is_date(text) || text.size() < 19 || (text[10] != 'T' && text[10] != ' ') ||
        !digits_at(text, 11, 2) || text[13] != ':' || !digits_at(text, 14, 2) || text[16] != ':' ||
        !digits_at(text, 17, 2) || number_at(text, 11, 2) > 23 || number_at(text, 14, 2) > 59 ||
        number_at(text, 17, 2) > 59)
        return TimeText::kNone;
    constexpr size_t kMostOfSecond = 9;
    size_t at = 19;
    if (at < text.size() && text[at] == '.') {
        for (++at; digits_at(text, at, 1);)
            ++at;
        if (at == 20 || at - 20 > kMostOfSecond) return TimeText::kNone;
    }
    auto zone = text.substr(at);
    if (zone.empty()) return TimeText::kLocal;
    const bool offset = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') &&
                        digits_at(zone, 1, 2) && zone[3] == ':' && digits_at(zone, 4, 2) &&
                        codec::parse_zone(zone);
    return zone == "Z" || offset ? TimeText::kZoned : TimeText::kNone;
}

struct Digits {
    int before = 0, behind = 0;
};
// Nothing if it is no plain decimal number.
std::optional<Digits> digits_of(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto point = text.find('.');
    const auto before = text.substr(0, point);
    const auto behind = point == text.npos ? "" : text.substr(point + 1);
    if (before.empty() || (point != text.npos && behind.empty())) return std::nullopt;
    if (!digits_at(before, 0, before.size()) || !digits_at(behind, 0, behind.size()))
        return std::nullopt;
    return Digits{int(before.size()), int(behind.size())};
}

// Of a number that counts since 1970, of the years 2000 to 2100.
std::string_view unit_of(double least, double most) {
    constexpr double kFrom = 946'684'800, kTo = 4'102'444'800;
    struct Unit {
        std::string_view name;
        double in_second;
    };
    for (const auto& unit : {Unit{"s", 1}, Unit{"ms", 1e3}, Unit{"us", 1e6}, Unit{"ns", 1e9}})
        if (least >= kFrom * unit.in_second && most < kTo * unit.in_second) return unit.name;
    return "";
}

// Of 18 digits where money as it is written fits with room for more; else of all there are. Empty:
// no decimal holds it.
std::string decimal_of(const SeenField& field) {
    if (field.digits + field.scale > codec::kMostDigits) return "";
    const int scale = field.scale <= 2 ? 2 : field.scale <= 4 ? 4 : field.scale;
    if (scale <= 4 && field.digits + scale <= kDigitsOfMoney)
        return fmt::format("decimal({},{})", kDigitsOfMoney, scale);
    return fmt::format("decimal({},{})", codec::kMostDigits,
                       std::min(scale, codec::kMostDigits - field.digits));
}

std::string type_of(const SeenField& field);

std::string text_type(const SeenField& field) {
    const auto all = field.values;
    if (field.zoned_times == all) return "timestamp";
    if (field.zoned_times + field.local_times == all)
        return field.zoned_times == 0 ? "timestamp_ntz" : "text";
    if (field.dates == all) return "date";
    if (field.uuids == all) return "uuid";
    if (field.decimals == all) {
        auto type = decimal_of(field);
        return type.empty() ? "text" : type;
    }
    return "text";
}

// Objects whose keys are data, not names: there are several, and none of them is in half of the
// objects. A struct would leave out what comes under others later.
bool is_map(const SeenField& field) {
    constexpr size_t kLeastKeys = 4;
    return field.fields.size() >= kLeastKeys &&
           std::ranges::all_of(field.fields, [&](const SeenField& inner) {
               return inner.present * 2 < field.values;
           });
}

std::string map_type(const SeenField& field) {
    SeenField values{.name = field.name};
    for (const auto& inner : field.fields)
        values.add(inner);
    auto type = type_of(values);
    return type == "json" ? "json" : fmt::format("map<text, {}>", type);
}

std::string struct_type(const SeenField& field) {
    if (is_map(field)) return map_type(field);
    if (field.fields.empty() || field.fields.size() > kMostFields) return "json";
    std::vector<std::string> parts, names;
    for (const auto& inner : field.fields) {
        auto type = type_of(inner);
        // Inside of one there is no place for a path, nor for a value's JSON text.
        names.push_back(lower(inner.name));
        if (!is_identifier(inner.name) || type == "json") return "json";
        parts.push_back(fmt::format("{}: {}", inner.name, type));
    }
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) return "json";
    return fmt::format("struct<{}>", fmt::join(parts, ", "));
}

std::string type_of(const SeenField& field) {
    auto kinds = field.kinds;
    const bool numbers = kinds.contains(Kind::kInteger) || kinds.contains(Kind::kNumber);
    if (kinds.contains(Kind::kNumber)) kinds.erase(Kind::kInteger);
    if (kinds.size() != 1) return "json";  // nothing, or of several kinds
    switch (*kinds.begin()) {
        case Kind::kNull:
            break;
        case Kind::kBool:
            return "bool";
        case Kind::kInteger:
            if (is_money(field.name) && field.digits + field.scale <= codec::kMostDigits)
                return decimal_of(field);
            if (field.fits_64) return "bigint";
            return field.digits <= codec::kMostDigits ? "decimal(38,0)" : "json";
        case Kind::kNumber: {
            const bool exact = numbers && is_money(field.name) && !field.exponent;
            auto type = exact ? decimal_of(field) : "";
            return type.empty() ? "double" : type;
        }
        case Kind::kText:
            return text_type(field);
        case Kind::kObject:
            return struct_type(field);
        case Kind::kList: {
            auto element = field.elements.empty() ? "json" : type_of(field.elements[0]);
            return element == "json" ? "json" : fmt::format("list<{}>", element);
        }
    }
    return "json";
}

// A name that no table of a topic or a model, or of what it refuses, may have beside its own
// columns.
bool is_taken(std::string_view name) {
    static constexpr std::array<std::string_view, 13> kNames = {
        "_topic", "_partition", "_offset", "_timestamp", "_ingested_at", "_batch_id",    "_key",
        "_extra", "_date",      "_hour",   "_rejected",  "_reason",      "_processed_at"};
    return std::ranges::find(kNames, lower(name)) != kNames.end();
}

// What the table of late rows says of each, beside the columns of the topic.
bool is_of_late_rows(std::string_view name) {
    static constexpr std::array<std::string_view, 6> kNames = {
        "reason", "source_partition", "source_offset", "watermark", "window_end", "source_model"};
    return std::ranges::find(kNames, lower(name)) != kNames.end();
}

SampleColumn column_of(const SeenField& field) {
    SampleColumn out{.name = field.name, .path = {}, .type = type_of(field)};
    if (out.type != "json" && !codec::parse_column_type(out.type)) out.type = "json";  // too deep
    if (is_of_late_rows(field.name)) {
        out.path = field.name;
        out.name += "_of_event";
    }
    if (!is_identifier(field.name)) {
        out.path = field.name;
        for (char& c : out.name)
            if (!is_identifier(std::string("a") + c)) c = '_';
        if (!is_identifier(out.name)) out.name.insert(0, "_");
    }
    const auto all = field.values;
    if (out.type == "text" && all > 0 && field.zoned_times + field.local_times == all) {
        out.type = "timestamp";
        out.zone = "UTC";
        out.note = "some texts have no zone: they are taken as UTC";
    }
    const bool whole = out.type == "bigint" || out.type == "double";
    if (whole && is_time(field.name)) {
        if (auto unit = unit_of(field.least, field.most); !unit.empty()) {
            out.type = "timestamp";
            if (unit != "ms") out.unit = unit;
        }
    }
    return out;
}

// A number as a count of units, or a text, as microseconds since 1970; zones are looked at.
std::optional<int64_t> instant_of(const SampleValue& value, const SampleColumn& column) {
    if (value.kind == Kind::kText) {
        auto parse = [](std::string_view text, size_t at, size_t count) {
            return int64_t(number_at(text, at, count));
        };
        const std::string_view text = value.text;
        if (time_text(text) == TimeText::kNone) return std::nullopt;
        const std::chrono::sys_days day =
            std::chrono::year_month_day(std::chrono::year(int(parse(text, 0, 4))),
                                        std::chrono::month(unsigned(parse(text, 5, 2))),
                                        std::chrono::day(unsigned(parse(text, 8, 2))));
        int64_t seconds = day.time_since_epoch().count() * 86'400 + parse(text, 11, 2) * 3600 +
                          parse(text, 14, 2) * 60 + parse(text, 17, 2);
        if (const auto sign = text.find_last_of("+-"); sign > 18 && sign != text.npos) {
            const auto minutes = parse(text, sign + 1, 2) * 60 + parse(text, sign + 4, 2);
            seconds -= (text[sign] == '-' ? -60 : 60) * minutes;
        }
        return seconds * 1'000'000;
    }
    if (value.kind != Kind::kInteger && value.kind != Kind::kNumber) return std::nullopt;
    const double number = std::strtod(value.text.c_str(), nullptr);
    const double factor = column.unit == "s"    ? 1e6
                          : column.unit == "us" ? 1
                          : column.unit == "ns" ? 1e-3
                                                : 1e3;
    return int64_t(number * factor);
}

// Which column is for what.
class Roles {
  public:
    Roles(const std::vector<SeenField>& seen, Sample& sample) : seen_(seen), sample_(sample) {}

    void choose() {
        sample_.event_time = best([](const SampleColumn& column, const SeenField& field) {
            if (column.type != "timestamp" && column.type != "timestamp_ntz") return 0;
            static constexpr std::array<std::string_view, 8> kFirst = {
                "event_time",  "eventtime", "timestamp", "ts",
                "occurred_at", "time",      "at",        "created_at"};
            auto words = fmt::format("{}", fmt::join(words_of(field.name), "_"));
            auto at = std::ranges::find(kFirst, words);
            return at != kFirst.end()    ? 100 - int(at - kFirst.begin())
                   : is_time(field.name) ? 2
                                         : 1;
        });
        sample_.key = best([&](const SampleColumn& column, const SeenField& field) {
            const bool scalar =
                column.type == "text" || column.type == "uuid" || column.type == "bigint";
            const auto distinct = int64_t(field.distinct.size());
            const bool unique =
                distinct == std::min(sample_.events, int64_t(SeenField::kMostDistinct));
            if (!scalar || !unique || !is_id(field.name)) return 0;
            auto name = lower(field.name);
            return name == "id" || name == "event_id" || name == "eventid" ? 3
                   : column.type == "uuid"                                 ? 2
                                                                           : 1;
        });
        sample_.group = best([&](const SampleColumn& column, const SeenField& field) {
            const auto distinct = int64_t(field.distinct.size());
            if ((column.type != "text" && column.type != "bool") || is_id(field.name)) return 0;
            return distinct <= 50 && distinct * 2 <= std::max<int64_t>(sample_.events, 4) ? 1 : 0;
        });
        sample_.amount = best([&](const SampleColumn& column, const SeenField& field) {
            if (column.type.starts_with("decimal")) return 3;
            if (column.type == "double") return 2;
            return column.type == "bigint" && !is_id(field.name) ? 1 : 0;
        });
    }

  private:
    // The first of the greatest score of those that are in every event; empty: none has one.
    template <class Score>
    std::string best(Score&& score) const {
        std::string out;
        int most = 0;
        for (size_t i = 0; i < seen_.size(); ++i) {
            if (seen_[i].values < sample_.events) continue;
            const auto* column = column_of_field(seen_[i].name);
            const int points = column ? score(*column, seen_[i]) : 0;
            if (points > most) most = points, out = column->name;
        }
        return out;
    }
    const SampleColumn* column_of_field(const std::string& field) const {
        auto it = std::ranges::find_if(sample_.columns, [&](const SampleColumn& column) {
            return (column.path.empty() ? column.name : column.path) == field;
        });
        return it == sample_.columns.end() ? nullptr : &*it;
    }

    const std::vector<SeenField>& seen_;
    Sample& sample_;
};

void add_columns(const std::vector<SeenField>& seen, Sample& sample) {
    std::set<std::string> names;
    for (const auto& field : seen) {
        auto column = column_of(field);
        // A path has points between its names; two names may not differ in case alone.
        const bool no_path = !column.path.empty() && column.path.find('.') != column.path.npos;
        if (!is_identifier(column.name) || !is_plain_text(field.name) || field.name.empty() ||
            no_path || is_taken(column.name) || sample.columns.size() >= kMostFields ||
            !names.insert(lower(column.name)).second)
            sample.left_out.push_back(field.name);
        else
            sample.columns.push_back(std::move(column));
    }
}

// The event time is an instant that is always there.
void settle_times(const std::vector<SampleValue>& events, Sample& sample) {
    auto column = std::ranges::find(sample.columns, sample.event_time, &SampleColumn::name);
    if (column == sample.columns.end()) return;
    if (column->type == "timestamp_ntz") {
        column->type = "timestamp";
        column->zone = "UTC";
        column->note = "its texts have no zone: they are taken as UTC";
    }
    column->required = true;
    const auto& field = column->path.empty() ? column->name : column->path;
    std::optional<int64_t> first, newest;
    for (const auto& event : events) {
        for (const auto& [name, value] : event.fields) {
            auto time = name == field ? instant_of(value, *column) : std::nullopt;
            if (!time) continue;
            if (newest && *time < *newest)
                sample.disorder.us = std::max(sample.disorder.us, *newest - *time);
            first = std::min(*time, first.value_or(*time));
            newest = std::max(*time, newest.value_or(*time));
        }
    }
    if (newest) sample.span.us = *newest - *first;
}

}  // namespace

void SeenField::add(const SeenField& other) {
    if (other.values == 0) return;
    least = values ? std::min(least, other.least) : other.least;
    most = values ? std::max(most, other.most) : other.most;
    values += other.values;
    kinds.insert(other.kinds.begin(), other.kinds.end());
    digits = std::max(digits, other.digits);
    scale = std::max(scale, other.scale);
    fits_64 = fits_64 && other.fits_64;
    exponent = exponent || other.exponent;
    zoned_times += other.zoned_times;
    local_times += other.local_times;
    dates += other.dates;
    uuids += other.uuids;
    decimals += other.decimals;
    auto add_to = [](std::vector<SeenField>& to, const SeenField& from) {
        auto it = std::ranges::find(to, from.name, &SeenField::name);
        if (it == to.end()) it = to.insert(to.end(), SeenField{.name = from.name});
        it->present += from.present;
        it->add(from);
    };
    for (const auto& inner : other.fields)
        add_to(fields, inner);
    // The elements have the list's name, which differs from map key to map key.
    for (auto element : other.elements) {
        element.name = name;
        add_to(elements, element);
    }
}

void SeenField::see(const SampleValue& value) {
    if (value.kind == Kind::kNull) return;
    const bool first = values++ == 0;
    kinds.insert(value.kind);
    if (value.kind == Kind::kObject) {
        for (const auto& [inner, content] : value.fields) {
            auto it = std::ranges::find(fields, inner, &SeenField::name);
            if (it == fields.end()) {
                if (fields.size() > kMostFields) continue;
                it = fields.insert(fields.end(), SeenField{.name = inner});
            }
            ++it->present;
            it->see(content);
        }
        return;
    }
    if (value.kind == Kind::kList) {
        if (elements.empty() && !value.items.empty()) elements.push_back({.name = name});
        for (const auto& item : value.items)
            elements[0].see(item);
        return;
    }
    if (distinct.size() < kMostDistinct) distinct.insert(value.text);
    const auto plain = digits_of(value.text);
    if (plain) {
        digits = std::max(digits, plain->before);
        scale = std::max(scale, plain->behind);
    }
    if (value.kind == Kind::kInteger || value.kind == Kind::kNumber) {
        const double number = std::strtod(value.text.c_str(), nullptr);
        least = first ? number : std::min(least, number);
        most = first ? number : std::max(most, number);
        exponent = exponent || !plain;
        int64_t whole = 0;
        const auto* end = value.text.data() + value.text.size();
        if (value.kind == Kind::kInteger)
            fits_64 = fits_64 && std::from_chars(value.text.data(), end, whole).ec == std::errc();
        return;
    }
    if (value.kind != Kind::kText) return;
    const auto time = time_text(value.text);
    zoned_times += time == TimeText::kZoned;
    local_times += time == TimeText::kLocal;
    dates += value.text.size() == 10 && is_date(value.text);
    uuids += is_uuid(value.text);
    decimals += plain && plain->behind > 0;
}

namespace {

// Of the columns that the decoder refuses some event for: what it reads of all of them.
Status widen_refused(const std::vector<SeenField>& seen, std::span<const std::string_view> lines,
                     Sample& sample) {
    // Each round widens a column, to text or to json, or is the last.
    for (size_t round = 0; round <= 2 * sample.columns.size(); ++round) {
        TARN_TRY(auto refused, refused_columns(sample.columns, lines));
        if (refused.empty()) break;
        for (auto& column : sample.columns) {
            if (!refused.contains(column.name)) continue;
            const auto& name = column.path.empty() ? column.name : column.path;
            auto field = std::ranges::find(seen, name, &SeenField::name);
            const bool texts = column.type != "text" && field != seen.end() &&
                               field->kinds == std::set{Kind::kText};
            column.note = "not all values are " + column.type;
            column.type = texts ? "text" : "json";
            column.unit = column.zone = "";
        }
    }
    return {};
}

}  // namespace

Result<Sample> look_at_sample(std::string_view text) {
    Sample out;
    SeenField root;
    std::vector<SampleValue> events;
    std::vector<std::string_view> lines;  // of the events
    for (int64_t number = 1; !text.empty() && number <= kMostLines; ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        auto value = parse_sample(line);
        if (!value || value->kind != Kind::kObject) {
            if (out.not_events++ == 0)
                out.first_wrong = fmt::format("line {}: {}", number,
                                              value ? "it is no object" : value.error().message());
            continue;
        }
        root.see(*value);
        events.push_back(std::move(*value));
        lines.push_back(line);
        ++out.events;
    }
    if (out.events == 0)
        return fail(ErrorCode::kInvalidArgument,
                    "the sample has no event, that is one JSON object on a line" +
                        (out.first_wrong.empty() ? "" : "; " + out.first_wrong));
    add_columns(root.fields, out);
    TARN_RETURN_IF_ERROR(widen_refused(root.fields, lines, out));
    Roles(root.fields, out).choose();
    settle_times(events, out);
    auto key = std::ranges::find(out.columns, out.key, &SampleColumn::name);
    if (key != out.columns.end()) key->required = true;
    return out;
}

}  // namespace tarn::cli
