// What can go wrong with writing to tables. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/lake/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kTableFenced{603, Code::kConflict,
    "Another writer has taken over",
    "The table has a commit of this flow's next batch that this process did not make: another "
    "process runs the same flow on it.",
    "Find the other process and stop one of them; then restart this one: it reads where the "
    "table stands."};

extern constinit const ErrorId kTableSchema{606, Code::kAlreadyExists,
    "The table exists with another schema",
    "The project states columns for the table that are not those it has.",
    "A flow that has written it before: `tarn flow rebuild NAME` builds it anew beside what "
    "stands. One that is new: write into a table of another name, or drop the one that is there "
    "(`tarn table drop NAME --yes`). Or put the project back to the table's columns."};

extern constinit const ErrorId kMergeAmbiguous{608, Code::kInvalidArgument,
    "Several rows of a MERGE's source would change the same row",
    "A row of the table matches more than one row of the source for which a clause updates or "
    "deletes it, and nothing says which of them is to win.",
    "Give the source one row a key: `SELECT * FROM s QUALIFY row_number() OVER (PARTITION BY key "
    "ORDER BY at DESC) = 1`. Rows that are equal in all columns count too."};

extern constinit const ErrorId kRetentionShort{613, Code::kInvalidArgument,
    "A VACUUM would remove what the table promises to keep",
    "Files that were removed less than `delta.deletedFileRetentionDuration` ago (7 days where the "
    "table does not say) are what older versions, running queries and clones elsewhere read, and "
    "files that young may belong to a commit that is under way.",
    "Ask for a longer retention. Where nobody reads older versions and nobody writes meanwhile, "
    "`--force` removes them all the same."};

extern constinit const ErrorId kVacuumLite{614, Code::kFailedPrecondition,
    "A lite VACUUM would miss files",
    "It goes by the log alone, and the part of the log that says what was removed since the last "
    "VACUUM is cleaned up.",
    "Run a full one, which looks at the disk: without `--lite`."};

extern constinit const ErrorId kTableFilesGone{615, Code::kFailedPrecondition,
    "Files of an older version are gone",
    "A version of the table cannot be brought back whole: a VACUUM, or someone else, has removed "
    "files that it had.",
    "Restore a younger version (`tarn table history NAME` lists them), or what is left of this one "
    "with `--ignore-missing`: the rows of the missing files are lost then."};

extern constinit const ErrorId kNotDropped{616, Code::kNotFound,
    "No such table was dropped",
    "A table is brought back by the name that it had, until the time for which dropped tables are "
    "kept (`lake.keep_dropped`, 7 days) is over; then its files go. `--purge` removes them at "
    "once.",
    "`tarn table list --dropped` shows what can be brought back, and until when."};

extern constinit const ErrorId kUndropNameTaken{617, Code::kAlreadyExists,
    "A dropped table's name is taken",
    "A table of the same name was made since the drop, and the one that was dropped does not take "
    "its place.",
    "Take another name for it, as the message says (`tarn table undrop s.t --as s.t2`), or drop "
    "the one that is there first: then name the older drop by its id (`--id`, of `tarn table list "
    "--dropped`)."};

extern constinit const ErrorId kTableNameTaken{618, Code::kInvalidArgument,
    "SQL has tables of its own by this name",
    "In the schemas `system`, `information_schema` and `pg_catalog`, and in `main` by names that "
    "begin with `duckdb_`, `sqlite_` or `pragma_`, SQL finds its own tables first: one of the lake "
    "would be there, and nobody could read it.",
    "Take another schema."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kTableFenced,    &kTableSchema, &kMergeAmbiguous,  &kRetentionShort, &kVacuumLite,
    &kTableFilesGone, &kNotDropped,  &kUndropNameTaken, &kTableNameTaken,
};

}  // namespace tarn::errors

namespace tarn::lake {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::lake
