#pragma once

#include "duck.h"

namespace tarn::sql {

// Registers delta_scan(path [, version := n]), the native scan of Delta tables.
Status register_delta_scan(Engine::Impl& engine);

}  // namespace tarn::sql
