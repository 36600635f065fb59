#include "delta_scan.h"

namespace tarn::sql {

Status register_delta_scan(Engine::Impl&) { return {}; }

}  // namespace tarn::sql
