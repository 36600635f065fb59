#pragma once

// What can go wrong with the processes of a demo, by id; the texts stand in
// error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kChildEnded, kNoSupervisor;

}  // namespace tarn::errors

namespace tarn::demo {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::demo
