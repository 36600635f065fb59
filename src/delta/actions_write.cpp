#include <fmt/format.h>

#include "tarn/delta/actions_json.h"

namespace tarn::delta {
namespace {

// Appends "key": with a comma where one is due.
class ObjectWriter {
  public:
    explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
    std::string& key(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        append_json_string(out_, name);
        out_ += ':';
        return out_;
    }
    void text(std::string_view name, std::string_view value) {
        append_json_string(key(name), value);
    }
    void number(std::string_view name, int64_t value) { key(name) += std::to_string(value); }
    void boolean(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
    void maybe(std::string_view name, const std::optional<int64_t>& v) {
        if (v) number(name, *v);
    }
    void maybe(std::string_view name, const std::optional<std::string>& v) {
        if (v) text(name, *v);
    }
    void map(std::string_view name, const StringMap& values) {
        ObjectWriter inner(key(name));
        for (auto& [k, v] : values) {
            if (v)
                inner.text(k, *v);
            else
                inner.key(k) += "null";
        }
        inner.close();
    }
    void list(std::string_view name, const std::vector<std::string>& values) {
        key(name) += '[';
        for (size_t i = 0; i < values.size(); ++i) {
            if (i) out_ += ',';
            append_json_string(out_, values[i]);
        }
        out_ += ']';
    }
    void vector(const std::shared_ptr<const DeletionVector>& dv) {
        if (!dv) return;
        ObjectWriter inner(key("deletionVector"));
        inner.text("storageType", std::string_view(&dv->storage, 1));
        inner.text("pathOrInlineDv", dv->path_or_inline);
        if (dv->offset) inner.number("offset", *dv->offset);
        inner.number("sizeInBytes", dv->size_bytes);
        inner.number("cardinality", dv->cardinality);
        inner.close();
    }
    void close() { out_ += '}'; }

  private:
    std::string& out_;
    bool first_ = true;
};

template <class F>
void line(std::string& out, std::string_view kind, F&& body) {
    ObjectWriter outer(out);
    ObjectWriter inner(outer.key(kind));
    body(inner);
    inner.close();
    outer.close();
    out += '\n';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    size_t plain = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\') {
            out += '\\';
            out += char(c);
        } else if (c == '\n')
            out += "\\n";
        else
            out += fmt::format("\\u{:04x}", c);
    }
    out.append(text, plain, text.size() - plain);
    out += '"';
}

void append_json(std::string& out, const Protocol& a) {
    line(out, "protocol", [&](ObjectWriter& o) {
        o.number("minReaderVersion", a.min_reader);
        o.number("minWriterVersion", a.min_writer);
        if (a.reader_features) o.list("readerFeatures", *a.reader_features);
        if (a.writer_features) o.list("writerFeatures", *a.writer_features);
    });
}

void append_json(std::string& out, const Metadata& a) {
    line(out, "metaData", [&](ObjectWriter& o) {
        o.text("id", a.id);
        o.maybe("name", a.name);
        o.maybe("description", a.description);
        o.key("format") += R"({"provider":"parquet","options":{}})";
        o.text("schemaString", a.schema);
        o.list("partitionColumns", a.partition_columns);
        o.map("configuration", a.configuration);
        o.maybe("createdTime", a.created_ms);
    });
}

void append_json(std::string& out, const AddFile& a) {
    line(out, "add", [&](ObjectWriter& o) {
        o.text("path", a.path);
        o.map("partitionValues", a.partition_values);
        o.number("size", a.size);
        o.number("modificationTime", a.modified_ms);
        o.boolean("dataChange", a.data_change);
        if (!a.stats.empty()) o.text("stats", a.stats);
        if (!a.tags.empty()) o.map("tags", a.tags);
        o.vector(a.deletion_vector);
        o.maybe("baseRowId", a.base_row_id);
        o.maybe("defaultRowCommitVersion", a.default_row_commit_version);
        o.maybe("clusteringProvider", a.clustering_provider);
    });
}

void append_json(std::string& out, const RemoveFile& a) {
    line(out, "remove", [&](ObjectWriter& o) {
        o.text("path", a.path);
        o.maybe("deletionTimestamp", a.deleted_ms);
        o.boolean("dataChange", a.data_change);
        if (a.extended) {
            o.boolean("extendedFileMetadata", true);
            o.map("partitionValues", a.partition_values);
            o.maybe("size", a.size);
        }
        o.vector(a.deletion_vector);
        o.maybe("baseRowId", a.base_row_id);
        o.maybe("defaultRowCommitVersion", a.default_row_commit_version);
    });
}

void append_json(std::string& out, const SetTransaction& a) {
    line(out, "txn", [&](ObjectWriter& o) {
        o.text("appId", a.app_id);
        o.number("version", a.version);
        o.maybe("lastUpdated", a.updated_ms);
    });
}

void append_json(std::string& out, const DomainMetadata& a) {
    line(out, "domainMetadata", [&](ObjectWriter& o) {
        o.text("domain", a.domain);
        o.text("configuration", a.configuration);
        o.boolean("removed", a.removed);
    });
}

void append_json(std::string& out, const ChangeFile& a) {
    line(out, "cdc", [&](ObjectWriter& o) {
        o.text("path", a.path);
        o.map("partitionValues", a.partition_values);
        o.number("size", a.size);
        o.boolean("dataChange", false);
    });
}

void append_json(std::string& out, const CheckpointMetadata& a) {
    line(out, "checkpointMetadata", [&](ObjectWriter& o) { o.number("version", a.version); });
}

void append_json(std::string& out, const Sidecar& a) {
    line(out, "sidecar", [&](ObjectWriter& o) {
        o.text("path", a.path);
        o.number("sizeInBytes", a.size);
        o.number("modificationTime", a.modified_ms);
    });
}

void append_json(std::string& out, const CommitInfo& a) {
    line(out, "commitInfo", [&](ObjectWriter& o) {
        auto pairs = [&](std::string_view name, const auto& values) {
            ObjectWriter inner(o.key(name));
            for (auto& [k, v] : values)
                inner.text(k, v);
            inner.close();
        };
        o.maybe("inCommitTimestamp", a.in_commit_timestamp_ms);
        o.maybe("timestamp", a.timestamp_ms);
        o.text("operation", a.operation);
        pairs("operationParameters", a.parameters);
        o.maybe("readVersion", a.read_version);
        if (!a.isolation.empty()) o.text("isolationLevel", a.isolation);
        if (a.blind_append) o.boolean("isBlindAppend", *a.blind_append);
        pairs("operationMetrics", a.metrics);
        if (!a.tags.empty()) pairs("tags", a.tags);
        if (!a.user_metadata.empty()) o.text("userMetadata", a.user_metadata);
        o.text("engineInfo", a.engine);
        o.text("txnId", a.txn_id);
    });
}

}  // namespace tarn::delta
