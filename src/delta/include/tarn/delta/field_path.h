#pragma once

// Fields inside of columns, by their names from the column on. What an array holds is its
// "element", what a map holds its "key" and "value", as Delta's other writers name them:
// "basket.element.price".

#include <optional>
#include <string>
#include <vector>

#include "tarn/delta/schema.h"

namespace tarn::delta {

using FieldPath = std::vector<std::string>;
// With dots; a name that has one itself, or a backtick, stands in backticks.
std::string dotted(const FieldPath& path);

struct FieldPlace {
    FieldPath path;                // as the schema spells it
    std::vector<Field>* siblings;  // the table's columns, or the fields of the type that has it
    size_t index;                  // among them
    Field* owner;                  // the field of a struct that it is, or that holds it
    FieldPath within;              // of owner's type: "element", "value"…; empty if it is owner
    DataType* holder = nullptr;    // the type that has it among its fields; null of a column
    bool in_collection = false;    // somewhere in an array or a map

    Field& field() const { return (*siblings)[index]; }
    // Has a name of its own: it is a column or a field of a struct.
    bool is_named() const { return within.empty(); }
};

// Names are compared in whatever case. Valid until the schema changes. Nothing: there is no such
// field.
std::optional<FieldPlace> find_field(Schema& schema, const FieldPath& path);
// The one of these fields that has the name, in whatever case; its index.
std::optional<size_t> find_name(const std::vector<Field>& fields, std::string_view name);

}  // namespace tarn::delta
