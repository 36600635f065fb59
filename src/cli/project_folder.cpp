#include "project_folder.h"

#include <filesystem>

#include "capabilities.h"

#include "tarn/io/file_system.h"

namespace tarn::cli {

std::string ProjectFolder::canonical(const std::string& folder) {
    std::error_code error;
    auto path = std::filesystem::weakly_canonical(std::filesystem::absolute(folder), error);
    if (error) return folder;
    auto out = path.string();
    if (out.size() > 1 && out.ends_with('/')) out.pop_back();
    return out;
}

Result<project::Project> ProjectFolder::load() const {
    io::LocalFileSystem fs;
    if (!given_ && !fs.exists(folder_ + "/tarn.yml")) {
        project::Project empty;
        empty.name = "(no project)";
        empty.folder = folder_;
        return empty;
    }
    return project::load_project(fs, folder_, all_sections());
}

}  // namespace tarn::cli
