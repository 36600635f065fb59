#pragma once

// What can go wrong with topics and the log, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kNoTopic;
extern const ErrorId kNoPartition;
extern const ErrorId kTopicExists;
extern const ErrorId kLogDamaged;

}  // namespace tarn::errors

namespace tarn::log {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::log
