#include "json_nested.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "json_reason.h"
#include "json_text.h"
#include "tarn/base/bytes.h"
#include "tarn/codec/nested.h"

namespace tarn::codec {

namespace {

class NestedFromJson {
  public:
    NestedFromJson(std::string& out, std::string& why) : out_(out), why_(why) {}

    bool value(const ColumnType& type, std::string_view raw) {
        if (raw.empty() || raw.front() == 'n') {
            out_.push_back(char(kNestedNull));
            return true;
        }
        out_.push_back(char(kNestedValue));
        return payload(type, raw);
    }

    bool payload(const ColumnType& type, std::string_view raw) {
        const char first = raw.front();
        switch (type.kind()) {
            case ColumnType::kStruct:
                return first == '{' ? structure(type, raw) : none(type, raw);
            case ColumnType::kMap:
                return first == '{' ? map(type, raw) : none(type, raw);
            case ColumnType::kList:
                return first == '[' ? list(type, raw) : none(type, raw);
            case ColumnType::kBool:
                if (first != 't' && first != 'f') return none(type, raw);
                return fixed(uint8_t(first == 't'));
            case ColumnType::kInt32:
            case ColumnType::kInt64:
            case ColumnType::kDouble:
                return number(type, raw);
            case ColumnType::kDecimal:
                return decimal(type, raw);
            case ColumnType::kText:
            case ColumnType::kBytes:
                return text(type, raw);
            case ColumnType::kTimestamp:
            case ColumnType::kTimestampNtz:
            case ColumnType::kDate:
                return time(type, raw);
        }
        return none(type, raw);
    }

  private:
    bool none(const ColumnType& type, std::string_view raw) {
        why_ = expected(type, raw);
        return false;
    }

    template <class T>
    bool fixed(T v) {
        out_.append(reinterpret_cast<const char*>(&v), sizeof v);
        return true;
    }

    bool sized(std::string_view text) {
        fixed(uint32_t(text.size()));
        out_.append(text);
        return true;
    }

    // What a string means.
    std::string_view meaning(std::string_view raw) {
        auto inside = raw.substr(1, raw.size() - 2);
        if (inside.find('\\') == inside.npos) return inside;
        scratch_.clear();
        unescape_json(inside, scratch_);
        return scratch_;
    }

    bool number(const ColumnType& type, std::string_view raw) {
        if (kind_of(raw) != "number") return none(type, raw);
        double real = 0;
        int64_t whole = 0;
        auto parsed =
            type == ColumnType::kDouble ? parse_json_double(raw, real) : parse_json_int(raw, whole);
        if (parsed == Parsed::kMalformed) return none(type, raw);
        if (parsed != Parsed::kOk ||
            (type == ColumnType::kInt32 && !std::in_range<int32_t>(whole))) {
            why_ = out_of_range(type, raw);
            return false;
        }
        return type == ColumnType::kDouble  ? fixed(real)
               : type == ColumnType::kInt32 ? fixed(int32_t(whole))
                                            : fixed(whole);
    }

    bool decimal(const ColumnType& type, std::string_view raw) {
        const bool string = raw.front() == '"';
        if (!string && kind_of(raw) != "number") return none(type, raw);
        Int128 value = 0;
        const auto parsed = parse_decimal(string ? meaning(raw) : raw, type, string, value);
        if (parsed == Parsed::kOk) return fixed(value);
        why_ = why_no_decimal(parsed, raw, type);
        return false;
    }

    bool text(const ColumnType& type, std::string_view raw) {
        if (raw.front() == '"') return sized(meaning(raw));
        const bool nested = raw.front() == '{' || raw.front() == '[';
        return nested && type == ColumnType::kText ? sized(raw) : none(type, raw);
    }

