#pragma once

// The words of a text of SQL, for what DuckDB's grammar does not have.

#include <string>
#include <string_view>

#include "duckdb/common/string_util.hpp"
#include "duckdb/parser/parser.hpp"

namespace tarn::sql {

class Words {
  public:
    explicit Words(std::string text)
        : text_(std::move(text)), tokens_(duckdb::Parser::Tokenize(text_)) {}
    const std::string& text() const { return text_; }
    size_t size() const { return tokens_.size(); }
    size_t start(size_t i) const { return i < tokens_.size() ? tokens_[i].start : text_.size(); }
    // As it stands; empty behind the last.
    std::string word(size_t i) const {
        if (i >= size()) return {};
        auto out = between(i, i + 1);
        duckdb::StringUtil::Trim(out);
        return out;
    }
    bool is(size_t i, std::string_view lower) const {
        return duckdb::StringUtil::Lower(word(i)) == lower;
    }
    // The text from one word to before another.
    std::string between(size_t from, size_t to) const {
        return text_.substr(start(from), start(to) - start(from));
    }
    void replace(size_t from, size_t to, std::string_view with) {
        text_.replace(start(from), start(to) - start(from), with);
        tokens_ = duckdb::Parser::Tokenize(text_);
    }
    // Behind the bracket that closes the one at i; 0 if none does.
    size_t behind_bracket(size_t i) const {
        int depth = 0;
        for (; i < size(); ++i) {
            depth += word(i) == "(" ? 1 : word(i) == ")" ? -1 : 0;
            if (depth == 0) return i + 1;
        }
        return 0;
    }

  private:
    std::string text_;
    duckdb::vector<duckdb::SimplifiedToken> tokens_;
};

}  // namespace tarn::sql
