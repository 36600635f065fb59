#include "tarn/sql/words.h"

#include <algorithm>

#include "tarn/base/names.h"

namespace tarn::sql {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Splitter {
  public:
    explicit Splitter(std::string_view sql) : sql_(sql) {}

    std::vector<Word> split() {
        std::vector<Word> out;
        for (skip(); at_ < sql_.size(); skip()) {
            Word word;
            word.from = at_;
            take(word);
            word.to = at_;
            out.push_back(std::move(word));
        }
        return out;
    }

  private:
    char at(size_t i) const { return i < sql_.size() ? sql_[i] : '\0'; }

    void skip() {
        while (at_ < sql_.size()) {
            const auto rest = sql_.substr(at_);
            if (is_blank(sql_[at_]))
                ++at_;
            else if (rest.starts_with("--"))
                at_ = std::min(sql_.size(), sql_.find('\n', at_));
            else if (rest.starts_with("/*"))
                skip_nested();
            else
                return;
        }
    }
    void skip_nested() {
        int depth = 0;
        do {
            const auto rest = sql_.substr(at_);
            const int step = rest.starts_with("/*") ? 1 : rest.starts_with("*/") ? -1 : 0;
            depth += step;
            at_ += step != 0 ? 2 : 1;
        } while (depth > 0 && at_ < sql_.size());
    }

    void take(Word& word) {
        const char first = sql_[at_];
        if ((first == 'e' || first == 'E') && at(at_ + 1) == '\'') {
            ++at_;
            return quoted(word, '\'', true);
        }
        if (first == '\'' || first == '"') return quoted(word, first, false);
        if (first == '$' && dollars(word)) return;
        if (!is_letter(first) && !is_digit(first)) {
            word.text = first;
            ++at_;
            return;
        }
        while (is_letter(at(at_)) || is_digit(at(at_)) || at(at_) == '$')
            word.text += sql_[at_++];
    }
    void quoted(Word& word, char quote, bool escapes) {
        word.quote = quote;
        for (++at_; at_ < sql_.size(); ++at_) {
            if (escapes && sql_[at_] == '\\' && at_ + 1 < sql_.size()) {
                ++at_;
            } else if (sql_[at_] == quote) {
                if (at(at_ + 1) != quote) break;
                ++at_;
            }
            word.text += sql_[at_];
        }
        at_ = std::min(at_ + 1, sql_.size());
    }
    // $tag$ text $tag$.
    bool dollars(Word& word) {
        auto end = at_ + 1;
        while (is_letter(at(end)) || (is_digit(at(end)) && end > at_ + 1))
            ++end;
        if (at(end) != '$') return false;
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = std::min(sql_.size(), sql_.find(tag, end + 1));
        word.quote = '$';
        word.text = sql_.substr(end + 1, close - end - 1);
        at_ = std::min(sql_.size(), close + tag.size());
        return true;
    }

    const std::string_view sql_;
    size_t at_ = 0;
};

}  // namespace

bool Word::is(std::string_view lower) const { return quote == 0 && same_but_case(text, lower); }

std::vector<Word> words_of(std::string_view sql) { return Splitter(sql).split(); }

size_t Words::behind_name(size_t i) const {
    auto is_name = [&](size_t at) {
        return at < size() && words_[at].quote != '\'' && words_[at].quote != '$' &&
               (words_[at].quote == '"' || is_letter(words_[at].text[0]) ||
                is_digit(words_[at].text[0]));
    };
    if (!is_name(i)) return i;
    auto end = i + 1;
    while (is(end, ".") && is_name(end + 1))
        end += 2;
    return end;
}

std::vector<std::string> Words::parts(size_t from, size_t to) const {
    std::vector<std::string> out;
    for (auto i = from; i < std::min(to, size()); i += 2)
        out.push_back(words_[i].text);
    return out;
}

std::string Words::name(size_t from, size_t to) const {
    std::string out;
    for (auto i = from; i < std::min(to, size()); ++i)
        out += words_[i].text;
    return out;
}

std::string Words::between(size_t from, size_t to) const {
    to = std::min(to, size());
    if (from >= to) return {};
    return text_.substr(words_[from].from, words_[to - 1].to - words_[from].from);
}

void Words::replace(size_t from, size_t to, std::string_view with) {
    const auto begin = from < size() ? words_[from].from : text_.size();
    const auto end = to < size() ? words_[to].from : text_.size();
    text_.replace(begin, end - begin, with);
    words_ = words_of(text_);
}

size_t Words::behind_bracket(size_t i) const {
    int depth = 0;
    for (; i < size(); ++i) {
        depth += is(i, "(") ? 1 : is(i, ")") ? -1 : 0;
        if (depth == 0) return i + 1;
    }
    return 0;
}

}  // namespace tarn::sql
