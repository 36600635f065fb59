#include "sections/list.h"

namespace tarn::project {

std::span<const Section> sections() {
    static const Section kAll[] = {
        kNameSection,
        kTopicsSection,
        kSettingsSection,
    };
    return kAll;
}

}  // namespace tarn::project
