#pragma once

// Checks of `tarn doctor` as rows: what Tarn needs of the machine, each as a line with what was
// found and what to do.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/base/time.h"
#include "tarn/host/common.h"
#include "tarn/host/machine.h"
#include "tarn/host/serving.h"
#include "tarn/io/file_system.h"

namespace tarn::host {

struct Finding {
    enum class Level { kOk, kWarn, kFail };
    std::string check;
    Level level = Level::kOk;
    std::string found;
    std::string todo;  // empty if it is well
};
std::string_view to_string(Finding::Level level);

// What a check says, under its name.
class Findings {
  public:
    Findings(std::string check, std::vector<Finding>& to) : check_(std::move(check)), to_(&to) {}
    void ok(std::string found);
    void warn(std::string found, std::string todo);
    void broken(std::string found, std::string todo);
    void broken(const Error& error);
    // The same under another name.
    Findings under(std::string check) const { return {std::move(check), *to_}; }

  private:
    std::string check_;
    std::vector<Finding>* to_;
};

// What checks look at. The referenced objects outlive it.
struct DoctorWorld {
    const Program& program;
    io::FileSystem& fs;
    Clock& clock;
    Machine machine;
    std::string data;                // the data folder
    std::optional<Serving> serving;  // who serves it
    std::string project;             // its folder
    bool project_given = false;
    Settings::Values flags;
    std::optional<Settings> settings;  // once the check of the project has loaded them
};

struct DoctorCheck {
    std::string_view name;
    void (*examine)(DoctorWorld& world, Findings& findings);
    bool needs_settings = false;  // left out where they do not load: that has been said
};

}  // namespace tarn::host
