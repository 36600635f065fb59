#include "project_folder.h"

#include "capabilities.h"

#include "tarn/io/file_system.h"

namespace tarn::cli {

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
