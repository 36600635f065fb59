#pragma once

// Options that are settings, of the commands that serve or look at what serving takes.

#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/host/command.h"

namespace tarn::host {

class SettingFlags {
  public:
    void declare(Options& options);
    // By the settings' names; --set goes before a flag of the same setting. Errors: kUsage.
    Result<Settings::Values> values() const;

  private:
    Settings::Values values_;
    std::vector<std::string> sets_;  // "http.port=8080"
};

}  // namespace tarn::host
