#pragma once

// What can go wrong with flows, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kNoFlow;
extern const ErrorId kPositionBeyondLog;
extern const ErrorId kPositionBeforeLog;
extern const ErrorId kSourceGone;
extern const ErrorId kJournalDamaged;
extern const ErrorId kJournalNewer;
extern const ErrorId kInUse;

}  // namespace tarn::errors

namespace tarn::flow {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::flow
