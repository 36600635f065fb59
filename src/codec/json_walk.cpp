#include "json_walk.h"

#include <simdjson.h>

#include <array>
#include <bit>
#include <limits>

#include "json_text.h"

namespace tarn::codec {

namespace {

constexpr size_t kMostShape = 256;  // names remembered; hostile input must not fill the memory
constexpr size_t kFirstCapacity = 4096;

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr uint64_t kExactInDouble = uint64_t(1) << 53;

uint32_t word_of(const char (&s)[5]) { return load_le<uint32_t>(s); }

// Nothing but blanks between a value's end and the next place.
bool ends_at(const char* p, const char* next) {
    if (p == next) [[likely]]
        return true;
    while (p < next && is_json_blank(*p))
        ++p;
    return p == next;
}

// A JSON integer from p on; null if it is none. Where it ends is for the caller to check.
const char* take_int(const char* p, int64_t& out) {
    const char* start = p;
    bool negative = *p == '-';
    p += negative;
    const char* first = p;
    uint64_t v = 0;
    while (uint8_t(*p - '0') < 10)
        v = v * 10 + uint8_t(*p++ - '0');
    auto count = p - first;
    if (count == 0 || (*first == '0' && count > 1)) return nullptr;
    if (count > 18)
        return parse_json_int({start, size_t(p - start)}, out) == Parsed::kOk ? p : nullptr;
    out = negative ? -int64_t(v) : int64_t(v);
    return p;
}

}  // namespace

JsonWalk::JsonWalk(JsonRows& rows) : rows_(rows) {
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        kFirstCapacity, kMaxJsonDepth, stage1_);
    if (error) stage1_.reset();  // no memory: every record goes the slow way
}
JsonWalk::~JsonWalk() = default;

bool JsonWalk::index(const char* text, size_t size) {
    if (!stage1_) return false;
    if (size > stage1_->capacity() &&
        stage1_->set_capacity(std::bit_ceil(size)) != simdjson::SUCCESS)
        return false;
    auto error = stage1_->stage1(reinterpret_cast<const uint8_t*>(text), size,
                                 simdjson::stage1_mode::regular);
    if (error != simdjson::SUCCESS && error != simdjson::EMPTY) return false;
    // Behind the last place stands the line end at the end, which is nothing that the walk looks
    // for. It looks at most two places ahead of one that it has found right.
    uint32_t n = error == simdjson::EMPTY ? 0 : stage1_->n_structural_indexes;
    for (uint32_t i = 0; i < 3; ++i)
        stage1_->structural_indexes[n + i] = uint32_t(size - 1);
    text_ = text;
    at_ = stage1_->structural_indexes.get();
    escapes_ = std::memchr(text, '\\', size) != nullptr;
    return true;
}

bool JsonWalk::name_is(const Expected& e, const char* name, const char* colon) const {
    size_t n = e.name.size();
    if ((load_le<uint64_t>(name + 1) & e.mask) != e.word || name + n + 2 > colon ||
        name[n + 1] != '"')
        return false;
    if (n > 8 && std::memcmp(name + 9, e.name.data() + 8, n - 8) != 0) return false;
    return ends_at(name + n + 2, colon);
}

// The slow way to a field: by its name. Null if the name has escapes.
const JsonWalk::Expected* JsonWalk::look_up(const char* name, const char* colon) {
    const char* end = colon - 1;
    while (is_json_blank(*end))
        --end;
    if (end <= name || *end != '"') return nullptr;
    std::string_view text(name + 1, size_t(end - name - 1));
    if (text.find('\\') != std::string_view::npos) return nullptr;
    if (auto known = shape_index_.find(text); known != shape_index_.end()) {
        guess_ = known->second + 1;
        return &shape_[known->second];
    }
    int field = rows_.find(text);
    if (shape_.size() >= kMostShape) {
        unremembered_.field = field;
        unremembered_.path = rows_.path(text);
        return &unremembered_;
    }
    Expected e{std::string(text), 0, 0, field, rows_.path(text)};
    for (size_t i = 0; i < std::min<size_t>(text.size(), 8); ++i) {
        e.word |= uint64_t(uint8_t(text[i])) << (8 * i);
        e.mask |= uint64_t(0xff) << (8 * i);
    }
    shape_index_.emplace(e.name, shape_.size());
    shape_.push_back(std::move(e));
    guess_ = shape_.size();
    return &shape_.back();
}

