#pragma once

// What a table, a model and their schemas may be called: one rule for all who name, keep or read
// them, since a name is a folder of the lake, a word of SQL and a file of a project.
//
//   name := part "." part               schema and table
//   part := letter (letter | digit | "_" | "-")*    ASCII, at most 128 bytes
//
// A part does not begin with "_": readers that follow Hadoop's convention (Hive, Athena, Trino and
// Spark when they list files) take such a folder for hidden, and Tarn may so keep names for
// itself. Case is kept and tells names apart, but two names that differ in nothing else may not
// stand beside each other: for SQL, and for some file systems, they are one.

#include <string_view>

namespace tarn {

bool is_name_part(std::string_view part);
bool is_table_name(std::string_view name);  // schema.table
// Whether they are one for who does not look at case (ASCII).
bool same_but_case(std::string_view a, std::string_view b);

// Whether SQL has tables of its own where this one would stand, schema.table, so that nobody could
// read it: the schemas system, information_schema and pg_catalog, and in main what DuckDB keeps
// there.
bool is_taken_by_sql(std::string_view name);

inline constexpr size_t kMostNamePart = 128;  // bytes
// The rule in words, to stand behind "is" or "of"; and as a regular expression, of schema.table.
inline constexpr std::string_view kNamePartRule =
    "letters, digits, '_' and '-', the first a letter";
inline constexpr std::string_view kTableNamePattern =
    "^[A-Za-z][A-Za-z0-9_-]{0,127}\\.[A-Za-z][A-Za-z0-9_-]{0,127}$";

}  // namespace tarn
