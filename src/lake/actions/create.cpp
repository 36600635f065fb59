// CREATE TABLE, also OR REPLACE and AS a query: the table and its first rows are one commit.

#include <algorithm>

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/delta/clustering.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/delta/schema_edit.h"
#include "tarn/lake/create_table.h"

namespace tarn::lake {
namespace {

// A table that is not there yet, as those see it who write its files.
std::shared_ptr<delta::Snapshot> future_table(std::string root, delta::Protocol protocol,
                                              delta::Metadata metadata, delta::Schema schema) {
    auto out = std::make_shared<delta::Snapshot>();
    out->root = std::move(root);
    out->protocol = std::move(protocol);
    out->metadata = std::make_shared<const delta::Metadata>(std::move(metadata));
    out->schema = std::make_shared<const delta::Schema>(std::move(schema));
    out->tombstones = std::make_shared<const std::map<std::string, delta::RemoveFile>>();
    out->transactions = std::make_shared<const std::map<std::string, delta::SetTransaction>>();
    out->domains = std::make_shared<const std::map<std::string, delta::DomainMetadata>>();
    return out;
}

Status check_columns(const CreateRequest& request, const delta::Schema& schema) {
    auto wrong = [&](std::string what) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("table {}: {}", request.table, std::move(what)));
    };
    if (schema.fields.empty()) return wrong("a table needs a column");
    TARN_RETURN_IF_ERROR(delta::check_names(schema));
    for (const auto& name : request.partition_by) {
        const auto* field = schema.find(name);
        if (!field) return wrong("it has no column to partition by: " + name);
        if (!field->type.fields.empty() || field->type.kind == delta::TypeKind::kBinary)
            return wrong(fmt::format("it cannot be partitioned by {}, which is {}", name,
                                     delta::type_name(field->type)));
        if (std::ranges::count(request.partition_by, name) > 1)
            return wrong("it is partitioned twice by " + name);
    }
    if (request.partition_by.size() >= schema.fields.size())
        return wrong("it needs a column beside those it is partitioned by");
    return {};
}

class Create {
  public:
    Create(Lake::Impl& lake, Entry& entry, const CreateRequest& request)
        : lake_(lake), entry_(entry), request_(request) {}

    Result<ChangeOutcome> run() {
        auto there = entry_.table.refresh();
        if (!there && there.error().code() != ErrorCode::kNotFound)
            return fail(std::move(there).error());
        if (there && !request_.or_replace) {
            if (request_.if_not_exists) return ChangeOutcome{.version = (*there)->version};
            return fail(ErrorCode::kAlreadyExists,
                        fmt::format("there is a table {}", request_.table));
        }
        if (there && (*there)->files.size() > 0)
            TARN_RETURN_IF_ERROR(check_rows_may_go(**there, request_.table));
        if (!there) TARN_RETURN_IF_ERROR(lake_.check_new_name(request_.table));
        auto& engine = request_.engine ? *request_.engine : lake_.context.engine;
        TARN_TRY(auto session, engine.session());
        sql::hold_tables(*session);
        auto schema = request_.schema;
        if (!request_.select.empty() && schema.fields.empty()) {
            TARN_TRY(schema, sql::schema_of_query(*session, request_.select));
        }
        TARN_RETURN_IF_ERROR(check_columns(request_, schema));
        for (const auto& [key, value] : request_.properties)
            TARN_RETURN_IF_ERROR(check_property(key, value));
        auto commit = first(schema, there ? &**there : nullptr);
        TARN_RETURN_IF_ERROR(
            delta::name_row_columns(*commit.metadata, [this] { return lake_.new_uuid().str(); }));
        TARN_RETURN_IF_ERROR(delta::check_writable(*commit.protocol, *commit.metadata));
        auto table = future_table(entry_.table.root(), *commit.protocol, *commit.metadata, schema);
        if (table->mapping() != delta::ColumnMapping::kNone) {
            delta::TableEdit edit(*table);
            for (size_t i = 0; i < schema.fields.size(); ++i)
                edit.add_ids(edit.schema.fields[i], [this] { return lake_.new_uuid().str(); });
            edit.finish();
            commit.metadata = edit.metadata;
            table =
                future_table(entry_.table.root(), *commit.protocol, *commit.metadata, edit.schema);
        }
        TARN_RETURN_IF_ERROR(cluster(*table, there ? &**there : nullptr, commit));
        TARN_TRY(const auto rules, row_rules(engine, *table));
        ChangeOutcome outcome;
        if (!request_.select.empty()) {
            TARN_TRY(const auto rows, first_rows(*session, rules, *table));
            TARN_TRY(commit.adds, sql::write_delta_files(*session, sql::typed_select(*table, rows),
                                                         {.snapshot = table,
                                                          .stem = lake_.new_uuid().str(),
                                                          .file_bytes = kFileBytes,
                                                          .time_ms = commit.time.ms()}));
            for (const auto& add : commit.adds)
                outcome.inserted += uint64_t(std::max<int64_t>(0, add.records));
            outcome.written = outcome.inserted;
            outcome.files_added = commit.adds.size();
        }
        commit.info.metrics = {{"numFiles", std::to_string(commit.adds.size())},
                               {"numOutputRows", std::to_string(outcome.inserted)}};
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_create"));
        MutexLock lock(entry_.appending);
        auto made = there ? entry_.table.commit(std::move(commit), **there, lake_.steps())
                          : entry_.table.create(std::move(commit));
        if (!made) return fail(std::move(made).error());
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.after_create"));
        outcome.version = made->version;
        outcome.committed = true;
        lake_.tell(request_.table);
        return outcome;
    }

