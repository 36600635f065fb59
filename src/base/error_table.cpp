// The table of all errors a person can meet. Its order is that of ErrorId; texts are Markdown.

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "tarn/base/check.h"
#include "tarn/base/errors.h"

namespace tarn {

namespace {

using Code = ErrorCode;
using Id = ErrorId;

// clang-format off
constexpr auto kTable = std::to_array<ErrorEntry>({
    {Id::kInvalidArgument, "TARN-E0001", Code::kInvalidArgument, "The request is wrong",
     "What was asked cannot be done for anybody, whatever the state of the platform: a name is"
     " malformed, a value is out of bounds, two options exclude each other.",
     "Change the request as the message says."},
    {Id::kNotFound, "TARN-E0002", Code::kNotFound, "It is not there",
     "What was named does not exist: a file, a folder, or something inside the platform.",
     "Check the name and the folder. `tarn topic list`, `tarn table list` and `tarn flow list`"
     " show what there is."},
    {Id::kAlreadyExists, "TARN-E0003", Code::kAlreadyExists, "It is there already",
     "Something of this name exists, and nothing is ever overwritten silently.",
     "Choose another name, or remove what is there first."},
    {Id::kFailedPrecondition, "TARN-E0004", Code::kFailedPrecondition, "Not possible in this state",
     "The request is right, but something has to be done before it.",
     "Do what the message names, then ask again."},
    {Id::kConflict, "TARN-E0005", Code::kConflict, "Someone else was first",
     "Another writer has changed the same thing in the meantime.",
     "Read it again, then decide anew."},
    {Id::kResourceExhausted, "TARN-E0006", Code::kResourceExhausted, "A limit is reached",
     "Memory, disk or a stated limit does not suffice for the request.",
     "Free some, ask for less, or raise the limit that the message names; then try again."},
    {Id::kUnavailable, "TARN-E0007", Code::kUnavailable, "Not available now",
     "Another process did not answer, or a part is starting or stopping. It passes.",
     "Try again in a moment."},
    {Id::kCancelled, "TARN-E0008", Code::kCancelled, "Stopped on request",
     "What ran was stopped before its end: by a person, by the end of the program, or by its "
     "time limit.",
     "Run it again; give it more time or less to do."},
    {Id::kUnsupported, "TARN-E0009", Code::kUnsupported, "This version cannot",
     "Tarn knows what was asked and does not do it (yet).",
     "The message names the feature. The README lists what Tarn does not do yet."},
    {Id::kCorrupted, "TARN-E0010", Code::kCorrupted, "Bytes are not what they must be",
     "Stored or received bytes do not pass their checks. Tarn never guesses around damage.",
     "If the message names a file: check the disk, and restore the file from a backup. If it "
     "names a client: that client sent broken bytes."},
    {Id::kIo, "TARN-E0011", Code::kIo, "The operating system refused",
     "A call to the operating system failed for a reason that has no page of its own here.",
     "The message has the operating system's own words; `tarn doctor` checks what Tarn needs "
     "of the machine."},
    {Id::kInternal, "TARN-E0012", Code::kInternal, "A defect of Tarn",
     "Something happened that must not happen. Your data is as safe as after a crash: what was"
     " acknowledged stays.",
     "Please report it, with the message and the log of the process."},
    {Id::kUsage, "TARN-E0101", Code::kInvalidArgument, "The command line is wrong",
     "A command, option or argument is unknown, missing, or has a value that it cannot have.",
     "`tarn COMMAND --help` shows what a command takes. `tarn completion bash` makes the shell"
     " know it."},
    {Id::kUnknownSetting, "TARN-E0102", Code::kInvalidArgument, "There is no such setting",
     "A `--set`, a `TARN_*` variable of the environment or a key under `settings:` in tarn.yml"
     " names no setting. Settings are never ignored silently.",
     "Use the name that the message proposes; `tarn settings list` and "
     "docs/reference/settings.md show them all. A `TARN_*` variable that is none of Tarn's is "
     "removed with `unset`."},
    {Id::kSettingValue, "TARN-E0103", Code::kInvalidArgument, "A setting cannot have this value",
     "The value does not have the form of the setting's type (a duration such as `5s`, a size "
     "such as `64MB`, a whole number, true or false), or is out of its bounds.",
     "Write it as in the example that docs/reference/settings.md gives. The message says where"
     " the value comes from."},
    {Id::kPortInUse, "TARN-E0201", Code::kFailedPrecondition, "The port is in use",
     "Another program listens on the port that a door of Tarn needs. Often it is an earlier "
     "Tarn that still runs, or another Kafka broker.",
     "Stop that program (the message names it where the system tells), or take another port: "
     "`--kafka-port` and `--http-port`; 0 takes any free one. `tarn demo` steps around ports "
     "in use by itself."},
    {Id::kAddressUnusable, "TARN-E0202", Code::kFailedPrecondition, "Cannot listen on this address",
     "The address of a door is not one of this machine's, or needs rights that the process has"
     " not (ports below 1024).",
     "Use 127.0.0.1 for this machine alone, 0.0.0.0 for every network it is in, or an address "
     "that `ip address` shows."},
    {Id::kDataFolderInUse, "TARN-E0203", Code::kFailedPrecondition, "The data folder is in use",
     "One process at a time works on a data folder; a kernel lock guards it. Another Tarn "
     "holds it, perhaps one that is just ending.",
     "Use the running one (`tarn flow list --data FOLDER` asks it), stop it, or give another "
     "folder with `--data`. The lock goes with its process: there is no file to delete."},
    {Id::kDataFolderNewer, "TARN-E0204", Code::kUnsupported, "The data folder is of a newer version",
     "The folder was written by a newer Tarn than this one. Reading it as the old format would"
     " misread it.",
     "Use that newer version. `tarn --version` says which one this is."},
    {Id::kDataFolderOlder, "TARN-E0205", Code::kFailedPrecondition, "The data folder is of an older version",
     "The folder was written by an older Tarn, in a format that this one does not write.",
     "Use the version that wrote it, or begin with a new folder and replay your events into "
     "it."},
    {Id::kNotADataFolder, "TARN-E0206", Code::kNotFound, "This is no data folder",
     "The folder has no FORMAT file, so no Tarn has written it.",
     "Check `--data`. `tarn up --data FOLDER` makes a new one."},
    {Id::kNotAllowed, "TARN-E0207", Code::kIo, "The operating system does not allow it",
     "The user that Tarn runs as may not read or write the file or folder, or may not do what "
     "it asks of the system.",
     "Give the folder to that user (`chown`), or choose another one with `--data`."},
    {Id::kReadOnlyDisk, "TARN-E0208", Code::kIo, "The file system is read-only",
     "The folder lies on a file system that is mounted without the right to write, by choice "
     "or because the kernel met errors on it.",
     "`mount` and `dmesg` tell which. Use a folder on another disk with `--data`, or mount it "
     "again for writing."},
    {Id::kDiskFull, "TARN-E0209", Code::kResourceExhausted, "The disk is full",
     "No space, or none of a quota, is left where Tarn writes. Nothing acknowledged is lost: "
     "producers are refused until there is space again, and flows wait.",
     "Free space, or shorten the retention of topics (`retention.ms`, `retention.bytes`). "
     "`log.disk_limit` bounds the log; `tarn doctor` shows what is free."},
    {Id::kTooManyFiles, "TARN-E0210", Code::kResourceExhausted, "Too many open files",
     "The process, or the machine, has as many files and connections open as it may.",
     "Raise the limit: `ulimit -n 65536`, or `LimitNOFILE=` of the service. `tarn doctor` "
     "shows it."},
    {Id::kDiskBroken, "TARN-E0211", Code::kIo, "The disk reports an error",
     "The device could not read or write. Retrying would risk data, so Tarn does not.",
     "Look at `dmesg` and the disk's own report (`smartctl`); move the data folder to a sound "
     "disk, then start again."},
    {Id::kMemoryExhausted, "TARN-E0212", Code::kResourceExhausted, "The memory budget is spent",
     "A part needed more than its share of `memory.limit`. Tarn refuses or slows down instead "
     "of being killed.",
     "Raise `--memory`, or the part's own setting; or give it less to do at once: smaller "
     "batches, fewer keys, a query with fewer groups."},
    {Id::kOutputBroken, "TARN-E0213", Code::kIo, "The output could not be written",
     "Standard output, or the file it goes to, took no more: the disk is full, or the program "
     "at the other end of the pipe is gone.",
     "What was printed is not whole: run it again with the output going elsewhere."},
    {Id::kNoProject, "TARN-E0301", Code::kNotFound, "There is no project here",
     "The project's folder has no tarn.yml at its root.",
     "Check `--project`, or write a tarn.yml; scenarios/q01-clickstream is a whole small "
     "project."},
    {Id::kYaml, "TARN-E0302", Code::kInvalidArgument, "The file is not valid YAML",
     "The YAML reader stopped at the line that the message names. Usual causes: tabs, a "
     "missing blank behind a colon, quotes that do not end.",
     "Mend the line."},
    {Id::kUnknownKey, "TARN-E0303", Code::kInvalidArgument, "The project has an unknown key",
     "A key of a project's file is none that Tarn knows at this place. Unknown keys are "
     "refused, for a typing mistake in one would change what the platform does.",
     "Use the key that the message proposes, or remove it."},
    {Id::kProjectValue, "TARN-E0304", Code::kInvalidArgument, "The project is not right",
     "A project's file says something that cannot be: a name that is none, a value out of "
     "bounds, something that does not fit what stands elsewhere.",
     "The message begins with the file and the line; mend that."},
    {Id::kTemplate, "TARN-E0305", Code::kUnsupported, "A template that is not supported",
     "A model has `{{ … }}` or `{% … %}` beyond the one `config(…)` block in front. Tarn does "
     "not run templates.",
     "Write the SQL out."},
    {Id::kModelSql, "TARN-E0306", Code::kInvalidArgument, "A model's SQL is not right",
     "The SQL of a model does not parse, or names a column, type or function that is not "
     "there.",
     "The message has the place. Columns of `stream('topic')` are those of the topic in "
     "tarn.yml, with the types that stand there."},
    {Id::kStreamingSql, "TARN-E0307", Code::kUnsupported, "This SQL cannot run as a stream",
     "A live model is kept up to date batch by batch, and this one has a part for which Tarn "
     "has no way to do that.",
     "The message names the part and what is possible instead. Over a table, plain `tarn sql` "
     "has all of SQL."},
    {Id::kNotRepeatable, "TARN-E0308", Code::kUnsupported, "The SQL gives another result each time",
     "After a crash a flow runs its last epochs again and must get the same rows; a function "
     "such as random() or now() would not.",
     "Use a column of the event instead (its time, its id)."},
    {Id::kNoTopic, "TARN-E0401", Code::kNotFound, "There is no such topic",
     "No topic of this name exists. Kafka clients may have one made by asking for it "
     "(`kafka.auto_create_topics`); commands and the page do not.",
     "`tarn topic list` shows them; `tarn topic create NAME` makes one, or name it under "
     "`topics:` in tarn.yml."},
    {Id::kNoTable, "TARN-E0402", Code::kNotFound, "There is no such table",
     "No table of this name is in the lake. A topic's table appears with its first commit.",
     "`tarn table list` shows them. Write the name with its schema: `bronze.clicks`."},
    {Id::kNoFlow, "TARN-E0403", Code::kNotFound, "There is no such flow",
     "No flow of this name runs. Flows come from the project: a topic with `table:`, or a "
     "model.",
     "`tarn flow list` shows them."},
    {Id::kNoView, "TARN-E0404", Code::kNotFound, "There is no such view",
     "No view of this name is kept. Views come from live models of the project.",
     "GET /api/v1/views and the page list them."},
    {Id::kNoPartition, "TARN-E0405", Code::kNotFound, "The topic has no such partition",
     "Partitions are numbered from 0; the topic has fewer.",
     "`tarn topic describe NAME` shows them."},
    {Id::kNoAddress, "TARN-E0406", Code::kNotFound, "There is nothing at this address",
     "The path of the request is none of Tarn's.",
     "/api/v1/openapi.yaml lists the API; the page is at /."},
    {Id::kTopicExists, "TARN-E0407", Code::kAlreadyExists, "The topic exists already",
     "A topic of this name is there, with its records.",
     "Use it, or choose another name. `tarn topic delete NAME --dry-run` says what deleting it"
     " would take away."},
    {Id::kLogDamaged, "TARN-E0501", Code::kCorrupted, "Acknowledged data is damaged",
     "A file of the log does not hold what was acknowledged into it. A torn end, as a crash "
     "leaves it, is repaired silently; this is not one: the disk, or someone's hand, has "
     "changed it.",
     "Stop, keep the folder as it is, and restore the file that the message names from a "
     "backup. Check the disk."},
    {Id::kLogFenced, "TARN-E0502", Code::kConflict, "A later start has written to the log",
     "The log has data of a start of Tarn after this one: the folder was copied, or put back, "
     "while another process used it.",
     "Make sure that one process alone works on the folder, and start again on the newest "
     "copy."},
    {Id::kLogDiskLimit, "TARN-E0503", Code::kResourceExhausted, "The log has reached its disk limit",
     "All segments together have the size that `log.disk_limit` allows, and none of them can "
     "go: their retention, or a flow that has not read them, holds them.",
     "Raise `log.disk_limit`, shorten the retention of topics, or see to the flow that is "
     "behind: `tarn flow list`."},
    {Id::kRecordsHeld, "TARN-E0504", Code::kFailedPrecondition, "A flow still needs these records",
     "Records that a flow has not read, or may need again after a crash, cannot be deleted.",
     "Let the flow catch up, or resume it if it is paused; `tarn flow why NAME` says why it "
     "does not advance."},
    {Id::kLogNewer, "TARN-E0505", Code::kUnsupported, "The log is of a newer version",
     "A segment was written by a newer Tarn than this one.",
     "Use that newer version."},
    {Id::kSyncFailed, "TARN-E0506", Code::kIo, "A sync to the disk failed",
     "The disk did not confirm that data is stored. What it has of it is unknown then, so the "
     "log takes no more writes; nothing unconfirmed was acknowledged.",
     "Look at `dmesg` and the disk; then start Tarn again, which reads back what is there."},
    {Id::kTableFeature, "TARN-E0601", Code::kUnsupported, "The table uses a feature that Tarn does not know",
     "The Delta protocol names what a program must know to read or write a table, and this "
     "table needs more.",
     "The message names the feature. Turn it off with the tool that turned it on, or use that "
     "tool for this table."},
    {Id::kTableDamaged, "TARN-E0602", Code::kCorrupted, "The table's log is damaged or incomplete",
     "A file of `_delta_log` is missing or does not parse.",
     "Restore the file from a backup. Never delete single files of `_delta_log` by hand."},
    {Id::kTableFenced, "TARN-E0603", Code::kConflict, "Another writer has taken over",
     "The table has a commit of this flow's next epoch that this process did not make: another"
     " process runs the same flow on it.",
     "Find the other process and stop one of them; then restart this one: it reads where the "
     "table stands."},
    {Id::kTableConflict, "TARN-E0604", Code::kConflict, "Another writer changed the table",
     "Someone changed the table's schema, protocol or files between this commit's reading and "
     "its writing.",
     "Tarn's own flows try again by themselves. If it stays, the other writer and Tarn "
     "disagree about the table's schema."},
    {Id::kCommitLost, "TARN-E0605", Code::kUnavailable, "A commit lost to other writers",
     "Other writers were faster many times in a row.",
     "It is tried again. If it stays, let fewer writers commit to this table, or commit less "
     "often."},
    {Id::kTableSchema, "TARN-E0606", Code::kAlreadyExists, "The table exists with another schema",
     "The project states columns for the table that are not those it has.",
     "Put the project back to the table's columns, or write into a table of another name."},
    {Id::kNoTableVersion, "TARN-E0607", Code::kNotFound, "The table has no such version",
     "The version is beyond the newest one, or its log file was cleaned up.",
     "`tarn table history NAME` lists those that are there."},
    {Id::kPositionBeyondLog, "TARN-E0701", Code::kFailedPrecondition, "A flow's position is beyond the log",
     "The flow has read more than the log holds now: the log was put back to an older state "
     "than the flow's sinks. Going on would skip whatever is written at these offsets next, so"
     " the flow stands.",
     "Put log and sinks back together from one backup; or drop the flow's sinks and its state "
     "folder, to build them anew from what the log has."},
    {Id::kPositionBeforeLog, "TARN-E0702", Code::kFailedPrecondition, "Records that a flow had not read are gone",
     "The log begins after the flow's position: retention or somebody deleted records that the"
     " flow still needed. It stands rather than leave a gap silently.",
     "Put the records back from a backup; or drop the flow's sinks and its state folder, to "
     "begin anew from what is there."},
    {Id::kSourceReplaced, "TARN-E0703", Code::kFailedPrecondition, "The source is not the one this flow has read",
     "The topic was deleted and made again under the same name: the flow's offsets mean other "
     "records now.",
     "Drop the flow's sinks and its state folder to begin anew, or give the new topic another "
     "name."},
    {Id::kSourceGone, "TARN-E0704", Code::kFailedPrecondition, "The flow's source is gone",
     "The topic or partition that the flow reads was deleted.",
     "Make it again under another name and name that in the project, or remove the flow from "
     "the project."},
    {Id::kJournalGone, "TARN-E0705", Code::kFailedPrecondition, "A sink has rows, but the flow's journal is gone",
     "The flow's state folder was removed while its table or view was not. Which rows the sink"
     " has cannot be known without it; reading again from the start would write them twice.",
     "Put the state folder back; or drop the sink as well, to build it anew from the log."},
    {Id::kSinkAndJournalDiffer, "TARN-E0706", Code::kFailedPrecondition, "A sink and the flow's journal differ",
     "The table or view stands at an epoch that the flow's journal does not know: one of the "
     "two was put back to another state, or another process has written.",
     "Put both back together from one backup; or drop the sink and the flow's state folder, to"
     " build it anew."},
    {Id::kFlowChanged, "TARN-E0707", Code::kFailedPrecondition, "The flow has changed over existing sinks",
     "The flow's SQL or settings differ from those its sinks were written with. Old and new "
     "results would stand in one table without a mark between them.",
     "Put the model back; or give the changed one another name; or, where its sinks are tables, stop "
     "Tarn and delete their folders `tables/SCHEMA/NAME` and the flow's `state/FLOW` in the data "
     "folder, to build them anew from its source. A view cannot be dropped by itself yet."},
    {Id::kJournalDamaged, "TARN-E0708", Code::kCorrupted, "A flow's journal is damaged",
     "A file of the flow's state folder does not pass its checks, and not as a crash leaves "
     "it.",
     "Restore it from a backup together with the sinks, or drop both to build them anew. Check"
     " the disk."},
    {Id::kJournalNewer, "TARN-E0709", Code::kUnsupported, "A flow's journal is of a newer version",
     "It was written by another version of Tarn than this one.",
     "Use that version."},
    {Id::kTransactions, "TARN-E0710", Code::kUnsupported, "Flows do not read transactions yet",
     "The topic has records that were produced in a Kafka transaction.",
     "Produce to it without transactions."},
    {Id::kFewerPartitions, "TARN-E0711", Code::kInvalidArgument, "A topic cannot have fewer partitions",
     "The project states fewer partitions than the topic has; records lie in those that would "
     "go.",
     "Set `partitions:` to what it has, or more."},
    {Id::kSql, "TARN-E0801", Code::kInvalidArgument, "The SQL is not right",
     "The statement does not parse, or its types do not fit.",
     "The message has the place. The dialect is DuckDB's."},
    {Id::kSqlRefused, "TARN-E0802", Code::kUnsupported, "This SQL is not allowed here",
     "SQL from outside is one SELECT over tables and views: no other statement, no files, "
     "network or settings, no second statement.",
     "Ask with a SELECT. Topics, flows and settings have commands of their own: `tarn --help`."},
    {Id::kSqlTimeout, "TARN-E0803", Code::kCancelled, "The query took too long",
     "It ran into its time limit and was stopped.",
     "Ask for less (a filter on `_ingested_at` or a partition column helps most), or give more"
     " time. A running Tarn has a limit of its own; without one, `tarn sql --timeout 5m` reads"
     " the folder by itself."},
    {Id::kSqlCancelled, "TARN-E0804", Code::kCancelled, "The query was cancelled",
     "Somebody stopped it, or its connection closed.",
     "Run it again."},
    {Id::kSqlBusy, "TARN-E0805", Code::kResourceExhausted, "Too many queries at once",
     "All slots for SQL are taken, and the queue for them is full or did not move in time.",
     "Try again in a moment. Flows are not touched by it: they have an engine of their own."},
    {Id::kSqlMemory, "TARN-E0806", Code::kResourceExhausted, "The query needs too much memory",
     "It went over `sql.memory` although it spilled to disk what it could.",
     "Ask for less at once, or raise `sql.memory` and `--memory`."},
    {Id::kSqlUnknownName, "TARN-E0807", Code::kInvalidArgument, "The SQL names something that is not there",
     "A table, view, column or function of the statement is not known.",
     "The message proposes the nearest name. `tarn table list` shows tables, `tarn sql "
     "\"describe bronze.clicks\"` columns where DESCRIBE is allowed, `tarn table describe "
     "NAME` everywhere."},
    {Id::kSqlEngineFailed, "TARN-E0808", Code::kUnavailable, "The SQL engine has failed",
     "An internal error of the engine for users' SQL. The log, the flows and the tables go on:"
     " they have engines of their own.",
     "Restart Tarn; the log says what happened."},
    {Id::kNotRunning, "TARN-E0901", Code::kNotFound, "No Tarn is running on this data folder",
     "The command needs the process that serves the folder, and there is none.",
     "Start it: `tarn up --project FOLDER --data FOLDER`. If it runs, give its folder with "
     "`--data`."},
    {Id::kNoAnswer, "TARN-E0902", Code::kUnavailable, "The running Tarn did not answer",
     "The process that serves the folder is there, but its HTTP door gave no answer.",
     "Try again in a moment; if it stays, look at the log of that process."},
    {Id::kStarting, "TARN-E0903", Code::kUnavailable, "Tarn is still starting",
     "The process recovers the log and its flows after its last end. It takes seconds.",
     "Try again in a moment."},
    {Id::kChildEnded, "TARN-E0904", Code::kUnavailable, "A process of the demo ended",
     "The server or the producer that `tarn demo` started did not become ready, or ended "
     "before its time.",
     "Its last words stand above the message."},
    {Id::kBrokerUnreachable, "TARN-E0905", Code::kUnavailable, "No Kafka broker answers at this address",
     "The host is not found, refuses, or does not speak Kafka's protocol.",
     "Check the address. The ready line of `tarn up` names that of its Kafka door."},
    {Id::kOtherSite, "TARN-E0906", Code::kFailedPrecondition, "The request comes from another site",
     "A page of another site, or a request for another host name, asked this server. Browsers "
     "would let any page you visit ask it in your name, so it is refused.",
     "Open the page at the address that Tarn prints when it is ready."},
    {Id::kNoSupervisor, "TARN-E0907", Code::kNotFound, "No demo runs here",
     "Crashes on demand belong to `tarn demo`, which has a supervisor that starts the server "
     "again. `tarn up` has none.",
     "Run `tarn demo`."},
    {Id::kUnknownErrorId, "TARN-E0908", Code::kNotFound, "There is no such error id",
     "Ids look like TARN-E0201.",
     "docs/errors/README.md lists them."},
});
// clang-format on

constexpr bool in_order() {
    for (size_t i = 0; i < kTable.size(); ++i)
        if (size_t(kTable[i].id) != i || (i > 0 && kTable[i - 1].text >= kTable[i].text))
            return false;
    return true;
}
static_assert(kTable.size() == size_t(ErrorId::kCount), "each id stands in the table");
static_assert(in_order(), "the table has the order of ErrorId and no number twice");
static_assert(size_t(Id::kInternal) == size_t(Code::kInternal), "each code has its generic id");

}  // namespace

std::span<const ErrorEntry> error_table() { return kTable; }

const ErrorEntry& error_entry(ErrorId id) {
    TARN_CHECK(id < ErrorId::kCount, "an error's id is one of the table");
    return kTable[size_t(id)];
}

ErrorId generic_id(ErrorCode code) { return ErrorId(code); }

std::optional<ErrorId> find_error(std::string_view text) {
    std::string wanted(text);
    for (auto& c : wanted)
        c = char(std::toupper(static_cast<unsigned char>(c)));
    if (!wanted.starts_with("TARN-"))
        wanted.insert(0, wanted.starts_with("E") ? "TARN-" : "TARN-E");
    auto found = std::ranges::find(kTable, std::string_view(wanted), &ErrorEntry::text);
    if (found == kTable.end()) return std::nullopt;
    return found->id;
}

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid_argument";
        case ErrorCode::kNotFound:
            return "not_found";
        case ErrorCode::kAlreadyExists:
            return "already_exists";
        case ErrorCode::kFailedPrecondition:
            return "failed_precondition";
        case ErrorCode::kConflict:
            return "conflict";
        case ErrorCode::kResourceExhausted:
            return "resource_exhausted";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kCancelled:
            return "cancelled";
        case ErrorCode::kUnsupported:
            return "unsupported";
        case ErrorCode::kCorrupted:
            return "corrupted";
        case ErrorCode::kIo:
            return "io";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "internal";
}

}  // namespace tarn
