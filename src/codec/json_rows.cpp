#include "json_rows.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "json_nested.h"
#include "json_reason.h"
#include "json_text.h"

namespace tarn::codec {

namespace {

template <class T>
void put(JsonField& field, size_t row, T value) {
    if (field.kept) field.writer.put(row, value);
}

// Seconds may have a fraction, as some languages write the time.
Parsed time_of_json_number(std::string_view raw, TimeForm::Unit unit, int64_t& us) {
    int64_t number = 0;
    auto parsed = parse_json_int(raw, number);
    if (parsed == Parsed::kOk) return time_of_number(number, unit, us);
    if (parsed != Parsed::kMalformed || unit != TimeForm::Unit::kSeconds) return parsed;
    double seconds = 0;
    parsed = parse_json_double(raw, seconds);
    if (parsed != Parsed::kOk) return parsed;
    const double micros = std::round(seconds * 1e6);
    if (std::abs(micros) > 9e17) return Parsed::kOutOfRange;
    return time_of_number(int64_t(micros), TimeForm::Unit::kMicros, us);
}

}  // namespace

JsonRows::JsonRows(const JsonDecoderOptions& options)
    : extra_name_(options.extra_column), extra_(ColumnType::kText, 0) {
    const auto& wanted = options.wanted;
    for (const auto& spec : options.fields) {
        const auto at = int(fields.size());
        names_.emplace(spec.name, at);
        const auto form = options.forms.find(spec.name);
        const bool simple = form == options.forms.end();
        add_path(simple || form->second.path.empty() ? std::vector{spec.name} : form->second.path,
                 at);
        bool kept = !wanted || std::ranges::find(*wanted, spec.name) != wanted->end();
        all_kept_ &= kept;
        fields.push_back({spec, kept, ColumnWriter(spec.type, options.dictionary_limit)});
        auto times = options.times.find(spec.name);
        if (times != options.times.end()) fields.back().times = times->second;
        fields.back().json = !simple && form->second.json;
    }
    raw_.resize(fields.size());
    for (const auto& name : wanted.value_or(std::vector<std::string>()))
        if (!names_.contains(name)) unknown_ = name;
}

// A path of one name is the field of that name.
void JsonRows::add_path(const std::vector<std::string>& names, int field) {
    if (names.size() == 1) {
        if (!index_.emplace(names[0], field).second) twice_ = names[0];
        return;
    }
    auto* level = &paths_;
    for (size_t i = 0; i < names.size(); ++i) {
        auto at = std::ranges::find_if(*level, [&](const JsonPath& path) {
            return path.name == names[i] && (i + 1 < names.size() || path.field < 0);
        });
        if (at == level->end()) at = level->insert(at, JsonPath{names[i], -1, {}});
        if (i + 1 == names.size()) at->field = field;
        level = &at->below;
    }
}

const JsonPath* JsonRows::path(std::string_view name) const {
    auto at = std::ranges::find(paths_, name, &JsonPath::name);
    return at == paths_.end() ? nullptr : &*at;
}

Status JsonRows::check() const {
    if (names_.size() != fields.size())
        return fail(ErrorCode::kInvalidArgument, "two declared fields have the same name");
    if (!twice_.empty())
        return fail(ErrorCode::kInvalidArgument, "two columns are of the same field: " + twice_);
    if (wants_extra() && names_.contains(extra_name_))
        return fail(
            ErrorCode::kInvalidArgument,
            "the column for undeclared fields has the name of a declared one: " + extra_name_);
    if (!unknown_.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "a column is wanted that is no declared field: " + unknown_);
    return {};
}

void JsonRows::begin(size_t rows) {
    arena_ = std::make_shared<TextArena>();
    for (auto& field : fields)
        if (field.kept) field.writer.begin(rows);
    if (wants_extra()) extra_.begin(rows);
}

void JsonRows::forget(size_t row) {
    for (auto& field : fields)
        field.writer.forget(row);
    extra_.forget(row);
}

void JsonRows::finish(size_t rows, ColumnBatch& batch) {
    for (auto& field : fields) {
        if (!field.kept) continue;
        batch.schema.push_back(field.spec);
        batch.columns.push_back(field.writer.finish(rows));
    }
    if (wants_extra()) {
        batch.schema.push_back({extra_name_, ColumnType::kText, false});
        batch.columns.push_back(extra_.finish(rows));
    }
    batch.row_count = rows;
    if (!arena_->empty()) batch.buffers.push_back(std::move(arena_));
    arena_.reset();
}

std::string_view JsonRows::unescaped(std::string_view inside) {
    scratch_.clear();
    unescape_json(inside, scratch_);
    return arena_->keep(scratch_);
}

void JsonRows::put_extra(size_t row, const std::vector<UndeclaredField>& undeclared) {
    if (!wants_extra()) return;
    if (undeclared.empty()) {
        extra_.put_null(row);
        return;
    }
    scratch_.assign("{");
    for (const auto& field : undeclared) {
        if (scratch_.size() > 1) scratch_.push_back(',');
        scratch_.append(field.name).append(":").append(field.value);
    }
    scratch_.push_back('}');
    extra_.put_text(row, text_ref_of_padded(arena_->keep(scratch_)));
}

// Finds the raw values of the declared fields and the undeclared ones.
bool JsonRows::split(std::string_view record, Rejected& why) {
    JsonCursor c{record.data(), record.data() + record.size()};
    auto bad = [&](std::string_view reason) {
        why.reason = fmt::format("not a JSON object: {} at byte {}", reason, c.at - record.data());
        return false;
    };
    std::ranges::fill(raw_, std::string_view());
    undeclared_.clear();
    c.skip_blanks();
    if (c.at == c.end || *c.at != '{') return bad("no opening brace");
    ++c.at;
    c.skip_blanks();
    bool first = true;
    while (c.at < c.end && (*c.at != '}' || !first)) {
        const char* name = c.at;
        if (*name != '"') return bad("a field's name is missing");
        if (!c.skip_string()) return bad(c.why);
        std::string_view quoted(name, size_t(c.at - name)),
            inside = quoted.substr(1, quoted.size() - 2);
        c.skip_blanks();
        if (c.at == c.end || *c.at != ':') return bad("a colon is missing");
        ++c.at;
        c.skip_blanks();
        const char* value = c.at;
        if (!c.skip_value(1)) return bad(c.why);
        std::string_view raw(value, size_t(c.at - value));
        if (inside.find('\\') != std::string_view::npos) {
            scratch_.clear();
            unescape_json(inside, scratch_);
            inside = scratch_;
        }
        const int field = find(inside);
        if (const auto* below = paths_.empty() ? nullptr : path(inside))
            each_below(*below, raw, [&](int at, std::string_view value_of_it) {
                raw_[size_t(at)] = value_of_it;
                return true;
            });
        if (field >= 0)
            raw_[size_t(field)] = raw;
        else
            undeclared_.push_back({quoted, raw});
        c.skip_blanks();
        if (c.at == c.end) return bad("cut short");
        if (*c.at == '}') break;
        if (*c.at != ',') return bad("a comma or closing brace is missing");
        ++c.at;
        c.skip_blanks();
        first = false;
    }
    if (c.at == c.end) return bad("cut short");
    ++c.at;
    c.skip_blanks();
    return c.at == c.end || bad("something follows the closing brace");
}

bool JsonRows::put_record(std::string_view record, size_t row, Rejected& why) {
    why.field.clear();
    if (!simdjson::validate_utf8(record.data(), record.size())) {
        why.reason = "not a JSON object: the text is not valid UTF-8";
        return false;
    }
    if (!split(record, why)) return false;
    for (size_t i = 0; i < fields.size(); ++i) {
        auto& field = fields[i];
        bool missing = raw_[i].empty(), null = !missing && raw_[i].front() == 'n';
        bool ok = true;
        if ((missing || null) && field.spec.required) {
            why.reason = missing ? "field is missing" : "value is null";
            ok = false;
        } else if (missing || null) {
            if (field.kept) field.writer.put_null(row);
        } else {
            ok = put_field(field, row, raw_[i], why.reason);
        }
        if (ok) continue;
        why.field = field.spec.name;
        forget(row);
        return false;
    }
    put_extra(row, undeclared_);
    return true;
}

bool JsonRows::put_field(JsonField& field, size_t row, std::string_view raw, std::string& why) {
    const auto& type = field.spec.type;
    switch (type.kind()) {
        case ColumnType::kBool:
            if (kind_of(raw) != "boolean") break;
            put(field, row, uint8_t(raw.front() == 't'));
            return true;
        case ColumnType::kInt32:
        case ColumnType::kInt64:
        case ColumnType::kDouble:
            if (kind_of(raw) != "number") break;
            return put_number(field, row, raw, why);
        case ColumnType::kText:
        case ColumnType::kBytes:
            if (!put_text(field, row, raw)) break;
            return true;
        case ColumnType::kTimestamp:
            if (raw.front() != '"' && kind_of(raw) != "number") break;
            return put_time(field, row, raw, why);
        case ColumnType::kTimestampNtz:
            if (raw.front() != '"') break;
            return put_local_time(field, row, raw, why);
        case ColumnType::kDate:
            if (raw.front() != '"') break;
            return put_date(field, row, raw, why);
        case ColumnType::kDecimal:
            if (raw.front() != '"' && kind_of(raw) != "number") break;
            return put_decimal(field, row, raw, why);
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            return put_nested(field, row, raw, why);
    }
    why = expected(type, raw);
    return false;
}

bool JsonRows::put_text(JsonField& field, size_t row, std::string_view raw) {
    const bool string = raw.front() == '"';
    const bool nested = raw.front() == '{' || raw.front() == '[';
    if (!field.json && !string && (!nested || field.spec.type != ColumnType::kText)) return false;
    if (!field.kept) return true;
    auto text = string && !field.json ? raw.substr(1, raw.size() - 2) : raw;
    if (string && !field.json && text.find('\\') != std::string_view::npos) text = unescaped(text);
    field.writer.put_text(row, text_ref_of_padded(text));
    return true;
}

bool JsonRows::put_date(JsonField& field, size_t row, std::string_view raw, std::string& why) {
    int32_t days = 0;
    if (!parse_iso_date(raw.substr(1, raw.size() - 2), days)) {
        why = expected(field.spec.type, raw);
        return false;
    }
    if (!is_date(days)) {
        why = out_of_range(field.spec.type, raw) + ": dates are of the years 1 to 9999";
        return false;
    }
    put(field, row, days);
    return true;
}

bool JsonRows::put_decimal(JsonField& field, size_t row, std::string_view raw, std::string& why) {
    const bool string = raw.front() == '"';
    auto number = string ? raw.substr(1, raw.size() - 2) : raw;
    if (string && number.find('\\') != std::string_view::npos) number = unescaped(number);
    Int128 value = 0;
    const auto parsed = parse_decimal(number, field.spec.type, string, value);
    if (parsed != Parsed::kOk) {
        why = why_no_decimal(parsed, raw, field.spec.type);
        return false;
    }
    put(field, row, value);
    return true;
}

bool JsonRows::put_local_time(JsonField& field, size_t row, std::string_view raw,
                              std::string& why) {
    auto text = raw.substr(1, raw.size() - 2);
    if (text.find('\\') != std::string_view::npos) text = unescaped(text);
    int64_t us = 0;
    const auto parsed = parse_local_time(text, us);
    if (parsed != Parsed::kOk) {
        why = why_no_local_time(parsed, raw);
        return false;
    }
    put(field, row, us);
    return true;
}

bool JsonRows::put_nested(JsonField& field, size_t row, std::string_view raw, std::string& why) {
    scratch_.clear();
    if (!nested_from_json(field.spec.type, raw, scratch_, why)) return false;
    if (field.kept) field.writer.put_text(row, text_ref_of_padded(arena_->keep(scratch_)));
    return true;
}

bool JsonRows::put_number(JsonField& field, size_t row, std::string_view raw, std::string& why) {
    const auto& type = field.spec.type;
    int64_t whole = 0;
    double real = 0;
    auto parsed =
        type == ColumnType::kDouble ? parse_json_double(raw, real) : parse_json_int(raw, whole);
    bool narrow = type == ColumnType::kInt32;
    if (parsed == Parsed::kOk && narrow && !std::in_range<int32_t>(whole))
        parsed = Parsed::kOutOfRange;
    if (parsed != Parsed::kOk) {
        why = parsed == Parsed::kMalformed ? expected(type, raw) : out_of_range(type, raw);
        return false;
    }
    if (type == ColumnType::kDouble)
        put(field, row, real);
    else if (narrow)
        put(field, row, int32_t(whole));
    else
        put(field, row, whole);
    return true;
}

bool JsonRows::put_time(JsonField& field, size_t row, std::string_view raw, std::string& why) {
    int64_t us = 0;
    Parsed parsed;
    if (raw.front() == '"') {
        auto text = raw.substr(1, raw.size() - 2);
        if (text.find('\\') != std::string_view::npos) text = unescaped(text);
        parsed = parse_time(text, field.times.zone, us);
    } else {
        parsed = time_of_json_number(raw, field.times.unit, us);
    }
    if (parsed != Parsed::kOk) {
        why = why_no_time(parsed, raw, field.times.unit);
        return false;
    }
    put(field, row, us);
    return true;
}

}  // namespace tarn::codec
