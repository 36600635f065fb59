#pragma once

// What a flow's results depend on, kept beside its journal, so that a change of the project can be
// told from what it is: comments are free, a new nullable column goes on, another key does not.
//
// <state>/<flow>/definition.json, replaced as a whole:
//
//   {"version": 1, "generation": text, "text": hash of the model's file as written,
//    "strategy": text, "sql": normalized, "input": columns, "output": columns,
//    "settings": {name: text}, "since": {sink: batch}}
//   columns: [{"name": text, "type": text, "required": bool, "form": text}]
//
// `generation` is what its sinks know the flow by. It is given when the flow begins or is rebuilt,
// and stays when the definition changes and the flow goes on. A flow of a version before has no
// such file: its generation is a hash of all that it was, and must be equal.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"
#include "tarn/flow/change.h"
#include "tarn/io/file_system.h"

namespace tarn::flow {

struct DefinedColumn {
    std::string name, type;
    bool required = false;
    std::string form = {};  // of times in a topic: how they are written
    friend bool operator==(const DefinedColumn&, const DefinedColumn&) = default;
};

struct Definition {
    std::string generation = {}, text = {}, strategy = {}, sql = {};
    std::vector<DefinedColumn> input = {}, output = {};
    std::map<std::string, std::string> settings = {};
    // Sinks that came later, by node id: the batch after which each begins.
    std::map<std::string, int64_t> since = {};
    friend bool operator==(const Definition&, const Definition&) = default;
};

std::vector<DefinedColumn> defined(const std::vector<codec::ColumnSpec>& columns);

// SQL without comments and formatting: one blank between its words and signs, lower case outside
// of quotes.
std::string normalized_sql(std::string_view sql);

// What differs, the gravest first; empty: nothing.
std::vector<Change> compare(const Definition& before, const Definition& now);
Effect gravest(const std::vector<Change>& changes);
// Adds what sinks have that is not as the flow would write it, where that is graver than what is
// known. `strategy`: some keep state of what they wrote, which does not widen with the table.
void add_sink_changes(std::vector<Change> of_sinks, std::string_view strategy,
                      std::vector<Change>& changes);
// "a; b; c" of those of this effect.
std::string text_of(const std::vector<Change>& changes, Effect effect);

// A file beside it: the flow is paused.
inline constexpr const char* kPausedMark = "/paused";

// Nothing if there is none. Errors: kCorrupted, kIo.
Result<std::optional<Definition>> read_definition(io::FileSystem& fs, const std::string& folder);
Status write_definition(io::FileSystem& fs, const std::string& folder,
                        const Definition& definition);

}  // namespace tarn::flow
