// ALTER TABLE: columns that come, go, get another name, a wider type or a comment, and properties.
// No data file is written anew.

#include <algorithm>

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/base/names.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/delta/schema_edit.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

using sql::AlterStatement;
using sql::AlterThen;

constexpr std::string_view kWidening = "delta.enableTypeWidening";

class Alter {
  public:
    Alter(Lake::Impl& lake, Entry& entry, const sql::TableStatement& statement, sql::Engine& engine)
        : lake_(lake),
          entry_(entry),
          statement_(statement),
          alter_(statement.alter),
          engine_(engine) {}

    Result<ChangeOutcome> run() {
        TARN_TRY(const auto there, lake_.snapshot(statement_.table));
        TARN_RETURN_IF_ERROR(delta::check_writable(there->protocol, *there->metadata));
        ChangeOutcome outcome{.version = there->version};
        edit_.emplace(*there);
        column_ = spelled(edit_->schema, alter_.column);
        TARN_TRY(const auto changed, change(*there));
        if (!changed) return outcome;
        edit_->finish();
        TARN_RETURN_IF_ERROR(check(*there));
        delta::CommitRequest commit;
        commit.time = lake_.context.clock.now();
        commit.adds = std::move(numbered_);
        commit.metadata = std::move(edit_->metadata);
        commit.protocol = std::move(edit_->protocol);
        commit.info.operation = operation_;
        commit.info.parameters = std::move(parameters_);
        commit.info.engine = kEngine;
        commit.info.txn_id = lake_.new_uuid().str();
        commit.info.blind_append = false;
        // A rule for rows that stand was tested on those of this version.
        commit.reads = tests_rows_ ? delta::Reads{delta::Isolation::kSerializable, nullptr}
                                   : delta::Reads::nothing();
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_evolve"));
        MutexLock lock(entry_.appending);
        TARN_TRY(auto made, entry_.table.commit(std::move(commit), *there, lake_.steps()));
        outcome.version = made.version;
        outcome.committed = true;
        lake_.tell(statement_.table);
        return outcome;
    }

