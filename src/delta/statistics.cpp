#include "tarn/delta/statistics.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "struct_fields.h"
#include "tarn/base/time.h"
#include "tarn/delta/actions_json.h"

namespace tarn::delta {
namespace {

using codec::Column;
using codec::ColumnBatch;
using codec::ColumnType;

struct Bounds {
    std::string min, max;  // JSON, empty if there is none
};

uint64_t count_nulls(const Column& column, size_t rows) {
    if (column.validity.empty()) return 0;
    uint64_t valid = 0;
    for (size_t w = 0; w * 64 < rows; ++w) {
        auto word = column.validity[w];
        if (rows - w * 64 < 64) word &= (uint64_t(1) << (rows - w * 64)) - 1;
        valid += uint64_t(std::popcount(word));
    }
    return rows - valid;
}

template <class T, class F>
void each_value(Batches batches, int at, F&& f) {
    for (auto& batch : batches) {
        auto& column = batch->columns[size_t(at)];
        auto values = column.values<T>();
        if (column.validity.empty()) {
            for (size_t i = 0; i < batch->row_count; ++i)
                f(values[i]);
        } else {
            for (size_t i = 0; i < batch->row_count; ++i)
                if (!column.is_null(i)) f(values[i]);
        }
    }
}

template <class T, class Print>
Bounds integer_bounds(Batches batches, int at, Print&& print) {
    T low{}, high{};
    bool any = false;
    each_value<T>(batches, at, [&](T v) {
        low = any ? std::min(low, v) : v;
        high = any ? std::max(high, v) : v;
        any = true;
    });
    if (!any) return {};
    return {print(low), print(high)};
}

Bounds double_bounds(Batches batches, int at) {
    double low = INFINITY, high = -INFINITY;
    bool nan = false;
    each_value<double>(batches, at, [&](double v) {
        nan |= std::isnan(v);
        low = v < low ? v : low;
        high = v > high ? v : high;
    });
    if (nan) return {};  // Spark orders NaN above all: a max without it would hide rows
    // Zeros are equal, but readers that order -0 below 0 would not look for the one or the other.
    if (low == 0) low = -0.0;
    if (high == 0) high = 0.0;
    auto text = [](double v) { return std::isfinite(v) ? fmt::format("{}", v) : std::string(); };
    return {text(low), text(high)};
}

// The first eight bytes as a number that orders as they do; zeros behind a shorter text.
uint64_t first_bytes(const codec::TextRef& ref) {
    uint64_t bytes;
    std::memcpy(&bytes, ref.length <= codec::TextRef::kInline ? ref.bytes : ref.view().data(),
                sizeof bytes);
    return std::endian::native == std::endian::little ? __builtin_bswap64(bytes) : bytes;
}

// The first four, which stand in the reference itself.
uint32_t first_word(const codec::TextRef& ref) {
    uint32_t bytes;
    std::memcpy(&bytes, ref.bytes, sizeof bytes);
    return std::endian::native == std::endian::little ? __builtin_bswap32(bytes) : bytes;
}

// The least and the greatest text. Most are told apart from both by their first bytes.
class TextBounds {
  public:
    void add(const codec::TextRef& ref) {
        const auto word = first_word(ref);
        if (any_ && word > low_bytes_ >> 32 && word < high_bytes_ >> 32) return;
        auto bytes = first_bytes(ref);
        if (any_ && bytes > low_bytes_ && bytes < high_bytes_) return;
        auto text = ref.view();
        if (!any_ || text < low_) {
            low_ = text;
            low_bytes_ = bytes;
        }
        if (!any_ || text > high_) {
            high_ = text;
            high_bytes_ = bytes;
        }
        any_ = true;
    }
    Bounds bounds() const {
        Bounds out;
        if (!any_) return out;
        append_json_string(out.min, truncate_min(low_));
        if (auto max = truncate_max(high_)) append_json_string(out.max, *max);
        return out;
    }