  private:
    // The query, kept to what the table asks of its rows.
    Result<std::string> first_rows(sql::Session& session, const RowRules& rules,
                                   const delta::Snapshot& table) const {
        if (!rules.any()) return request_.select;
        TARN_TRY(const auto given, sql::schema_of_query(session, request_.select));
        std::vector<std::string> names;
        for (const auto& field : given.fields)
            names.push_back(field.name);
        return rules.kept(table, request_.select, names, sql::Beside::kNothing);
    }
    // What takes the place of a table is clustered as this statement says.
    Status cluster(const delta::Snapshot& table, const delta::Snapshot* there,
                   delta::CommitRequest& commit) const {
        TARN_TRY(const auto columns, delta::check_clustering(table, request_.cluster_by));
        if (!columns.empty())
            commit.protocol = delta::with_clustering(*commit.protocol);
        else if (!there || delta::clustering_columns(*there).empty())
            return {};
        auto schema = *table.schema;
        commit.domains.push_back(delta::clustering_domain(schema, table.mapping(), columns));
        return {};
    }
    // Protocol and metadata; in place of `there` all its files go, and its id and history stay.
    delta::CommitRequest first(const delta::Schema& schema, const delta::Snapshot* there) {
        delta::CommitRequest commit;
        commit.time = lake_.context.clock.now();
        auto& metadata = commit.metadata.emplace();
        metadata.id = there ? there->metadata->id : lake_.new_uuid().str();
        metadata.name = request_.table;
        if (!request_.description.empty()) metadata.description = request_.description;
        metadata.schema = delta::schema_json(schema);
        metadata.partition_columns = request_.partition_by;
        for (const auto& [key, value] : request_.properties)
            metadata.configuration.emplace_back(key, value);
        for (size_t i = 0; i < request_.checks.size(); ++i)
            metadata.configuration.emplace_back(fmt::format("delta.constraints.check_{}", i + 1),
                                                request_.checks[i]);
        metadata.created_ms = commit.time.ms();
        auto protocol = there ? there->protocol : delta::Protocol{};
        if (const auto needed = delta::protocol_of(schema); needed.writer_features)
            for (const auto& feature : *needed.writer_features)
                protocol = delta::with_feature(protocol, feature);
        commit.protocol = delta::with_properties(std::move(protocol), metadata.configuration);
        if (there)
            there->files.each(
                [&](const auto& file) { commit.removes.push_back(removal(*file, commit.time)); });
        const std::string kind = there ? "CREATE OR REPLACE TABLE" : "CREATE TABLE";
        commit.info.operation = request_.select.empty() ? kind : kind + " AS SELECT";
        std::vector<std::string> clustering;
        for (const auto& column : request_.cluster_by)
            clustering.push_back(delta::dotted(column));
        commit.info.parameters = {{"partitionBy", json_list(request_.partition_by)},
                                  {"clusterBy", json_list(clustering)},
                                  {"isManaged", "false"}};
        commit.info.engine = kEngine;
        commit.info.txn_id = lake_.new_uuid().str();
        commit.info.blind_append = !there;
        return commit;
    }

    Lake::Impl& lake_;
    Entry& entry_;
    const CreateRequest& request_;
};

}  // namespace

Result<ChangeOutcome> Lake::create_table(const CreateRequest& request) {
    TARN_TRY(auto entry, impl_->entry(request.table));
    return Create(*impl_, *entry, request).run();
}

}  // namespace tarn::lake