  private:
    std::unexpected<Error> wrong(std::string what) const {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("table {}: {}", statement_.table, std::move(what)));
    }
    delta::Field* find(const std::string& name) {
        auto at = std::ranges::find_if(edit_->schema.fields, [&](const auto& field) {
            return same_but_case(field.name, name);
        });
        return at == edit_->schema.fields.end() ? nullptr : &*at;
    }
    bool is_partition(const std::string& name) const {
        return std::ranges::find(edit_->metadata.partition_columns, name) !=
               edit_->metadata.partition_columns.end();
    }
    void says(std::string operation, std::vector<std::pair<std::string, std::string>> parameters) {
        operation_ = std::move(operation);
        parameters_ = std::move(parameters);
    }

    // False: it is so already.
    Result<bool> change(const delta::Snapshot& there) {
        if (alter_.then == AlterThen::kAddColumn) return add();
        if (alter_.then == AlterThen::kSetProperties) return set_properties(there);
        if (alter_.then == AlterThen::kAddCheck) return add_check(there);
        if (alter_.then == AlterThen::kDropCheck) return drop_check();
        if (alter_.then == AlterThen::kSetComment && alter_.column.empty()) {
            edit_->metadata.description = alter_.text;
            says("SET COMMENT", {});
            return true;
        }
        auto* field = find(column_);
        if (!field && alter_.if_exists) return false;
        if (!field) return wrong("it has no column " + column_);
        says("CHANGE COLUMN", {{"column", column_}});
        switch (alter_.then) {
            case AlterThen::kDropColumn:
                return drop();
            case AlterThen::kRenameColumn:
                return rename();
            case AlterThen::kSetType:
                return set_type(*field);
            case AlterThen::kSetRequired:
                return set_required(*field, there);
            case AlterThen::kDropRequired:
                field->nullable = true;
                return true;
            default:
                delta::set_comment(*field, alter_.text);
                return true;
        }
    }

    Result<bool> add() {
        if (find(alter_.column)) {
            if (alter_.if_not_exists) return false;
            return wrong("it has a column " + alter_.column);
        }
        delta::Field field;
        field.name = alter_.column;
        field.type = alter_.type;
        edit_->add_ids(field, [this] { return lake_.new_uuid().str(); });
        edit_->schema.fields.push_back(std::move(field));
        says("ADD COLUMNS", {{"columns", json_list({alter_.column})}});
        return true;
    }
    Result<bool> drop() {
        if (is_partition(column_)) return wrong("it is partitioned by " + column_);
        if (edit_->schema.fields.size() <= edit_->metadata.partition_columns.size() + 1)
            return wrong("the last column of its files stays");
        edit_->map_columns();
        std::erase_if(edit_->schema.fields,
                      [&](const auto& field) { return field.name == column_; });
        says("DROP COLUMNS", {{"columns", json_list({column_})}});
        return true;
    }
    Result<bool> rename() {
        if (alter_.name == column_) return false;
        if (find(alter_.name) && !same_but_case(alter_.name, column_))
            return wrong("it has a column " + alter_.name);
        edit_->map_columns();
        find(column_)->name = alter_.name;
        std::ranges::replace(edit_->metadata.partition_columns, column_, alter_.name);
        says("RENAME COLUMN", {{"oldColumnPath", column_}, {"newColumnPath", alter_.name}});
        return true;
    }
    Result<bool> set_type(delta::Field& field) {
        if (field.type == alter_.type) return false;
        if (!delta::can_widen(field.type, alter_.type))
            return wrong(fmt::format("column {} is {}, and not each of its values is one of {}",
                                     field.name, delta::type_name(field.type),
                                     delta::type_name(alter_.type)));
        auto& configuration = edit_->metadata.configuration;
        std::erase_if(configuration, [](const auto& one) { return one.first == kWidening; });
        configuration.emplace_back(std::string(kWidening), "true");
        delta::widen(field, alter_.type);
        return true;
    }
    Result<bool> set_required(delta::Field& field, const delta::Snapshot& there) {
        if (!field.nullable) return false;
        TARN_TRY(const auto count, rows_where(there, sql::quoted_name(field.name) + " IS NULL"));
        if (count > 0) return wrong(fmt::format("column {} is NULL in {} rows", field.name, count));
        field.nullable = false;
        tests_rows_ = true;
        return true;
    }
    Result<int64_t> rows_where(const delta::Snapshot& there, const std::string& condition) {
        TARN_TRY(auto session, lake_.context.engine.session());
        const sql::GivenFiles given(
            *session, {std::make_shared<const delta::Snapshot>(there), there.files.all()});
        TARN_TRY(auto found, session->query_columns(fmt::format("SELECT count(*) FROM {} WHERE {}",
                                                                given.text(), condition)));
        return found.columns[0].values<int64_t>()[0];
    }
    // What the table will be.
    delta::Snapshot altered(const delta::Snapshot& there) const {
        auto out = there;
        out.metadata = std::make_shared<const delta::Metadata>(edit_->metadata);
        out.schema = std::make_shared<const delta::Schema>(edit_->schema);
        return out;
    }
    std::string check_key() const { return "delta.constraints." + alter_.name; }
    Result<bool> add_check(const delta::Snapshot& there) {
        if (delta::find(edit_->metadata.configuration, check_key()))
            return wrong("it has a constraint " + alter_.name);
        edit_->metadata.configuration.emplace_back(check_key(), alter_.text);
        TARN_TRY(const auto rules, row_rules(engine_, altered(there)));
        TARN_TRY(const auto count,
                 rows_where(there, fmt::format("CASE WHEN ({}) THEN false ELSE true END",
                                               rules.checks.back().sql)));
        if (count > 0) return wrong(fmt::format("{} rows do not hold to {}", count, alter_.text));
        tests_rows_ = true;
        says("ADD CONSTRAINT", {{"name", alter_.name}, {"expr", alter_.text}});
        return true;
    }
    Result<bool> drop_check() {
        const auto gone = std::erase_if(edit_->metadata.configuration,
                                        [&](const auto& one) { return one.first == check_key(); });
        if (gone == 0 && alter_.if_exists) return false;
        if (gone == 0) return wrong("it has no constraint " + alter_.name);
        says("DROP CONSTRAINT", {{"name", alter_.name}});
        return true;
    }
    // Rows that are there get ids as those that come do: their files are named once more.
    Status number_all(const delta::Snapshot& there) {
        for (const auto& file : there.files.all()) {
            if (file->base_row_id && file->default_row_commit_version) continue;
            if (file->records < 0)
                return fail(errors::kTableFeature,
                            fmt::format("this version of Tarn does not set {} where a file's rows "
                                        "are not counted in the log: {}",
                                        delta::kEnableRowTracking, file->path));
            auto& add = numbered_.emplace_back(*file);
            add.base_row_id = add.default_row_commit_version = std::nullopt;
            add.data_change = false;
        }
        tests_rows_ = true;  // none may come without
        return {};
    }
    Result<bool> set_properties(const delta::Snapshot& there) {
        auto& configuration = edit_->metadata.configuration;
        const auto before = configuration;
        for (const auto& [key, value] : statement_.properties) {
            TARN_RETURN_IF_ERROR(check_property(key, value));
            if (key.starts_with("delta.columnMapping."))
                return wrong("property " + key + " is not set by hand: a rename maps columns");
            std::erase_if(configuration, [&](const auto& one) { return one.first == key; });
            if (!value.empty()) configuration.emplace_back(key, value);
        }
        if (configuration == before) return false;
        TARN_RETURN_IF_ERROR(
            delta::name_row_columns(edit_->metadata, [this] { return lake_.new_uuid().str(); }));
        if (altered(there).is_true(delta::kEnableRowTracking) &&
            !there.is_true(delta::kEnableRowTracking))
            TARN_RETURN_IF_ERROR(number_all(there));
        says("SET TBLPROPERTIES", statement_.properties);
        return true;
    }

    // With mapped columns a name may have any character; without, Delta's rule holds.
    Status check(const delta::Snapshot& there) const {
        // A column that a rule names stays.
        if (alter_.then == AlterThen::kDropColumn || alter_.then == AlterThen::kRenameColumn)
            if (auto rules = row_rules(engine_, altered(there)); !rules)
                return fail(std::move(rules).error());
        if (edit_->mapping() == delta::ColumnMapping::kNone)
            TARN_RETURN_IF_ERROR(delta::check_names(edit_->schema));
        for (const auto& a : edit_->schema.fields)
            for (const auto& b : edit_->schema.fields)
                if (a.name < b.name && same_but_case(a.name, b.name))
                    return wrong(
                        fmt::format("columns {} and {} differ in case alone", a.name, b.name));
        return delta::check_writable(edit_->protocol, edit_->metadata);
    }

    Lake::Impl& lake_;
    Entry& entry_;
    const sql::TableStatement& statement_;
    const AlterStatement& alter_;
    sql::Engine& engine_;
    std::optional<delta::TableEdit> edit_;
    std::string column_;  // as the table spells it
    std::string operation_;
    std::vector<std::pair<std::string, std::string>> parameters_;
    std::vector<delta::AddFile> numbered_;  // files that get ids for their rows
    bool tests_rows_ = false;
};

}  // namespace

Result<ChangeOutcome> Lake::alter_table(const sql::TableStatement& statement, sql::Engine& engine) {
    TARN_TRY(auto entry, impl_->entry(statement.table));
    return Alter(*impl_, *entry, statement, engine).run();
}

}  // namespace tarn::lake