  private:
    std::string_view low_, high_;
    uint64_t low_bytes_ = 0, high_bytes_ = 0;
    bool any_ = false;
};

// Of a dictionary only the entries in use.
Bounds text_bounds(Batches batches, int at) {
    TextBounds bounds;
    std::vector<bool> used;
    for (auto& batch : batches) {
        auto& column = batch->columns[size_t(at)];
        auto* texts = column.values<codec::TextRef>();
        if (!column.dictionary) {
            for (size_t i = 0; i < batch->row_count; ++i)
                if (!column.is_null(i)) bounds.add(texts[i]);
            continue;
        }
        used.assign(column.dictionary_size(), false);
        for (size_t i = 0; i < batch->row_count; ++i)
            if (!column.is_null(i)) used[column.codes[i]] = true;
        for (size_t code = 0; code < used.size(); ++code)
            if (used[code]) bounds.add(texts[code]);
    }
    return bounds.bounds();
}

// What JSON and the dates of other readers can hold: years 1 to 9999.
constexpr int32_t kFirstDay = -719'162, kLastDay = 2'932'896;
constexpr int64_t kMicrosOfDay = 86'400'000'000;

std::string day_text(int32_t days) {
    return days < kFirstDay || days > kLastDay ? std::string() : '"' + format_date(days) + '"';
}

std::string millis_text(int64_t us) {
    if (us < kFirstDay * kMicrosOfDay || us >= (kLastDay + 1) * kMicrosOfDay) return {};
    auto text = format_rfc3339(Timestamp::from_ms(Timestamp{us}.ms()));  // …SS.mmm000Z
    text.erase(text.size() - 4, 3);
    return '"' + text + '"';
}

std::string local_millis_text(int64_t us) {
    auto text = millis_text(us);
    if (!text.empty()) text.erase(text.size() - 2, 1);  // the Z
    return text;
}

Bounds bounds_of(Batches batches, int at, const ColumnType& type) {
    switch (type.kind()) {
        case ColumnType::kInt32:
            return integer_bounds<int32_t>(batches, at,
                                           [](int32_t v) { return std::to_string(v); });
        case ColumnType::kInt64:
            return integer_bounds<int64_t>(batches, at,
                                           [](int64_t v) { return std::to_string(v); });
        case ColumnType::kDate:
            return integer_bounds<int32_t>(batches, at, day_text);
        case ColumnType::kTimestamp:
            return integer_bounds<int64_t>(batches, at, millis_text);
        case ColumnType::kDouble:
            return double_bounds(batches, at);
        case ColumnType::kText:
            return text_bounds(batches, at);
        case ColumnType::kBool:
            return integer_bounds<uint8_t>(
                batches, at, [](uint8_t v) { return std::string(v ? "true" : "false"); });
        case ColumnType::kTimestampNtz:
            return integer_bounds<int64_t>(batches, at, local_millis_text);
        case ColumnType::kDecimal:
            return integer_bounds<codec::Int128>(
                batches, at, [&](codec::Int128 v) { return codec::decimal_text(v, type.scale()); });
        case ColumnType::kBytes:
        case ColumnType::kStruct:
        case ColumnType::kList:
        case ColumnType::kMap:
            return {};
    }
    return {};
}

// Whether readers expect bounds of such columns.
bool has_bounds(const ColumnType& type) { return type != ColumnType::kBytes && !type.is_nested(); }

// Length in bytes of the character at `at`, 1 for a stray byte.
size_t character(std::string_view text, size_t at) {
    auto c = static_cast<unsigned char>(text[at]);
    size_t n = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return std::min(n, text.size() - at);
}

// Bytes of the longest prefix of at most `units` UTF-16 units that cuts no character.
size_t prefix_bytes(std::string_view text, size_t units) {
    size_t at = 0;
    while (at < text.size()) {
        size_t n = character(text, at), cost = n == 4 ? 2 : 1;
        if (cost > units) break;
        units -= cost;
        at += n;
    }
    return at;
}

// Of one object of each of the three: those of the columns, or of a struct's fields.
struct Members {
    std::string min, max, nulls;
    static void put(std::string& to, const std::string& name, const std::string& value) {
        if (value.empty()) return;
        if (!to.empty()) to += ',';
        append_json_string(to, name);
        to += ':' + value;
    }
};

class FileStatistics {
  public:
    FileStatistics(uint64_t rows, int indexed) : rows_(rows), left_(indexed) {}