const JsonWalk::Expected* JsonWalk::next_field(const char* name, const char* colon) {
    // The field that followed in earlier records, or the one behind it if an optional one is
    // missing.
    for (size_t i = guess_; i < std::min(guess_ + 2, shape_.size()); ++i) {
        if (!name_is(shape_[i], name, colon)) continue;
        guess_ = i + 1;
        return &shape_[i];
    }
    return look_up(name, colon);
}

bool JsonWalk::string_at(const uint32_t* at, std::string_view& inside) const {
    const char* opening = text_ + at[0];
    if (*opening != '"') return false;
    const char* closing = text_ + at[1] - 1;
    while (is_json_blank(*closing))
        --closing;
    if (closing <= opening || *closing != '"') return false;
    inside = {opening + 1, size_t(closing - opening - 1)};
    return true;
}

bool JsonWalk::good_escapes(std::string_view inside, const char* opening) const {
    if (!escapes_ || std::memchr(inside.data(), '\\', inside.size()) == nullptr) [[likely]]
        return true;
    JsonCursor c{opening, inside.data() + inside.size() + 1};
    return c.skip_string() && c.at == c.end;
}

// What a string means; false if it has a malformed escape.
bool JsonWalk::plain_text(std::string_view inside, const char* opening, std::string_view& text) {
    text = inside;
    if (!escapes_ || std::memchr(inside.data(), '\\', inside.size()) == nullptr) [[likely]]
        return true;
    JsonCursor c{opening, inside.data() + inside.size() + 1};
    if (!c.skip_string() || c.at != c.end) return false;
    text = rows_.unescaped(inside);
    return true;
}

// An object or array as it stands; leaves `at` at the place behind it.
bool JsonWalk::nested(const uint32_t*& at, const char* end, std::string_view& raw) {
    const char* start = text_ + *at;
    if (start >= end) return false;
    JsonCursor c{start, end};
    if (!c.skip_value(1)) return false;
    raw = {start, size_t(c.at - start)};
    while (text_ + *at < c.at)
        ++at;
    return true;
}

bool JsonWalk::skip(const uint32_t*& at, const char* end, std::string_view& raw) {
    const char* start = text_ + *at;
    if (start >= end) return false;
    if (*start == '{' || *start == '[') return nested(at, end, raw);
    if (*start == '"') {
        std::string_view inside;
        if (!string_at(at, inside)) return false;
        raw = {start, inside.size() + 2};
        ++at;
        return good_escapes(inside, start);
    }
    JsonCursor c{start, end};
    if (!c.skip_value(1)) return false;
    raw = {start, size_t(c.at - start)};
    ++at;
    return ends_at(c.at, text_ + *at);
}

template <bool kKept>
bool JsonWalk::text_value(JsonField& field, const uint32_t*& at, const char* end, size_t row) {
    const char* start = text_ + *at;
    std::string_view inside, text;
    if (*start == '"') {
        if (!string_at(at, inside)) return false;
        if (kKept ? !plain_text(inside, start, text) : !good_escapes(inside, start)) return false;
        ++at;
    } else {
        bool opens = *start == '{' || *start == '[';
        if (field.spec.type != ColumnType::kText || !opens || !nested(at, end, text)) return false;
    }
    if constexpr (kKept) field.writer.put_text(row, text_ref_of_padded(text));
    return true;
}

