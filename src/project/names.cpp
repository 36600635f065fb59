#include "names.h"

#include <algorithm>
#include <cctype>

#include "tarn/project/project.h"

namespace tarn::project {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = char(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool is_topic_name(std::string_view name) {
    auto legal = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
           std::ranges::all_of(name, legal);
}

bool is_identifier(std::string_view word) {
    auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    return !word.empty() && word.size() <= 128 &&
           !std::isdigit(static_cast<unsigned char>(word[0])) && std::ranges::all_of(word, plain);
}

constinit const NameRule kTableName = {
    .text = "a table's name is schema.table, as in bronze.clicks",
    .pattern = kTableNamePattern,
    .good = is_table_name};

std::vector<std::string> topic_names(const Project& project) {
    std::vector<std::string> out;
    for (const auto& [name, topic] : project.topics)
        out.push_back(name);
    return out;
}

}  // namespace tarn::project
