// Statements beside others that they do not see: of another lake on the same disk, whose commits
// come between what a statement reads and its own. Promised: the table is as if one had come behind
// the other, and a statement runs again only where what it read or changes is another now.

#include <fmt/format.h>

#include "side_by_side.h"

namespace tarn::lake {
namespace {

using testing::kStrict;
using testing::Pair;
using testing::problem;
using testing::World;

// Changes none of the rows that it finds: it adds those that it does not.
constexpr const char* kAddWhatIsNotThere =
    "MERGE INTO a.stock t USING (VALUES (5), (300)) s(id) ON t.id = s.id WHEN MATCHED THEN DO "
    "NOTHING WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'c', s.id)";

struct Case {
    const char* name;
    const char* properties;  // "" or ones that begin with a comma
    bool vectors, partitioned;
    const char* statement;
    std::vector<const char*> others;
    int attempts;
    const char* holds;  // for each row, in the end
    int rows;
};

// Of the table: ids 0 to 99 in part a, 100 to 199 in part b, each in a file of its own; n is id.
const Case kCases[] = {
    {"other_rows_of_a_file",
     "",
     true,
     false,
     "DELETE FROM a.stock WHERE id = 5",
     {"DELETE FROM a.stock WHERE id = 7"},
     1,
     "id NOT IN (5, 7)",
     198},
    {"other_rows_updated",
     kStrict,
     true,
     false,
     "UPDATE a.stock SET n = -1 WHERE id = 5",
     {"UPDATE a.stock SET n = -2 WHERE id = 7"},
     1,
     "n = CASE id WHEN 5 THEN -1 WHEN 7 THEN -2 ELSE id END",
     200},
    {"three_vectors_of_a_file",
     kStrict,
     true,
     false,
     "DELETE FROM a.stock WHERE id = 5",
     {"DELETE FROM a.stock WHERE id = 7", "DELETE FROM a.stock WHERE id BETWEEN 20 AND 29",
      "UPDATE a.stock SET n = 0 WHERE id = 150"},
     1,
     "id NOT IN (5, 7) AND id NOT BETWEEN 20 AND 29 AND n = CASE id WHEN 150 THEN 0 ELSE id END",
     188},
    {"the_same_row",
     "",
     true,
     false,
     "UPDATE a.stock SET n = n + 1000 WHERE id = 5",
     {"UPDATE a.stock SET n = 5000 WHERE id = 5"},
     2,
     "n = CASE id WHEN 5 THEN 6000 ELSE id END",
     200},
    {"the_same_row_deleted",
     "",
     true,
     false,
     "UPDATE a.stock SET n = n + 1000 WHERE id IN (5, 6)",
     {"DELETE FROM a.stock WHERE id = 5"},
     2,
     "n = CASE id WHEN 6 THEN 1006 ELSE id END",
     199},
    {"a_file_written_anew",
     "",
     false,
     false,
     "UPDATE a.stock SET n = -1 WHERE id = 5",
     {"UPDATE a.stock SET n = -2 WHERE id = 7"},
     2,
     "n = CASE id WHEN 5 THEN -1 WHEN 7 THEN -2 ELSE id END",
     200},
    {"another_file_written_anew",
     kStrict,
     false,
     false,
     "UPDATE a.stock SET n = -1 WHERE id = 5",
     {"UPDATE a.stock SET n = -2 WHERE id = 107"},
     1,
     "n = CASE id WHEN 5 THEN -1 WHEN 107 THEN -2 ELSE id END",
     200},
    {"a_file_that_was_read_and_is_not_changed",
     kStrict,
     false,
     false,
     "UPDATE a.stock SET n = -1 WHERE n % 1000 = 5",
     {"DELETE FROM a.stock WHERE id > 190"},
     2,
     "n = CASE id WHEN 5 THEN -1 ELSE id END AND id <= 190",
     191},
    {"rows_that_were_read_and_are_not_changed",
     kStrict,
     true,
     false,
     "UPDATE a.stock SET n = -1 WHERE n % 1000 = 5",
     {"DELETE FROM a.stock WHERE id > 190"},
     1,
     "n = CASE id WHEN 5 THEN -1 ELSE id END AND id <= 190",
     191},
    {"another_partition",
     kStrict,
     false,
     true,
     "DELETE FROM a.stock WHERE part = 'a' AND n % 2 = 0",
     {"UPDATE a.stock SET n = n + 1 WHERE part = 'b'",
      "INSERT INTO a.stock SELECT count(*), 'b', count(*) + 1 FROM delta_scan('/lake/a/stock')"},
     1,
     "part = 'a' AND n % 2 = 1 OR part = 'b' AND n = id + 1",
     151},
    {"appended_rows_that_cannot_match",
     kStrict,
     false,
     false,
     "DELETE FROM a.stock WHERE id BETWEEN 5 AND 9",
     {"INSERT INTO a.stock VALUES (300, 'c', 300)"},
     1,
     "id NOT BETWEEN 5 AND 9",
     196},
    {"appended_rows_that_match",
     kStrict,
     false,
     false,
     "DELETE FROM a.stock WHERE id BETWEEN 5 AND 9",
     {"INSERT INTO a.stock VALUES (7, 'c', 300)"},
     2,
     "id NOT BETWEEN 5 AND 9",
     195},
    {"appended_rows_that_count_as_later",
     "",
     false,
     false,
     "DELETE FROM a.stock WHERE id BETWEEN 5 AND 9",
     {"INSERT INTO a.stock VALUES (7, 'c', 300)"},
     1,
     "id NOT BETWEEN 5 AND 9 OR n = 300",
     196},
    {"appended_by_someone_who_read",
     "",
     false,
     false,
     "DELETE FROM a.stock WHERE id BETWEEN 5 AND 9",
     {"INSERT INTO a.stock SELECT 7, 'c', count(*) FROM delta_scan('/lake/a/stock')"},
     2,
     "id NOT BETWEEN 5 AND 9",
     195},
    {"a_match_that_goes",
     "",
     true,
     false,
     kAddWhatIsNotThere,
     {"DELETE FROM a.stock WHERE id = 5"},
     2,
     "n = id AND (part = 'c') = (id IN (5, 300))",
     201},
    {"a_match_in_a_file_that_is_written_anew",
     "",
     false,
     false,
     kAddWhatIsNotThere,
     {"DELETE FROM a.stock WHERE id = 5"},
     2,
     "n = id AND (part = 'c') = (id IN (5, 300))",
     201},
    {"a_match_that_stays",
     "",
     true,
     false,
     kAddWhatIsNotThere,
     {"DELETE FROM a.stock WHERE id = 6"},
     1,
     "id <> 6 AND (part = 'c') = (id = 300)",
     200},
    {"a_key_that_comes",
     kStrict,
     true,
     false,
     "MERGE INTO a.stock t USING (VALUES (5), (300)) s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE "
     "SET "
     "n = -1 WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'c', s.id)",
     {"INSERT INTO a.stock VALUES (300, 'd', 300)"},
     2,
     "n = CASE WHEN id IN (5, 300) THEN -1 ELSE id END AND part <> 'c'",
     201},
    {"merges_of_other_keys",
     "",
     true,
     false,
     "MERGE INTO a.stock t USING (VALUES (5), (6)) s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE "
     "SET n "
     "= -1 WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'c', s.id)",
     {"MERGE INTO a.stock t USING (VALUES (8), (9)) s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE "
      "SET "
      "n = -1 WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'c', s.id)"},
     1,
     "n = CASE WHEN id IN (5, 6, 8, 9) THEN -1 ELSE id END AND part <> 'c'",
     200},
    {"merges_of_other_partitions",
     kStrict,
     false,
     true,
     "MERGE INTO a.stock t USING (VALUES (5), (6)) s(id) ON t.part = 'a' AND t.id = s.id WHEN "
     "MATCHED "
     "THEN UPDATE SET n = -1",
     {"MERGE INTO a.stock t USING (VALUES (105)) s(id) ON t.part = 'b' AND t.id = s.id WHEN "
      "MATCHED "
      "THEN UPDATE SET n = -1"},
     1,
     "n = CASE WHEN id IN (5, 6, 105) THEN -1 ELSE id END",
     200},
    {"rows_without_a_match",
     kStrict,
     true,
     false,
     "MERGE INTO a.stock t USING (SELECT i AS id FROM range(10) r(i)) s ON t.id = s.id WHEN NOT "
     "MATCHED BY SOURCE AND t.id >= 190 THEN DELETE",
     {"DELETE FROM a.stock WHERE id = 20"},
     1,
     "id < 190 AND id <> 20",
     189},
    {"packed_meanwhile",
     "",
     true,
     false,
     "DELETE FROM a.stock WHERE id = 5",
     {"OPTIMIZE"},
     2,
     "id <> 5",
     199},
    {"brought_back_meanwhile",
     "",
     true,
     false,
     "UPDATE a.stock SET n = n + 1 WHERE id >= 10",
     {"RESTORE 2"},
     2,
     "n = CASE WHEN id >= 10 THEN id + 1 ELSE id END",
     200},
    {"what_it_counts",
     "",
     true,
     false,
     "INSERT INTO a.stock SELECT 500, 'c', count(*) FROM delta_scan('/lake/a/stock') WHERE id < "
     "100",
     {"DELETE FROM a.stock WHERE id = 5"},
     2,
     "id <> 5 AND n = CASE id WHEN 500 THEN 99 ELSE id END",
     200},
    {"what_it_compares_with",
     "",
     true,
     false,
     "UPDATE a.stock SET n = -1 WHERE id = (SELECT max(id) FROM delta_scan('/lake/a/stock') WHERE "
     "n < 10)",
     {"DELETE FROM a.stock WHERE id = 9"},
     2,
     "n = CASE id WHEN 8 THEN -1 ELSE id END",
     199},
    {"a_whole_file",
     "",
     true,
     false,
     "DELETE FROM a.stock WHERE id < 100",
     {"DELETE FROM a.stock WHERE id = 5"},
     2,
     "id >= 100",
     100},
    {"a_file_of_which_none_is_left",
     "",
     true,
     false,
     "DELETE FROM a.stock WHERE id < 50",
     {"DELETE FROM a.stock WHERE id BETWEEN 50 AND 99"},
     1,
     "id >= 100",
     100},
    {"a_partition_replaced",
     kStrict,
     false,
     true,
     "INSERT OVERWRITE PARTITIONS a.stock VALUES (1, 'a', 1)",
     {"DELETE FROM a.stock WHERE id = 105", "INSERT INTO a.stock VALUES (400, 'b', 400)"},
     1,
     "part = 'b' AND id <> 105 OR id = 1",
     101},
    {"a_partition_replaced_that_grows",
     kStrict,
     false,
     true,
     "INSERT OVERWRITE PARTITIONS a.stock VALUES (1, 'a', 1)",
     {"INSERT INTO a.stock VALUES (2, 'a', 2)"},
     2,
     "part = 'b' OR id = 1",
     101},
    {"all_replaced",
     kStrict,
     true,
     false,
     "INSERT OVERWRITE a.stock VALUES (1, 'a', 1)",
     {"INSERT INTO a.stock VALUES (2, 'a', 2)"},
     2,
     "id = 1",
     1},
    {"replaced_by_a_condition",
     kStrict,
     true,
     false,
     "INSERT INTO a.stock REPLACE WHERE (id < 10) VALUES (1, 'z', 1)",
     {"DELETE FROM a.stock WHERE id = 50", "INSERT INTO a.stock VALUES (400, 'z', 400)"},
     1,
     "id >= 10 AND id <> 50 OR id = 1",
     191},
};

class SideBySide : public ::testing::TestWithParam<Case> {};

TEST_P(SideBySide, RunsAgainOnlyWhereItMust) {
    const auto& one = GetParam();
    Pair pair;
    const auto must = [&](World& world, const std::string& text) {
        const auto made = Pair::run(world, text);
        ASSERT_TRUE(made) << text << ": " << made.error().message();
    };
    must(pair.ours(),
         fmt::format("CREATE TABLE a.stock (id INTEGER, part VARCHAR, n INTEGER) {} WITH "
                     "('delta.enableDeletionVectors'='{}', "
                     "'delta.enableChangeDataFeed'='true'{})",
                     one.partitioned ? "PARTITIONED BY (part)" : "", one.vectors, one.properties));
    must(pair.ours(), "INSERT INTO a.stock SELECT i, 'a', i FROM range(100) r(i)");
    must(pair.ours(), "INSERT INTO a.stock SELECT i, 'b', i FROM range(100, 200) r(i)");
    if (one.others[0] == std::string("RESTORE 2"))
        must(pair.ours(), "DELETE FROM a.stock WHERE id BETWEEN 5 AND 14");
    ChangeOutcome outcome;
    EXPECT_TRUE(pair.run_beside(
        one.statement,
        [&] {
            for (const auto* other : one.others)
                must(pair.theirs(), other);
        },
        outcome));
    EXPECT_EQ(outcome.attempts, one.attempts);
    const auto rows = "SELECT count(*) FROM " + pair.ours().scan("a.stock");
    EXPECT_EQ(pair.ours().number(rows), one.rows);
    EXPECT_EQ(pair.ours().number(fmt::format("{} WHERE {}", rows, one.holds)), one.rows);
    EXPECT_EQ(problem(pair.ours().lake->verify("a.stock")), "");
}

INSTANTIATE_TEST_SUITE_P(Cases, SideBySide, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tarn::lake
