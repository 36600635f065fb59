#pragma once

// Whether a live file of a table is what the log says of it: shared by validate, which says what is
// wrong, and repair, which says what it leaves.

#include <functional>
#include <memory>
#include <string>

#include "tarn/delta/snapshot.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/engine.h"

namespace tarn::lake {

struct CheckedFile {
    int64_t rows = 0;  // live ones
    bool vector = false;
};
// Opens the file and its deletion vector and reads all rows. `say` gets each thing that does not
// hold, in whole words. Errors: a file that cannot be read (that is a thing that is wrong, too);
// kResourceExhausted and kCancelled, which say nothing of the file.
Result<CheckedFile> check_file(io::FileSystem& fs, sql::Session& session,
                               const std::shared_ptr<const delta::Snapshot>& table,
                               const delta::AddFile& file,
                               const std::function<void(std::string what)>& say);

// Whether an error of check_file() says something of the file.
bool tells_of_the_file(const Error& error);

}  // namespace tarn::lake
