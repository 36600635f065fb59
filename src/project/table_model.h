#pragma once

// Incremental models: their config, and which table each reads.

#include <string>
#include <vector>

#include "model.h"
#include "tarn/project/project.h"

namespace tarn::project {

inline constexpr Duration kMinEvery = Duration::millis(10);

std::string lower(std::string_view text);
bool is_identifier(std::string_view word);
bool is_table_name(std::string_view name);  // schema.table

// Values of a model's config(…), with their places.
class ConfigReader {
  public:
    ConfigReader(const ModelFile& parsed, const std::string& file) : parsed_(parsed), file_(file) {}
    // Leaves `out` as it is if the key is absent.
    Status duration(const std::string& key, Duration min, Duration& out) const;
    void text(const std::string& key, std::string& out) const;
    // A table's name.
    Status table(const std::string& key, std::string& out) const;
    // Names with commas between.
    Status names(const std::string& key, std::vector<std::string>& out) const;
    Place place(const std::string& key) const;

  private:
    const ModelFile& parsed_;
    const std::string& file_;
};

struct UnlinkedModel {
    TableModel model;
    ModelFile parsed;
};

const std::vector<std::string>& table_model_keys();
Result<UnlinkedModel> read_table_model(const ModelFile& parsed, const std::string& name,
                                       const std::string& file);
// Finds each model's source, checks that no table is written twice, and puts the models in order.
Result<std::vector<TableModel>> link_models(const Project& project,
                                            std::vector<UnlinkedModel> models);

}  // namespace tarn::project
