#include "tarn/delta/actions_json.h"

#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <new>

#include "json_strings.h"
#include "tarn/delta/error_ids.h"

namespace tarn::delta {
namespace {

namespace od = simdjson::ondemand;

// simdjson's exceptions stop in parse_actions and stats_records.
bool absent(od::value& v) { return v.is_null(); }

// Any value as text: strings undone, everything else as it stands.
std::string any_text(od::value v) {
    switch (od::json_type(v.type())) {
        case od::json_type::string:
            return text_of(v);
        case od::json_type::object: {
            od::object object = v.get_object();
            return std::string(std::string_view(object.raw_json()));
        }
        case od::json_type::array: {
            od::array array = v.get_array();
            return std::string(std::string_view(array.raw_json()));
        }
        default: {
            std::string_view token = v.raw_json_token();
            while (!token.empty() && (token.back() == ' ' || token.back() == '\n'))
                token.remove_suffix(1);
            v.is_null();  // consumes nulls; the others are skipped with their object
            return std::string(token);
        }
    }
}

StringMap map_of(od::value v) {
    StringMap out;
    for (auto field : v.get_object()) {
        std::string key = text_of(od::raw_json_string(field.key()));
        od::value value = field.value();
        if (absent(value))
            out.emplace_back(std::move(key), std::nullopt);
        else
            out.emplace_back(std::move(key), any_text(value));
    }
    return out;
}

std::vector<std::string> list_of(od::value v) {
    std::vector<std::string> out;
    for (auto item : v.get_array())
        out.push_back(text_of(item.value()));
    return out;
}

// Calls f(key, value) for every field that is not null.
template <class F>
void fields(od::value v, F&& f) {
    for (auto field : v.get_object()) {
        const std::string key = text_of(od::raw_json_string(field.key()));
        od::value value = field.value();
        if (!absent(value)) f(key, value);
    }
}

std::shared_ptr<const DeletionVector> vector_of(od::value v) {
    auto out = std::make_shared<DeletionVector>();
    fields(v, [&](std::string_view k, od::value& x) {
        if (k == "storageType")
            out->storage = text_of(x).at(0);
        else if (k == "pathOrInlineDv")
            out->path_or_inline = text_of(x);
        else if (k == "offset")
            out->offset = int32_t(int64_t(x.get_int64()));
        else if (k == "sizeInBytes")
            out->size_bytes = int32_t(int64_t(x.get_int64()));
        else if (k == "cardinality")
            out->cardinality = x.get_int64();
    });
    return out;
}

Action add_of(od::value v) {
    AddFile out;
    std::string parsed;
    fields(v, [&](std::string_view k, od::value& x) {
        if (k == "path")
            out.path = text_of(x);
        else if (k == "partitionValues")
            out.partition_values = map_of(x);
        else if (k == "size")
            out.size = x.get_int64();
        else if (k == "modificationTime")
            out.modified_ms = x.get_int64();
        else if (k == "dataChange")
            out.data_change = x.get_bool();
        else if (k == "stats")
            out.stats = text_of(x);
        else if (k == "tags")
            out.tags = map_of(x);
        else if (k == "deletionVector")
            out.deletion_vector = vector_of(x);
        else if (k == "baseRowId")
            out.base_row_id = x.get_int64();
        else if (k == "defaultRowCommitVersion")
            out.default_row_commit_version = x.get_int64();
        else if (k == "clusteringProvider")
            out.clustering_provider = text_of(x);
        else if (k == "stats_parsed")
            parsed = any_text(x);
    });
    if (out.stats.empty())
        out.stats = std::move(parsed);  // a checkpoint with statistics as a struct only
    out.records = stats_records(out.stats);
    return out;
}

Action remove_of(od::value v) {
    RemoveFile out;
    fields(v, [&](std::string_view k, od::value& x) {
        if (k == "path")
            out.path = text_of(x);
        else if (k == "deletionTimestamp")
            out.deleted_ms = x.get_int64();
        else if (k == "dataChange")
            out.data_change = x.get_bool();
        else if (k == "extendedFileMetadata")
            out.extended = x.get_bool();
        else if (k == "partitionValues")
            out.partition_values = map_of(x);
        else if (k == "size")
            out.size = x.get_int64();
        else if (k == "deletionVector")
            out.deletion_vector = vector_of(x);
        else if (k == "baseRowId")
            out.base_row_id = x.get_int64();
        else if (k == "defaultRowCommitVersion")
            out.default_row_commit_version = x.get_int64();
    });
    return out;
}

Action metadata_of(od::value v) {
    Metadata out;
    fields(v, [&](std::string_view k, od::value& x) {
        if (k == "id")
            out.id = text_of(x);
        else if (k == "name")
            out.name = text_of(x);
        else if (k == "description")
            out.description = text_of(x);
        else if (k == "schemaString")
            out.schema = text_of(x);
        else if (k == "partitionColumns")
            out.partition_columns = list_of(x);
        else if (k == "configuration")
            out.configuration = map_of(x);
        else if (k == "createdTime")
            out.created_ms = x.get_int64();
        else if (k == "format")
            fields(x, [&](std::string_view name, od::value& y) {
                if (name == "provider") out.format_provider = text_of(y);
            });
    });
    return out;
}

Action protocol_of(od::value v) {
    Protocol out;
    fields(v, [&](std::string_view k, od::value& x) {
        if (k == "minReaderVersion")
            out.min_reader = int32_t(int64_t(x.get_int64()));
        else if (k == "minWriterVersion")
            out.min_writer = int32_t(int64_t(x.get_int64()));
        else if (k == "readerFeatures")
            out.reader_features = list_of(x);
        else if (k == "writerFeatures")
            out.writer_features = list_of(x);
    });
    return out;
}

Action commit_info_of(od::value v) {
    CommitInfo out;
    auto pairs = [](od::value& x, auto& to) {
        if (od::json_type(x.type()) != od::json_type::object) return;
        for (auto field : x.get_object()) {
            std::string key = text_of(od::raw_json_string(field.key()));
            to.emplace_back(std::move(key), any_text(field.value()));
        }
    };
    auto integer = [](od::value& x) -> std::optional<int64_t> {
        int64_t n = 0;
        if (x.get_int64().get(n)) return std::nullopt;
        return n;
    };
    fields(v, [&](std::string_view k, od::value& x) {
        // Free-form for the protocol: what has an unexpected type is left out, never an error.
        if (k == "timestamp")
            out.timestamp_ms = integer(x);
        else if (k == "inCommitTimestamp")
            out.in_commit_timestamp_ms = integer(x);
        else if (k == "readVersion")
            out.read_version = integer(x);
        else if (k == "operation")
            out.operation = any_text(x);
        else if (k == "engineInfo")
            out.engine = any_text(x);
        else if (k == "txnId")
            out.txn_id = any_text(x);
        else if (k == "isolationLevel")
            out.isolation = any_text(x);
        else if (k == "isBlindAppend") {
            bool b;
            if (!x.get_bool().get(b)) out.blind_append = b;
        } else if (k == "userMetadata")
            out.user_metadata = any_text(x);
        else if (k == "operationParameters")
            pairs(x, out.parameters);
        else if (k == "operationMetrics")
            pairs(x, out.metrics);
        else if (k == "tags")
            pairs(x, out.tags);
    });
    return out;
}

Action transaction_of(od::value v) {
    SetTransaction out;
    fields(v, [&](std::string_view k, od::value& x) {
        if (k == "appId")
            out.app_id = text_of(x);
        else if (k == "version")
            out.version = x.get_int64();
        else if (k == "lastUpdated")
            out.updated_ms = x.get_int64();
    });
    return out;
}

Action domain_of(od::value v) {
    DomainMetadata out;
    fields(v, [&](std::string_view k, od::value& x) {
        if (k == "domain")
            out.domain = text_of(x);
        else if (k == "configuration")
            out.configuration = text_of(x);
        else if (k == "removed")
            out.removed = x.get_bool();
    });
    return out;
}

std::optional<Action> action_of(std::string_view kind, od::value v) {
    if (kind == "add") return add_of(v);
    if (kind == "remove") return remove_of(v);
    if (kind == "commitInfo") return commit_info_of(v);
    if (kind == "txn") return transaction_of(v);
    if (kind == "metaData") return metadata_of(v);
    if (kind == "protocol") return protocol_of(v);
    if (kind == "domainMetadata") return domain_of(v);
    if (kind == "cdc") {
        ChangeFile out;
        fields(v, [&](std::string_view k, od::value& x) {
            if (k == "path")
                out.path = text_of(x);
            else if (k == "partitionValues")
                out.partition_values = map_of(x);
            else if (k == "size")
                out.size = x.get_int64();
        });
        return out;
    }
    if (kind == "checkpointMetadata") {
        CheckpointMetadata out;
        fields(v, [&](std::string_view k, od::value& x) {
            if (k == "version") out.version = x.get_int64();
        });
        return out;
    }
    if (kind == "sidecar") {
        Sidecar out;
        fields(v, [&](std::string_view k, od::value& x) {
            if (k == "path")
                out.path = text_of(x);
            else if (k == "sizeInBytes")
                out.size = x.get_int64();
            else if (k == "modificationTime")
                out.modified_ms = x.get_int64();
        });
        return out;
    }
    return std::nullopt;
}

void parse_line(od::parser& parser, simdjson::padded_string_view line, std::vector<Action>& out) {
    od::document doc = parser.iterate(line);
    for (auto field : doc.get_object()) {
        std::string kind = text_of(od::raw_json_string(field.key()));
        od::value value = field.value();
        if (absent(value)) continue;
        if (auto action = action_of(kind, value)) out.push_back(std::move(*action));
    }
}

// simdjson allocates without exceptions and says so in an error of its own.
bool is_memory(const simdjson::simdjson_error& error) {
    return error.error() == simdjson::MEMALLOC;
}

std::unexpected<Error> not_an_action(int64_t line, std::string_view what) {
    return fail(errors::kTableDamaged, "not an action of a Delta log: line " +
                                           std::to_string(line) + ": " + std::string(what));
}

}  // namespace

Status parse_actions(std::string_view text, const std::function<Status(Action&&)>& each) {
    od::parser parser;
    std::string padded;  // a line and the padding simdjson needs
    std::vector<Action> actions;
    int64_t number = 0;
    while (!text.empty()) {
        size_t end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        ++number;
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        padded.assign(line);
        padded.append(simdjson::SIMDJSON_PADDING, ' ');
        actions.clear();
        try {
            parse_line(parser,
                       simdjson::padded_string_view(padded.data(), line.size(), padded.size()),
                       actions);
        } catch (const std::bad_alloc&) {
            throw;  // says nothing of the log
        } catch (const simdjson::simdjson_error& e) {
            if (is_memory(e)) throw std::bad_alloc();
            return not_an_action(number, e.what());
        } catch (const std::exception& e) {
            return not_an_action(number, e.what());
        }
        for (auto& action : actions)
            TARN_RETURN_IF_ERROR(each(std::move(action)));
    }
    return {};
}

int64_t stats_records(std::string_view stats) {
    constexpr std::string_view kFirst = R"({"numRecords":)";
    if (stats.starts_with(kFirst)) {
        int64_t n = -1;
        auto rest = stats.substr(kFirst.size());
        auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
        if (error == std::errc() && end != rest.data() + rest.size() &&
            (*end == ',' || *end == '}'))
            return n;
    }
    if (stats.empty()) return -1;
    try {
        od::parser parser;
        simdjson::padded_string padded(stats);
        od::document doc = parser.iterate(padded);
        int64_t n = -1;
        if (doc["numRecords"].get_int64().get(n)) return -1;
        return n;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const simdjson::simdjson_error& e) {
        if (is_memory(e)) throw std::bad_alloc();
        return -1;
    } catch (const std::exception&) {
        return -1;  // statistics that cannot be read are as good as none
    }
}

}  // namespace tarn::delta
