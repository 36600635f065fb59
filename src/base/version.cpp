#include "tarn/base/version.h"

namespace tarn {

std::string_view version() { return TARN_VERSION; }

}  // namespace tarn