template <bool kKept>
bool JsonWalk::time_value(JsonField& field, const uint32_t* at, size_t row) {
    const char* start = text_ + *at;
    int64_t us = 0;
    if (*start != '"') {
        const char* p = take_int(start, us);
        if (!p || !ends_at(p, text_ + at[1]) ||
            time_of_number(us, field.times.unit, us) != Parsed::kOk)
            return false;
        if constexpr (kKept) field.writer.put(row, us);
        return true;
    }
    std::string_view inside;
    if (!string_at(at, inside) || inside.size() < kMinuteSize) return false;
    if (std::memcmp(inside.data(), field.minute_text.data(), kMinuteSize) != 0) {
        if (!parse_minute(inside.data(), field.minute_us)) {
            field.minute_text.fill(0);
            return false;
        }
        std::memcpy(field.minute_text.data(), inside.data(), kMinuteSize);
    }
    if (parse_minute_rest(inside.substr(kMinuteSize), field.times.zone, us) != Parsed::kOk ||
        !is_time(us += field.minute_us))
        return false;
    if constexpr (kKept) field.writer.put(row, us);
    return true;
}

template <bool kKept>
bool JsonWalk::double_value(JsonField& field, const uint32_t* at, size_t row) {
    const char* start = text_ + *at;
    const char* next = text_ + at[1];
    const char* p = start + (*start == '-');
    const char* first = p;
    uint64_t mantissa = 0;
    while (uint8_t(*p - '0') < 10)
        mantissa = mantissa * 10 + uint8_t(*p++ - '0');
    auto whole = p - first;
    if (whole == 0 || (*first == '0' && whole > 1)) return false;
    ptrdiff_t fraction = 0;
    if (*p == '.') {
        const char* dot = p++;
        while (uint8_t(*p - '0') < 10)
            mantissa = mantissa * 10 + uint8_t(*p++ - '0');
        fraction = p - dot - 1;
        if (fraction == 0) return false;
    }
    double v = 0;
    if (whole + fraction <= 19 && mantissa <= kExactInDouble && (*p | 0x20) != 'e') [[likely]] {
        // Both are exact, so the one division rounds correctly (Clinger, 1990).
        v = double(mantissa) / kPowersOfTen[size_t(fraction)];
        if (*start == '-') v = -v;
    } else {
        JsonCursor c{start, next};
        if (!c.skip_number()) return false;
        p = c.at;
        if (parse_json_double({start, size_t(p - start)}, v) != Parsed::kOk) return false;
    }
    if (!ends_at(p, next)) return false;
    if constexpr (kKept) field.writer.put(row, v);
    return true;
}

template <bool kKept>
bool JsonWalk::decimal_value(JsonField& field, const uint32_t* at, size_t row) {
    const char* start = text_ + *at;
    std::string_view number;
    const bool string = *start == '"';
    if (string) {
        if (!string_at(at, number)) return false;
    } else {
        const char* behind = text_ + at[1];
        while (is_json_blank(behind[-1]))
            --behind;
        number = {start, size_t(behind - start)};
    }
    Int128 value = 0;
    if (parse_decimal(number, field.spec.type, string, value) != Parsed::kOk) return false;
    if constexpr (kKept) field.writer.put(row, value);
    return true;
}

// Values that are not the walk's own: it finds where they end, and they are put the slow way.
bool JsonWalk::other_value(JsonField& field, const uint32_t*& at, const char* end, size_t row) {
    std::string_view raw;
    return skip(at, end, raw) && rows_.put_field(field, row, raw, why_);
}

// The fields inside of the value at `at`. False as well if one of them comes twice.
bool JsonWalk::put_below(const JsonPath& path, const uint32_t* at, const char* end, size_t row,
                         size_t& seen) {
    std::string_view raw;
    if (!skip(at, end, raw)) return false;
    return rows_.each_below(path, raw, [&](int index, std::string_view value) {
        auto& field = rows_.fields[size_t(index)];
        if (field.seen == record_) return false;
        field.seen = record_;
        ++seen;
        if (value.front() != 'n') return rows_.put_field(field, row, value, why_);
        if (field.kept) field.writer.put_null(row);
        return !field.spec.required;
    });
}

