#pragma once

// The sections of tarn.yml as data: a row says a section's key, what may stand in it, and which
// function takes what was read. The checks, their messages with file, line and nearest known word,
// docs/reference/project.md and the JSON schema for editors follow from the rows. A section of
// another module is a file with a row and a line in the module's capability (cli/capabilities.cpp):
//
//   constexpr Key kAlertKeys[] = {
//       {.name = "after", .form = Form::kDuration, .default_value = "5m", .text = "…"},
//   };
//   Status load(const Values& file, Project& project) {
//       Alerts alerts;
//       for (const auto& [name, values] : file.named("alerts"))
//           alerts.push_back({name, values.duration("after")});
//       project.sections["alerts"] = std::move(alerts);  // for project.section<Alerts>("alerts")
//       return {};
//   }
//   constexpr Section kSection = {
//       .key = {.name = "alerts", .form = Form::kNamed, .text = "…", .keys = kAlertKeys,
//               .one = "alert"},
//       .load = load};

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/project/node.h"

namespace tarn::project {

// How a value is written.
enum class Form : uint8_t {
    kText,
    kInteger,
    kBoolean,
    kDuration,  // 150ms, 5s, 7d
    kBytes,     // 64MB
    kTexts,     // a list of words; in a model's config(…) one text with commas
    kMap,       // keys of its own
    kNamed,     // names that the project gives, each with the keys
    kAny,       // a map that is not looked into
};

// What a text, or a name of kNamed, must be.
struct NameRule {
    std::string_view text;     // as messages begin: "a topic's name is 1 to 249 letters, …"
    std::string_view pattern;  // the same as a regular expression, for editors
    bool (*good)(std::string_view name);
};

struct Key {
    std::string_view name;
    Form form = Form::kText;
    std::string_view default_value = {};  // as it would be written (kTexts: with commas between)
    std::string_view text;                // for the reference page: whole sentences
    std::string_view example = {};
    int64_t min = INT64_MIN, max = INT64_MAX;         // kInteger; kDuration: µs, min alone
    std::string_view word = {};                       // may stand instead of the form: "forever"
    const NameRule* rule = nullptr;                   // kText, kNamed
    std::vector<std::string> (*choices)() = nullptr;  // kText: it must be one of these
    std::span<const Key> keys = {};                   // kMap, kNamed
    std::string_view one = {};       // kNamed: what messages call one of them, as in "topic clicks"
    std::string_view alone = {};     // kMap, kNamed: the key whose value may stand without the map
    std::string_view old_name = {};  // what it was called before: still taken, not beside the new
};

struct NamedValues;

// The values of one map, checked against its keys: what is read here is of the form and within the
// bounds that its row says, so that reading cannot fail. An absent key has its default; without one
// it is an empty text or list, false, or -1, as is the row's word of a number, size or duration. A
// key that has no row, or another form, is a defect (TARN_CHECK). Refers to the tree and the rows
// it was made of.
class Values {
  public:
    // `map` is a kMap or null; `what` is what messages call it ("topic clicks"). Values that may
    // stand alone are put into maps. Errors: kInvalidArgument, for the first key or value that is
    // wrong, with file and line.
    static Result<Values> check(Node& map, std::span<const Key> keys, Place place,
                                std::string what);

    bool has(std::string_view key) const { return find(key) != nullptr; }
    std::string text(std::string_view key) const;  // also of another form: as it is written
    int64_t integer(std::string_view key) const;
    bool boolean(std::string_view key) const;
    Duration duration(std::string_view key) const;
    int64_t bytes(std::string_view key) const;
    std::vector<std::string> texts(std::string_view key) const;
    Values map(std::string_view key) const;
    std::vector<NamedValues> named(std::string_view key) const;
    const Node* node(std::string_view key) const;  // as it stands; null if absent

    // Where the key stands; where the map does, if it is absent.
    Place place(std::string_view key) const;
    Place place() const { return place_; }

  private:
    const Entry* find(std::string_view key) const;
    const Key& row(std::string_view key) const;
    std::string_view scalar(std::string_view key, Form form) const;
    const Node* map_ = nullptr;  // null: every key is absent
    std::span<const Key> keys_;
    Place place_;
};

struct NamedValues {
    std::string name;
    Values values;
};

struct Project;

struct Section {
    Key key;                        // as it stands at the root of tarn.yml
    std::string_view example = {};  // a small tarn.yml that has it
    // Takes what stands in the file, which may lack the section. `file` is only good during the
    // call.
    Status (*load)(const Values& file, Project& project) = nullptr;
    // When every section is loaded, and before models are read: what sections say of each other.
    // May be null.
    Status (*link)(Project& project) = nullptr;
};

// Those of this module.
std::span<const Section> sections();

}  // namespace tarn::project
