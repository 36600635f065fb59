#pragma once

// The sections of this module, one a file; sections/list.cpp has a line for each.

#include "tarn/project/section.h"

namespace tarn::project {

extern const Section kNameSection;
extern const Section kTopicsSection;
extern const Section kSettingsSection;

}  // namespace tarn::project
