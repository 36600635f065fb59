#pragma once

// The option --project: a folder with tarn.yml.

#include <string>

#include "tarn/base/result.h"
#include "tarn/host/command.h"
#include "tarn/project/project.h"

namespace tarn::cli {

class ProjectFolder {
  public:
    void declare(host::Options& options, std::string text) {
        options.add("--project", &folder_, std::move(text)).value("FOLDER").says(given_);
    }
    const std::string& folder() const { return folder_; }
    bool given() const { return given_; }
    // Absolute, without links; as it is, where nothing is there.
    static std::string canonical(const std::string& folder);
    // A folder without tarn.yml that nobody named is an empty project.
    Result<project::Project> load() const;

  private:
    std::string folder_ = ".";
    bool given_ = false;
};

}  // namespace tarn::cli
