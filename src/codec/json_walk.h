#pragma once

// The fast way through a chunk of records: simdjson's stage 1 over all of them (its index holds the
// place of every bracket, colon, comma and first byte of a string or scalar, and it has checked
// UTF-8, quotes and control characters), then a walk along the index that guesses the next field
// from the records before. Whatever is not as expected, from an escaped name to a value of another
// type, makes the walk give up on that record alone. Private to codec.

#include <memory>
#include <vector>

#include "json_rows.h"

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace tarn::codec {

class JsonWalk {
  public:
    explicit JsonWalk(JsonRows& rows);
    ~JsonWalk();

    // Indexes `size` bytes, of which the last is a line end, with 64 readable bytes behind. False
    // if some record of them has broken quotes, control characters or UTF-8.
    bool index(const char* text, size_t size);
    // Puts the next record, which ends before `end`, into the row. False if it was not understood:
    // then the row's columns hold anything, and skip_to follows.
    bool record(const char* end, size_t row);
    // Goes to the first indexed place at or behind `to`.
    void skip_to(const char* to) {
        while (text_ + *at_ < to)
            ++at_;
    }

  private:
    // A field seen before, in the order of the records. Its name has no quotes or backslashes.
    struct Expected {
        std::string name;
        uint64_t word = 0, mask = 0;     // its first 8 bytes
        int field = -1;                  // index of the declared one, -1 if undeclared
        const JsonPath* path = nullptr;  // if declared ones are inside of it
    };

    bool name_is(const Expected& e, const char* name, const char* colon) const;
    const Expected* look_up(const char* name, const char* colon);
    const Expected* next_field(const char* name, const char* colon);
    bool string_at(const uint32_t* at, std::string_view& inside) const;
    bool plain_text(std::string_view inside, const char* opening, std::string_view& text);
    // These put the value into the row if it is kept, and only check it otherwise.
    template <bool kKept>
    bool value(JsonField& field, const uint32_t*& at, const char* end, size_t row);
    template <bool kKept>
    bool text_value(JsonField& field, const uint32_t*& at, const char* end, size_t row);
    template <bool kKept>
    bool time_value(JsonField& field, const uint32_t* at, size_t row);
    template <bool kKept>
    bool double_value(JsonField& field, const uint32_t* at, size_t row);
    template <bool kKept>
    bool decimal_value(JsonField& field, const uint32_t* at, size_t row);
    bool other_value(JsonField& field, const uint32_t*& at, const char* end, size_t row);
    bool put_below(const JsonPath& path, const uint32_t* at, const char* end, size_t row,
                   size_t& seen);
    template <bool kAllKept>
    bool walk(const char* end, size_t row);
    bool good_escapes(std::string_view inside, const char* opening) const;
    bool skip(const uint32_t*& at, const char* end, std::string_view& raw);
    bool nested(const uint32_t*& at, const char* end, std::string_view& raw);

    JsonRows& rows_;
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
    const char* text_ = nullptr;
    const uint32_t* at_ = nullptr;  // the next place
    bool escapes_ = false;          // the chunk has a backslash
    uint64_t record_ = 0;           // number of the record at hand

    std::vector<Expected> shape_;
    TextMap<size_t> shape_index_;
    size_t guess_ = 0;  // in the shape, of the record at hand
    std::vector<UndeclaredField> undeclared_;
    Expected unremembered_;
    std::string why_;  // of a value that the slow way will judge again
};

}  // namespace tarn::codec
