#include "yaml.h"

#include <yaml-cpp/yaml.h>

#include <fmt/format.h>

namespace tarn::errors {
extern const ErrorId kYaml;
}  // namespace tarn::errors

namespace tarn::project {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxNodes = 100'000;  // aliases can make a small file a large tree

class Converter {
  public:
    explicit Converter(std::string_view file) : file_(file) {}

    Result<Node> convert(const YAML::Node& in, int depth) {
        Node out;
        out.line = in.Mark().line + 1;
        if (depth > kMaxDepth || ++nodes_ > kMaxNodes)
            return wrong({file_, out.line}, "too deep or too large");
        if (in.IsScalar()) {
            out.kind = Node::Kind::kScalar;
            out.text = in.Scalar();
        } else if (in.IsSequence()) {
            out.kind = Node::Kind::kList;
            for (const auto& item : in) {
                TARN_TRY(auto converted, convert(item, depth + 1));
                out.items.push_back(std::move(converted));
            }
        } else if (in.IsMap()) {
            out.kind = Node::Kind::kMap;
            TARN_RETURN_IF_ERROR(convert_entries(in, depth, out));
        }
        return out;
    }

  private:
    Status convert_entries(const YAML::Node& in, int depth, Node& out) {
        for (const auto& pair : in) {
            int line = pair.first.Mark().line + 1;
            if (!pair.first.IsScalar()) return wrong({file_, line}, "a key must be a word");
            auto key = pair.first.Scalar();
            for (const auto& entry : out.entries) {
                if (entry.key == key) {
                    return wrong({file_, line},
                                 fmt::format("{} stands twice, first in line {}", key, entry.line));
                }
            }
            TARN_TRY(auto value, convert(pair.second, depth + 1));
            out.entries.push_back({key, line, std::move(value)});
        }
        return {};
    }
    std::string_view file_;
    size_t nodes_ = 0;
};

}  // namespace

Result<Node> parse_yaml(std::string_view text, std::string_view file) {
    try {
        auto documents = YAML::LoadAll(std::string(text));
        if (documents.size() > 1)
            return wrong({file, documents[1].Mark().line + 1}, "more than one YAML document",
                         errors::kYaml);
        if (documents.empty()) return Node();
        return Converter(file).convert(documents[0], 0);
    } catch (const YAML::Exception& error) {
        return wrong({file, error.mark.line + 1}, "not valid YAML: " + error.msg, errors::kYaml);
    } catch (const std::exception& error) {
        return wrong({file, 1}, std::string("not valid YAML: ") + error.what(), errors::kYaml);
    }
}

}  // namespace tarn::project