    bool time(const ColumnType& type, std::string_view raw) {
        int64_t us = 0;
        int32_t days = 0;
        const bool string = raw.front() == '"';
        auto parsed = Parsed::kMalformed;
        if (type == ColumnType::kDate) {
            if (string && parse_iso_date(meaning(raw), days))
                parsed = is_date(days) ? Parsed::kOk : Parsed::kOutOfRange;
            if (parsed == Parsed::kOk) return fixed(days);
        } else if (type == ColumnType::kTimestampNtz) {
            if (string) parsed = parse_local_time(meaning(raw), us);
        } else if (string) {
            parsed = parse_time(meaning(raw), Duration{0}, us);
        } else if (int64_t number = 0; kind_of(raw) == "number") {
            parsed = parse_json_int(raw, number);
            if (parsed == Parsed::kOk) parsed = time_of_number(number, TimeForm::Unit::kMillis, us);
        }
        if (parsed == Parsed::kOk) return fixed(us);
        why_ = type == ColumnType::kTimestampNtz ? why_no_local_time(parsed, raw)
               : parsed == Parsed::kOutOfRange   ? out_of_range(type, raw)
                                                 : expected(type, raw);
        return false;
    }

    // Calls f(name as it stands between its quotes, value) for each member of an object.
    template <class F>
    static bool each_member(std::string_view raw, F&& f) {
        JsonCursor c{raw.data() + 1, raw.data() + raw.size()};
        for (c.skip_blanks(); *c.at != '}'; c.skip_blanks()) {
            const char* name = c.at + 1;
            if (!c.skip_string()) return false;
            const std::string_view inside(name, size_t(c.at - name) - 1);
            c.skip_blanks();
            ++c.at;  // the colon
            c.skip_blanks();
            const char* value = c.at;
            if (!c.skip_value(1)) return false;
            if (!f(inside, std::string_view(value, size_t(c.at - value)))) return false;
            c.skip_blanks();
            if (*c.at == ',') ++c.at;
        }
        return true;
    }

    bool in(const std::string& place, bool good) {
        if (!good)
            why_ = place + (why_.starts_with('[') || why_.starts_with('.') ? "" : ": ") + why_;
        return good;
    }

    bool structure(const ColumnType& type, std::string_view raw) {
        const auto& fields = type.fields();
        std::vector<std::string_view> values(fields.size());
        each_member(raw, [&](std::string_view name, std::string_view value) {
            std::string unescaped;
            if (name.find('\\') != name.npos) {
                unescape_json(name, unescaped);
                name = unescaped;
            }
            auto at = std::ranges::find(fields, name, &ColumnField::name);
            if (at != fields.end()) values[size_t(at - fields.begin())] = value;
            return true;
        });
        for (size_t i = 0; i < fields.size(); ++i)
            if (!in("." + fields[i].name, value(fields[i].type, values[i]))) return false;
        return true;
    }

    bool map(const ColumnType& type, std::string_view raw) {
        // Of duplicate keys the last wins, in the place of the first.
        std::vector<std::pair<std::string, std::string_view>> entries;
        each_member(raw, [&](std::string_view name, std::string_view value) {
            std::string key;
            unescape_json(name, key);
            auto at =
                std::ranges::find(entries, key, &std::pair<std::string, std::string_view>::first);
            if (at != entries.end())
                at->second = value;
            else
                entries.emplace_back(std::move(key), value);
            return true;
        });
        fixed(uint32_t(entries.size()));
        for (const auto& [key, item] : entries) {
            out_.push_back(char(kNestedValue));
            sized(key);
            if (!in("." + key, value(type.fields()[1].type, item))) return false;
        }
        return true;
    }

    bool list(const ColumnType& type, std::string_view raw) {
        const auto at = out_.size();
        uint32_t count = 0;
        fixed(count);
        JsonCursor c{raw.data() + 1, raw.data() + raw.size()};
        for (c.skip_blanks(); *c.at != ']'; c.skip_blanks()) {
            const char* item = c.at;
            if (!c.skip_value(1)) return false;
            if (!in("[" + std::to_string(count) + "]",
                    value(type.fields()[0].type, {item, size_t(c.at - item)})))
                return false;
            ++count;
            c.skip_blanks();
            if (*c.at == ',') ++c.at;
        }
        std::memcpy(out_.data() + at, &count, sizeof count);
        return true;
    }

    std::string& out_;
    std::string& why_;
    std::string scratch_;
};

}  // namespace

bool nested_from_json(const ColumnType& type, std::string_view raw, std::string& out,
                      std::string& why) {
    return NestedFromJson(out, why).payload(type, raw);
}

}  // namespace tarn::codec
