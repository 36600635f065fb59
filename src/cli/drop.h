#pragma once

// `tarn table drop` and `tarn view drop`: a table or view goes with all that it holds, if no flow
// of the project uses it; a table can be brought back for a while. Asked of the process that serves
// the folder; without one done here.

#include <memory>
#include <string>

#include "offline.h"
#include "project_folder.h"
#include "tarn/host/command.h"

namespace tarn::cli {

// What a drop without a process needs. Errors: kFailedPrecondition (no project to say which flows
// there are), kNotFound (no data folder), those of opening it.
Result<std::unique_ptr<OfflineStores>> stores_for_drop(const host::Common& common,
                                                       const ProjectFolder& project);

class DropOutput : public host::Command {
  public:
    void declare(host::Options& options) override;
    Result<int> run(const host::Common& common) override;

  protected:
    explicit DropOutput(std::string_view kind) : kind_(kind) {}

  private:
    Status drop(const host::Common& common);

    const std::string kind_;  // flow::kTableKind or flow::kViewKind
    std::string name_;
    bool yes_ = false, purge_ = false;
    ProjectFolder project_;
};

}  // namespace tarn::cli
