// What can go wrong with the data folder. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/io/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kDataFolderInUse{203, Code::kFailedPrecondition,
    "The data folder is in use",
    "One process at a time works on a data folder; a kernel lock guards it. Another Tarn holds "
    "it, perhaps one that is just ending.",
    "Use the running one (`tarn flow list --data FOLDER` asks it), stop it, or give another "
    "folder with `--data`. The lock goes with its process: there is no file to delete."};

extern constinit const ErrorId kDataFolderNewer{204, Code::kUnsupported,
    "The data folder is of a newer version",
    "The folder was written by a newer Tarn than this one. Reading it as the old format would "
    "misread it.",
    "Use that newer version. `tarn --version` says which one this is."};

extern constinit const ErrorId kDataFolderOlder{205, Code::kFailedPrecondition,
    "The data folder is of an older version",
    "The folder was written by an older Tarn, in a format that this one does not write.",
    "Use the version that wrote it, or begin with a new folder and replay your events into it."};

extern constinit const ErrorId kNotADataFolder{206, Code::kNotFound,
    "This is no data folder",
    "The folder has no FORMAT file, so no Tarn has written it.",
    "Check `--data`. `tarn up --data FOLDER` makes a new one."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kDataFolderInUse,
    &kDataFolderNewer,
    &kDataFolderOlder,
    &kNotADataFolder,
};

}  // namespace tarn::errors

namespace tarn::io {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::io