    // A struct as an object of its fields; a field of a struct that is NULL is NULL.
    void add(Batches batches, int at, Members& out) {
        if (left_ == 0) return;
        const auto& spec = batches[0]->schema[size_t(at)];
        if (spec.type == ColumnType::kStruct) return add_fields(batches, at, spec.name, out);
        if (left_ > 0) --left_;
        if (spec.type.is_nested()) return;
        uint64_t absent = 0;
        for (auto& batch : batches)
            absent += count_nulls(batch->columns[size_t(at)], batch->row_count);
        Members::put(out.nulls, spec.name, std::to_string(absent));
        if (absent == rows_) return;
        auto bounds = bounds_of(batches, at, spec.type);
        Members::put(out.min, spec.name, bounds.min);
        Members::put(out.max, spec.name, bounds.max);
        const bool bounded = !bounds.min.empty() && !bounds.max.empty();
        whole_ = whole_ && (bounded || !has_bounds(spec.type));
    }
    // Whether each column that should have bounds has both.
    bool whole() const { return whole_; }

  private:
    void add_fields(Batches batches, int at, const std::string& name, Members& out) {
        const auto fields = fields_of_struct(batches, at);
        if (fields.empty()) return;
        Members members;
        for (size_t i = 0; i < fields[0]->schema.size(); ++i)
            add(fields, int(i), members);
        auto object = [](const std::string& text) {
            return text.empty() ? text : '{' + text + '}';
        };
        Members::put(out.min, name, object(members.min));
        Members::put(out.max, name, object(members.max));
        Members::put(out.nulls, name, object(members.nulls));
    }

    const uint64_t rows_;
    int left_;  // columns and fields that get any; below 0: all
    bool whole_ = true;
};

}  // namespace

std::string_view truncate_min(std::string_view text) {
    return text.substr(0, prefix_bytes(text, kPrefixUnits));
}

std::optional<std::string> truncate_max(std::string_view text) {
    constexpr std::string_view kHighest = "\xF4\x8F\xBF\xBF";  // U+10FFFF
    size_t cut = prefix_bytes(text, kPrefixUnits);
    size_t limit = prefix_bytes(text, 2 * kPrefixUnits);
    while (cut < text.size() && text.substr(cut).starts_with(kHighest)) {
        cut += kHighest.size();
        if (cut > limit) return std::nullopt;
    }
    // A text that was made so stays as it is.
    if (text.substr(cut) == "\x7F") return std::string(text);
    std::string out(text.substr(0, cut));
    if (cut == text.size()) return out;
    auto next = static_cast<unsigned char>(text[cut]);
    return out + (next < 0x7F ? std::string("\x7F") : std::string(kHighest));
}

std::string file_statistics(Batches batches, std::span<const int> columns, int indexed) {
    uint64_t rows = 0;
    for (auto& batch : batches)
        rows += batch->row_count;
    FileStatistics all(rows, indexed);
    Members members;
    for (int at : columns)
        if (!batches.empty()) all.add(batches, at, members);
    // deltalake takes a bound that is missing among others for one that no value is within.
    if (!all.whole())
        return fmt::format(R"({{"numRecords":{},"nullCount":{{{}}}}})", rows, members.nulls);
    return fmt::format(
        R"({{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}})", rows,
        members.min, members.max, members.nulls);
}

}  // namespace tarn::delta
