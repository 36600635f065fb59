#pragma once

// The rows that a JsonDecoder fills: one writer for each declared field and one for the undeclared
// ones, and the slow, strict way of putting one record there. Private to codec.

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "column_writer.h"
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
    uint64_t seen = 0;                   // number of the record it was last seen in
    std::array<char, 16> minute_text{};  // of the last timestamp, and its value
    int64_t minute_us = 0;
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
    bool put_field(JsonField& field, size_t row, std::string_view raw, std::string& why);
    bool put_number(JsonField& field, size_t row, std::string_view raw, std::string& why);
    bool put_time(JsonField& field, size_t row, std::string_view raw, std::string& why);

    std::string extra_name_;
    std::string unknown_;  // a wanted name that is none
    bool all_kept_ = true;
    ColumnWriter extra_;
    TextMap<int> index_;
    std::shared_ptr<TextArena> arena_;
    // Of the record at hand.
    std::vector<std::string_view> raw_;  // by field; empty if missing
    std::vector<UndeclaredField> undeclared_;
    std::string scratch_;
};

}  // namespace tarn::codec
