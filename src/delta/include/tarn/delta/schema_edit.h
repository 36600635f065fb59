#pragma once

// Changes of a table's schema as Delta keeps them: column mapping, types that become wider,
// comments (PROTOCOL.md "Column Mapping", "Type Widening", "Schema Serialization Format").

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/delta/actions.h"
#include "tarn/delta/field_path.h"
#include "tarn/delta/schema.h"
#include "tarn/delta/snapshot.h"

namespace tarn::delta {

// A field's metadata with this entry set to a JSON text; an empty one takes it out.
void set_field_metadata(Field& field, std::string_view key, const std::string& json);
void set_comment(Field& field, std::string_view comment);  // empty: none

// What a table is about to be. `metadata.schema` is written by finish().
struct TableEdit {
    explicit TableEdit(const Snapshot& table)
        : protocol(table.protocol), metadata(*table.metadata), schema(*table.schema) {}

    Protocol protocol;
    Metadata metadata;
    Schema schema;

    ColumnMapping mapping() const { return column_mapping(protocol, metadata); }
    // From now on columns are found in files by names that a rename does not change: those that
    // they have. Nothing if the table has column mapping.
    void map_columns();
    // Gives a new field, and what is inside, an id and a physical name if columns are mapped.
    // `uuid` makes a text that is unique.
    void add_ids(Field& field, const std::function<std::string()>& uuid);
    // The schema of files that know columns by their names: those are their physical names, if
    // columns are mapped.
    void take_plain(const Schema& plain);
    // Puts each field that `given` has and the schema has not, also inside of structs, arrays and
    // maps, behind its siblings, with ids; by name. Whether there was one.
    bool add_missing(const std::vector<Field>& given, const std::function<std::string()>& uuid);
    // Writes the schema, and raises the protocol by what types and properties ask.
    void finish();

  private:
    int64_t next_id();
    void add_ids(Field& field, const std::function<std::string()>* uuid);
    bool add_missing(std::vector<Field>& to, const std::vector<Field>& given, bool of_struct,
                     const std::function<std::string()>& uuid);
};

// Whether every value of one type is a value of the other, so that files with the first may stay
// (PROTOCOL.md "Supported Type Changes").
bool can_widen(const DataType& from, const DataType& to);
// Gives the field the wider type, and notes what it was.
void widen(const FieldPlace& place, const DataType& to);

// The first field inside of `given` that `table` lacks, of a struct of the same place; by name, in
// whatever case. Empty: there is none.
FieldPath field_beside(const DataType& table, const DataType& given);

}  // namespace tarn::delta
