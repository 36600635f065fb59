#pragma once

// The rows that a JsonDecoder fills: one writer for each declared field and one for the undeclared
// ones, and the slow, strict way of putting one record there. Private to codec.

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "column_writer.h"
#include "json_text.h"
#include "tarn/codec/json_decoder.h"
#include "text_arena.h"

namespace tarn::codec {

struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// A field that is not declared: its name with quotes and its value, as they stand in the record.
struct UndeclaredField {
    std::string_view name, value;
};

struct JsonField {
    ColumnSpec spec;
    bool kept = true;  // it has a column; otherwise it is only checked
    ColumnWriter writer;
    TimeForm times = {};
    bool json = false;                   // any value's text
    uint64_t seen = 0;                   // number of the record it was last seen in
    std::array<char, 16> minute_text{};  // of the last timestamp, and its value
    int64_t minute_us = 0;
};

// The fields whose values lie inside an object, by the names on the way there.
struct JsonPath {
    std::string name;
    int field = -1;               // whose value this is; -1: only on the way
    std::vector<JsonPath> below;  // names inside of its object
};

class JsonRows {
  public:
    explicit JsonRows(const JsonDecoderOptions& options);

    // The declared names differ from each other and from the extra column's, and the wanted ones are
    // among them. Errors: kInvalidArgument.
    Status check() const;
    // At most this many rows follow.
    void begin(size_t rows);
    // Puts a record into the row, or says why not (then nothing of it counts). Text points into
    // `record`, which has 16 readable bytes behind it and lives as long as the batch.
    bool put_record(std::string_view record, size_t row, Rejected& why);
    void finish(size_t rows, ColumnBatch& batch);

    // Index of a declared field, -1 if there is none of that name.
    int find(std::string_view name) const {
        auto found = index_.find(name);
        return found == index_.end() ? -1 : found->second;
    }
    // The fields inside of the value of a name; null if there are none.
    const JsonPath* path(std::string_view name) const;
    // Calls put(index of field, its value as it stands) for each field below `path` that is inside
    // of this JSON value; false if that did, or if the value is none.
    template <class Put>
    bool each_below(const JsonPath& path, std::string_view raw, Put&& put) const;
    // Puts a value that is neither missing nor null, the slow way.
    bool put_field(JsonField& field, size_t row, std::string_view raw, std::string& why);
    void forget(size_t row);
    // What a JSON string means, given what stands between its quotes, in bytes that live as long as
    // the batch.
    std::string_view unescaped(std::string_view inside);
    // The row's column of undeclared fields, if that is wanted.
    void put_extra(size_t row, const std::vector<UndeclaredField>& undeclared);
    bool all_kept() const { return all_kept_; }
    bool wants_extra() const { return !extra_name_.empty(); }

    std::vector<JsonField> fields;

  private:
    bool split(std::string_view record, Rejected& why);
    void add_path(const std::vector<std::string>& names, int field);
    bool put_text(JsonField& field, size_t row, std::string_view raw);
    bool put_date(JsonField& field, size_t row, std::string_view raw, std::string& why);
    bool put_decimal(JsonField& field, size_t row, std::string_view raw, std::string& why);
    bool put_local_time(JsonField& field, size_t row, std::string_view raw, std::string& why);
    bool put_nested(JsonField& field, size_t row, std::string_view raw, std::string& why);
    bool put_number(JsonField& field, size_t row, std::string_view raw, std::string& why);
    bool put_time(JsonField& field, size_t row, std::string_view raw, std::string& why);

    std::string extra_name_;
    std::string unknown_;  // a wanted name that is none
    std::string twice_;    // a field that two columns are of
    bool all_kept_ = true;
    ColumnWriter extra_;
    TextMap<int> index_;
    TextMap<int> names_;  // of all fields, those at paths too
    std::vector<JsonPath> paths_;
    std::shared_ptr<TextArena> arena_;
    // Of the record at hand.
    std::vector<std::string_view> raw_;  // by field; empty if missing
    std::vector<UndeclaredField> undeclared_;
    std::string scratch_;
};

template <class Put>
bool JsonRows::each_below(const JsonPath& path, std::string_view raw, Put&& put) const {
    if (raw.empty() || raw.front() != '{') return true;
    JsonCursor c{raw.data() + 1, raw.data() + raw.size()};
    for (c.skip_blanks(); c.at < c.end && *c.at != '}'; c.skip_blanks()) {
        const char* opening = c.at;
        if (!c.skip_string()) return false;
        const std::string_view inside(opening + 1, size_t(c.at - opening) - 2);
        c.skip_blanks();
        ++c.at;  // the colon
        c.skip_blanks();
        const char* start = c.at;
        if (!c.skip_value(1)) return false;
        const std::string_view value(start, size_t(c.at - start));
        std::string unescaped;
        if (inside.find('\\') != inside.npos) unescape_json(inside, unescaped);
        const std::string_view name = unescaped.empty() ? inside : std::string_view(unescaped);
        for (const auto& below : path.below) {
            if (below.name != name) continue;
            if (below.field >= 0 && !put(below.field, value)) return false;
            if (!each_below(below, value, put)) return false;
        }
        c.skip_blanks();
        if (c.at < c.end && *c.at == ',') ++c.at;
    }
    return true;
}

}  // namespace tarn::codec
