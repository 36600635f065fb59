#pragma once

// The words of a text of SQL, for what DuckDB's grammar does not have. Comments and blanks stand
// between words (comments nest, as PostgreSQL's do); a text, a quoted name and each sign is a word.

#include <string>
#include <string_view>
#include <vector>

namespace tarn::sql {

struct Word {
    std::string text;  // of a quoted one what is in the quotes
    char quote = 0;    // ' or " or $ if it had some
    size_t from = 0, to = 0;
    bool is(std::string_view lower) const;  // in whatever case, unquoted
};
std::vector<Word> words_of(std::string_view sql);

class Words {
  public:
    explicit Words(std::string text) : text_(std::move(text)), words_(words_of(text_)) {}
    const std::string& text() const { return text_; }
    size_t size() const { return words_.size(); }
    bool is(size_t i, std::string_view lower) const { return i < size() && words_[i].is(lower); }
    // Behind the dotted name that begins at i; i if none does.
    size_t behind_name(size_t i) const;
    // The parts of a dotted name.
    std::vector<std::string> parts(size_t from, size_t to) const;
    // Whether the word is a text in '…', and what it says.
    bool is_text(size_t i) const { return i < size() && words_[i].quote == '\''; }
    const std::string& text(size_t i) const { return words_[i].text; }
    // A dotted name, without quotes.
    std::string name(size_t from, size_t to) const;
    // The text from the start of one word to the end of the last before another.
    std::string between(size_t from, size_t to) const;
    // From the start of this word on.
    std::string rest(size_t i) const { return i < size() ? text_.substr(words_[i].from) : ""; }
    // Those words, and what stands between them and the next.
    void replace(size_t from, size_t to, std::string_view with);
    // Behind the bracket that closes the one at i; 0 if none does.
    size_t behind_bracket(size_t i) const;

  private:
    std::string text_;
    std::vector<Word> words_;
};

}  // namespace tarn::sql
