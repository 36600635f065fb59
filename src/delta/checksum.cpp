#include "tarn/delta/checksum.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "commit_text.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/protocol_gate.h"

namespace tarn::delta {
namespace {

using Json = nlohmann::json;

// An action without the key that names its kind.
template <class A>
std::string bare_json(const A& action) {
    std::string line;
    append_json(line, action);
    const auto from = line.find(':') + 1;
    return line.substr(from, line.size() - from - 2);  // "}\n"
}

template <class Map>
std::string json_array(const Map& actions) {
    std::string out = "[";
    for (const auto& [key, action] : actions)
        out += (out.size() > 1 ? "," : "") + bare_json(action);
    return out + "]";
}

std::map<std::string, std::optional<std::string>> sorted(const StringMap& map) {
    return {map.begin(), map.end()};
}

std::vector<std::string> sorted(std::optional<std::vector<std::string>> names) {
    if (!names) return {};
    std::ranges::sort(*names);
    return *std::move(names);
}

// An action as it would be read from a commit; nothing if it is none.
template <class A>
std::optional<A> action_of(const char* kind, const Json& value) {
    std::optional<A> out;
    const auto line = fmt::format(R"({{"{}":{}}})", kind,
                                  value.dump(-1, ' ', false, Json::error_handler_t::replace));
    const auto read = parse_actions(line, [&](Action&& action) -> Status {
        if (auto* is = std::get_if<A>(&action)) out = std::move(*is);
        return {};
    });
    if (!read) return std::nullopt;
    return out;
}

class Comparison {
  public:
    Comparison(const Json& checksum, const Snapshot& table) : checksum_(checksum), table_(table) {}

    // False: a field is missing or of another type.
    bool run() {
        if (!number("tableSizeBytes", "bytes", int64_t(table_.bytes), true)) return false;
        if (!number("numFiles", "files", int64_t(table_.files.size()), true)) return false;
        if (!number("numMetadata", "metaData actions", 1, true)) return false;
        if (!number("numProtocol", "protocol actions", 1, true)) return false;
        number("numDeletionVectorsOpt", "deletion vectors", table_.vectors, false);
        number("numDeletedRecordsOpt", "deleted rows", table_.deleted_rows, false);
        if (keeps_times(table_.protocol, *table_.metadata))
            number("inCommitTimestampOpt", "as the commit's time", table_.commit_ms, false);
        if (!metadata() || !protocol()) return false;
        list<SetTransaction>("setTransactions", "txn", *table_.transactions,
                             [](const SetTransaction& txn) { return txn.app_id; });
        list<DomainMetadata>("domainMetadata", "domainMetadata", *table_.domains,
                             [](const DomainMetadata& one) { return one.domain; });
        return true;
    }
    std::vector<std::string> differences;

  private:
    const Json* field(const char* name) const {
        const auto at = checksum_.find(name);
        return at == checksum_.end() || at->is_null() ? nullptr : &*at;
    }
    bool number(const char* name, std::string_view what, int64_t is, bool required) {
        const auto* value = field(name);
        if (!value) return !required;
        if (!value->is_number_integer()) return false;
        if (*value != is)
            differences.push_back(
                fmt::format("says {} {}, the log has {}", value->dump(), what, is));
        return true;
    }
    bool metadata() {
        const auto* value = field("metadata");
        const auto said = value ? action_of<Metadata>("metaData", *value) : std::nullopt;
        if (!said) return false;
        const auto& is = *table_.metadata;
        if (said->id != is.id || said->schema != is.schema ||
            said->partition_columns != is.partition_columns ||
            sorted(said->configuration) != sorted(is.configuration))
            differences.emplace_back("has other metadata than the log");
        return true;
    }
    bool protocol() {
        const auto* value = field("protocol");
        const auto said = value ? action_of<Protocol>("protocol", *value) : std::nullopt;
        if (!said) return false;
        const auto& is = table_.protocol;
        if (said->min_reader != is.min_reader || said->min_writer != is.min_writer ||
            sorted(said->reader_features) != sorted(is.reader_features) ||
            sorted(said->writer_features) != sorted(is.writer_features))
            differences.emplace_back("has another protocol than the log");
        return true;
    }
    static bool same(const SetTransaction& a, const SetTransaction& b) {
        return a.version == b.version;
    }
    static bool same(const DomainMetadata& a, const DomainMetadata& b) {
        return a.configuration == b.configuration && a.removed == b.removed;
    }
    template <class A, class Key>
    void list(const char* name, const char* kind, const std::map<std::string, A>& known,
              Key&& key) {
        const auto* values = field(name);
        if (!values || !values->is_array()) return;
        size_t found = 0;
        for (const auto& value : *values) {
            const auto said = action_of<A>(kind, value);
            const auto at = said ? known.find(key(*said)) : known.end();
            found += at != known.end() && same(*said, at->second);
        }
        if (found != values->size() || found != known.size())
            differences.push_back(fmt::format("has other {} than the log", name));
    }

    const Json& checksum_;
    const Snapshot& table_;
};

}  // namespace

std::string checksum_text(const Snapshot& table, std::string_view txn_id) {
    std::string out = R"({"txnId":)";
    append_json_string(out, txn_id);
    out += fmt::format(R"(,"tableSizeBytes":{},"numFiles":{},"numMetadata":1,"numProtocol":1)",
                       table.bytes, table.files.size());
    if (has_reader_feature(table.protocol, "deletionVectors"))
        out += fmt::format(R"(,"numDeletedRecordsOpt":{},"numDeletionVectorsOpt":{})",
                           table.deleted_rows, table.vectors);
    if (keeps_times(table.protocol, *table.metadata))
        out += fmt::format(R"(,"inCommitTimestampOpt":{})", table.commit_ms);
    out += fmt::format(R"(,"setTransactions":{},"domainMetadata":{},"metadata":{},"protocol":{}}})",
                       json_array(*table.transactions), json_array(*table.domains),
                       bare_json(*table.metadata), bare_json(table.protocol));
    return out + "\n";
}

Result<std::vector<std::string>> compare_checksum(std::string_view text, const Snapshot& table) {
    const auto checksum = Json::parse(text, nullptr, false);
    Comparison comparison(checksum, table);
    if (!checksum.is_object() || !comparison.run())
        return fail(errors::kTableDamaged, "not a version checksum of a Delta log");
    return std::move(comparison.differences);
}

}  // namespace tarn::delta
