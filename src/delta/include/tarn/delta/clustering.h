#pragma once

// Tables whose files hold rows that are near to each other in some columns (PROTOCOL.md "Clustered
// Table"): the columns stand in a domain of the log, by the names that files have for them, and
// each file says who clustered it and with which others.

#include <span>
#include <string>
#include <vector>

#include "tarn/delta/field_path.h"
#include "tarn/delta/snapshot.h"

namespace tarn::delta {

inline constexpr const char* kClusteringDomain = "delta.clustering";
inline constexpr const char* kClusteringProvider = "liquid";
inline constexpr size_t kMostClusteringColumns = 4;  // as Spark has it

// The columns, by the names of the schema; where it has none, as they stand in the domain. Empty:
// the table is not clustered.
std::vector<FieldPath> clustering_columns(const Snapshot& table);
// What a table that is clustered asks of its writers.
Protocol with_clustering(const Protocol& protocol);
// The domain that names these columns of the schema, which it has; none: it says that there are
// none.
DomainMetadata clustering_domain(Schema& schema, ColumnMapping mapping,
                                 std::span<const FieldPath> columns);
// The columns as the schema spells them. Errors: kInvalidArgument (too many, twice, none that the
// table has, inside of an array or a map, without bounds in statistics; a table of partitions).
Result<std::vector<FieldPath>> check_clustering(const Snapshot& table,
                                                std::span<const FieldPath> columns);

// What says of a file that it belongs to a cube: files whose rows were put in order together.
struct Cube {
    std::string id;
    std::vector<std::string> columns;  // logical names, with dots
};
// Nothing: the file is in none. Tags as Spark writes them: ZCUBE_ID, ZCUBE_ZORDER_BY.
std::optional<Cube> cube_of(const AddFile& file);
void set_cube(AddFile& file, const Cube& cube);

}  // namespace tarn::delta
