#pragma once

// Paths in a Delta log: URI-encoded in add.path, Hive-escaped where a partition value names a
// folder, and one canonical form to compare them by.

#include <cstddef>
#include <string>
#include <string_view>

namespace tarn::delta {

// "%41b" → "Ab". A '%' that no two hexadecimal digits follow stays.
std::string percent_decode(std::string_view text);
// What java.net.URI would quote in a path, and every byte beyond ASCII.
std::string percent_encode(std::string_view path);
// A partition folder's part: "US/East" → "US%2FEast" (Hive's escape set).
std::string hive_escape(std::string_view value);

// Bytes of one name on disk, far below what file systems take (255), since it stands in a path with
// others.
inline constexpr size_t kMostNameBytes = 128;
// The name, or if it is longer than `most` (17 or more) as much of it as fits before "~" and a hash
// of the whole.
std::string bounded_name(std::string name, size_t most);

// The decoded path that identifies a file in a log: "file:/a", "file:///a" and "/a" are one; what
// lies under `table_root` is relative to it. Other schemes are kept as they are.
std::string canonical_path(std::string_view encoded, std::string_view table_root);
// The file's path on disk: `canonical` itself when absolute, else under the root.
std::string disk_path(std::string_view canonical, std::string_view table_root);

}  // namespace tarn::delta
