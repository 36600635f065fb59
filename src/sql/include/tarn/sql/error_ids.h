#pragma once

// What can go wrong with SQL, by id; the texts stand in error_ids.cpp.

#include "tarn/base/errors.h"

namespace tarn::errors {

extern const ErrorId kModelSql;
extern const ErrorId kStreamingSql;
extern const ErrorId kSql;
extern const ErrorId kSqlRefused;
extern const ErrorId kSqlTimeout;
extern const ErrorId kSqlCancelled;
extern const ErrorId kSqlUnknownName;
extern const ErrorId kSqlEngineFailed;
extern const ErrorId kSqlValue;
extern const ErrorId kSqlRow;
extern const ErrorId kSqlMemory;

}  // namespace tarn::errors

namespace tarn::sql {

// All of them, for the list of what there is.
ErrorList error_list();

}  // namespace tarn::sql