// Puts the value at `at` and goes to the place behind it.
template <bool kKept>
bool JsonWalk::value(JsonField& field, const uint32_t*& at, const char* end, size_t row) {
    const char* start = text_ + *at;
    if (*start == 'n') [[unlikely]] {
        if (load_le<uint32_t>(start) != word_of("null") || field.spec.required) return false;
        if constexpr (kKept) field.writer.put_null(row);
        ++at;
        return ends_at(start + 4, text_ + *at);
    }
    if (field.json) [[unlikely]]
        return other_value(field, at, end, row);
    int64_t whole = 0;
    const char* p = nullptr;
    switch (field.spec.type.kind()) {
        case ColumnType::kText:
        case ColumnType::kBytes:
            return text_value<kKept>(field, at, end, row);
        case ColumnType::kDecimal:
            return decimal_value<kKept>(field, at++, row);
        case ColumnType::kTimestampNtz:
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            return other_value(field, at, end, row);
        case ColumnType::kTimestamp:
            return time_value<kKept>(field, at++, row);
        case ColumnType::kDouble:
            return double_value<kKept>(field, at++, row);
        case ColumnType::kInt64:
            p = take_int(start, whole);
            if constexpr (kKept) field.writer.put(row, whole);
            break;
        case ColumnType::kInt32:
            p = take_int(start, whole);
            if (whole != int32_t(whole)) return false;
            if constexpr (kKept) field.writer.put(row, int32_t(whole));
            break;
        case ColumnType::kBool: {
            bool yes = load_le<uint32_t>(start) == word_of("true");
            bool no = load_le<uint32_t>(start) == word_of("fals") && start[4] == 'e';
            if (yes || no) p = start + 4 + no;
            if constexpr (kKept) field.writer.put(row, uint8_t(yes));
            break;
        }
        case ColumnType::kDate: {
            std::string_view inside;
            int32_t days = 0;
            if (!string_at(at++, inside) || !parse_iso_date(inside, days) || !is_date(days))
                return false;
            if constexpr (kKept) field.writer.put(row, days);
            return true;
        }
    }
    ++at;
    return p && ends_at(p, text_ + *at);
}

bool JsonWalk::record(const char* end, size_t row) {
    return rows_.all_kept() ? walk<true>(end, row) : walk<false>(end, row);
}

template <bool kAllKept>
bool JsonWalk::walk(const char* end, size_t row) {
    const uint32_t* at = at_;
    if (text_ + *at >= end || text_[*at] != '{') return false;
    ++at;
    ++record_;
    guess_ = 0;
    undeclared_.clear();
    size_t seen = 0;
    bool empty = text_[*at] == '}';
    at += empty;
    for (char after = ','; !empty && after == ','; ++at) {
        const char* name = text_ + at[0];
        const char* colon = text_ + at[1];
        if (*name != '"' || *colon != ':') return false;
        const auto* expected = next_field(name, colon);
        if (!expected) return false;
        at += 2;
        if (expected->path && !put_below(*expected->path, at, end, row, seen)) return false;
        if (expected->field >= 0) {
            auto& field = rows_.fields[size_t(expected->field)];
            if (field.seen == record_) return false;  // twice: the slow way lets the last win
            field.seen = record_;
            ++seen;
            bool good = kAllKept || field.kept ? value<true>(field, at, end, row)
                                               : value<false>(field, at, end, row);
            if (!good) return false;
        } else {
            std::string_view raw;
            if (!skip(at, end, raw)) return false;
            if (rows_.wants_extra()) {
                const char* behind = colon;
                while (behind[-1] != '"')
                    --behind;
                undeclared_.push_back({{name, size_t(behind - name)}, raw});
            }
        }
        after = text_[*at];
        if (after != ',' && after != '}') return false;
    }
    // The closing brace is this record's, and nothing follows it there.
    if (text_ + at[-1] >= end || text_ + *at < end) return false;
    if (seen < rows_.fields.size()) {
        for (auto& field : rows_.fields) {
            if (field.seen == record_) continue;
            if (field.spec.required) return false;
            if (field.kept) field.writer.put_null(row);
        }
    }
    rows_.put_extra(row, undeclared_);
    at_ = at;
    return true;
}

}  // namespace tarn::codec
