#pragma once

// What the kinds of models share.

#include <string>
#include <vector>

#include "model.h"
#include "tarn/project/model_kind.h"
#include "tarn/project/project.h"

namespace tarn::project {

ModelKind incremental_kind();

// What a model's config(…) says, checked against the keys of its kind: reading cannot fail. An
// absent key has its default, or is an empty text. Refers to the file and the rows.
class Config {
  public:
    // Puts what stands under a key's old name under its name. Errors: kInvalidArgument with file
    // and line.
    static Result<Config> check(ModelFile& parsed, const std::string& file,
                                std::span<const Key> keys);

    bool has(std::string_view key) const { return parsed_->config.contains(key); }
    std::string text(std::string_view key) const;
    Duration duration(std::string_view key) const;
    bool boolean(std::string_view key) const;
    std::vector<std::string> texts(std::string_view key) const;
    // Of the key; of the whole block, if it is absent.
    Place place(std::string_view key) const;

  private:
    Config(const ModelFile& parsed, const std::string& file, std::span<const Key> keys)
        : parsed_(&parsed), file_(&file), keys_(keys) {}
    Status check_value(const Key& key, const std::string& text) const;
    const Key& row(std::string_view key, Form form) const;
    std::string_view value(const Key& key) const;

    const ModelFile* parsed_;
    const std::string* file_;
    std::span<const Key> keys_;
};

// A file of models/.
struct ModelSource {
    std::string name;  // schema.table, of folder and file
    std::string file;  // relative to the project
    const ModelFile& parsed;
    Config config;
};

struct UnlinkedModel {
    TableModel model;
    ModelFile parsed;
};

// A project while its models are read.
struct ModelDraft {
    Project& project;
    std::vector<UnlinkedModel> table_models = {};
};

}  // namespace tarn::project
