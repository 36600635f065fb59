#include <algorithm>

#include <fmt/format.h>

#include "kind.h"
#include "names.h"
#include "tarn/base/utf8.h"
#include "tarn/project/check.h"
#include "tarn/project/project.h"
#include "yaml.h"

namespace tarn::errors {
extern const ErrorId kNoProject;
}  // namespace tarn::errors

namespace tarn::project {
namespace {

class Loader {
  public:
    Loader(io::FileSystem& fs, const std::string& folder, std::span<const Section> sections)
        : fs_(fs), sections_(sections) {
        project_.folder = folder;
    }

    Result<Project> load() {
        TARN_RETURN_IF_ERROR(load_sections());
        TARN_RETURN_IF_ERROR(load_models(project_.folder + "/models", "models"));
        for (const auto& kind : model_kinds())
            if (kind.link) TARN_RETURN_IF_ERROR(kind.link(draft_));
        return std::move(project_);
    }

    // As load(), but goes on behind what is wrong.
    std::vector<Error> check(std::optional<Project>* right) {
        gathers_ = true;
        (void)note(load_sections());
        sections_wrong_ = !wrong_.empty();
        (void)note(load_models(project_.folder + "/models", "models"));
        if (sections_wrong_) return std::move(wrong_);
        const bool all = wrong_.empty();
        for (const auto& kind : model_kinds()) {
            if (!kind.link) continue;
            auto linked = kind.link(draft_);
            if (all) (void)note(std::move(linked));  // else it may follow from a model left out
        }
        if (right) *right = std::move(project_);
        return std::move(wrong_);
    }

  private:
    // What is wrong is kept, where all of it is gathered.
    Status note(Status status) {
        if (status || !gathers_) return status;
        wrong_.push_back(std::move(status).error());
        return {};
    }

    // Read as another encoding, a file may be empty and right.
    static Status check_text(std::string_view text, std::string_view file) {
        const bool nul = text.find('\0') != text.npos;
        if (nul || !valid_utf8(text))
            return wrong({file, 1}, nul ? "not UTF-8 but UTF-16 or no text at all: save it as UTF-8"
                                        : "not UTF-8: save it as UTF-8");
        return {};
    }

    Status load_sections() {
        auto text = fs_.read_all(project_.folder + "/tarn.yml");
        if (!text) {
            if (text.error().code() != ErrorCode::kNotFound) return fail(text.error());
            return fail(errors::kNoProject,
                        "no tarn.yml in " + project_.folder + ": a project has one at its root");
        }
        TARN_RETURN_IF_ERROR(check_text(*text, kProjectFile));
        TARN_TRY(auto root, parse_yaml(*text, kProjectFile));
        std::vector<Key> keys;
        for (const auto& section : sections_)
            keys.push_back(section.key);
        TARN_TRY(auto file, Values::check(root, keys, {kProjectFile, 1}, "tarn.yml"));
        for (const auto& section : sections_)
            TARN_RETURN_IF_ERROR(note(section.load(file, project_)));
        for (const auto& section : sections_)
            if (section.link && wrong_.empty()) TARN_RETURN_IF_ERROR(note(section.link(project_)));
        return {};
    }

    Status load_models(const std::string& folder, const std::string& relative) {
        auto files = fs_.list(folder);
        if (!files)
            return files.error().code() == ErrorCode::kNotFound ? Status() : fail(files.error());
        for (const auto& file : *files) {
            auto path = folder + "/" + file.name, below = relative + "/" + file.name;
            if (file.folder) {
                if (std::ranges::count(below, '/') > 8)
                    return wrong({below, 1}, "folders of models are nested too deep");
                TARN_RETURN_IF_ERROR(load_models(path, below));
            } else if (file.name.ends_with(".sql")) {
                TARN_RETURN_IF_ERROR(note(load_model(path, below)));
            }
        }
        return {};
    }

    Status load_model(const std::string& path, const std::string& file) {
        TARN_TRY(auto text, fs_.read_all(path));
        TARN_RETURN_IF_ERROR(check_text(text, file));
        TARN_TRY(auto parsed, parse_model(text, file));
        auto schema = file.substr(7, file.find('/', 7) - 7);  // behind "models/"
        auto name = io::file_name(file);
        name = name.substr(0, name.size() - 4);
        if (file.find('/', 7) == std::string::npos) {
            return wrong({file, 1},
                         "a model stands in a folder of models/, which names its schema");
        }
        if (!is_table_name(schema + "." + name)) {
            return wrong({file, 1}, fmt::format("names of model files and their folders are {}",
                                                kNamePartRule));
        }
        TARN_TRY(auto kind, kind_of(parsed, file));
        TARN_TRY(auto config, Config::check(parsed, file, kind->keys));
        if (sections_wrong_) return {};  // what it says of topics would follow from that
        return kind->read({schema + "." + name, file, parsed, config}, draft_);
    }

    static Result<const ModelKind*> kind_of(const ModelFile& parsed, const std::string& file) {
        auto it = parsed.config.find("materialized");
        auto given = it == parsed.config.end() ? "" : it->second.text;
        std::string known;
        for (const auto& kind : model_kinds()) {
            if (kind.name == given || (!given.empty() && kind.old_name == given)) return &kind;
            known += fmt::format("{}'{}'", known.empty() ? "" : " or ", kind.name);
        }
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("{}:{}: this version runs models with materialized={} only{}", file,
                        parsed.config_line, known, given.empty() ? "" : ", not '" + given + "'"));
    }

    io::FileSystem& fs_;
    const std::span<const Section> sections_;
    Project project_;
    ModelDraft draft_{project_};
    bool gathers_ = false, sections_wrong_ = false;
    std::vector<Error> wrong_;
};

Status add_models(io::FileSystem& fs, const std::string& folder, int depth, std::string& out) {
    constexpr int kMostDepth = 16;
    auto files = fs.list(folder);
    if (!files)
        return files.error().code() == ErrorCode::kNotFound ? Status() : fail(files.error());
    for (const auto& file : *files) {
        const auto path = folder + "/" + file.name;
        if (file.folder && depth < kMostDepth) {
            TARN_RETURN_IF_ERROR(add_models(fs, path, depth + 1, out));
        } else if (!file.folder && file.name.ends_with(".sql")) {
            TARN_TRY(auto text, fs.read_all(path));
            out += fmt::format("\n\n-- {} {}\n{}", path, text.size(), text);
        }
    }
    return {};
}

}  // namespace

Result<std::string> text_of(io::FileSystem& fs, const std::string& folder) {
    TARN_TRY(auto out, fs.read_all(folder + "/tarn.yml"));
    TARN_RETURN_IF_ERROR(add_models(fs, folder + "/models", 0, out));
    return out;
}

Result<Project> load_project(io::FileSystem& fs, const std::string& folder,
                             std::span<const Section> sections) {
    auto text = text_of(fs, folder);
    TARN_TRY(auto project, Loader(fs, folder, sections).load());
    if (text) project.text = std::move(*text);
    return project;
}

std::vector<Error> check_project(io::FileSystem& fs, const std::string& folder,
                                 std::span<const Section> sections, std::optional<Project>* right) {
    return Loader(fs, folder, sections).check(right);
}

}  // namespace tarn::project
