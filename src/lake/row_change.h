#pragma once

// One attempt to change rows of a table: which go, which come, and the commit of both. An operation
// (actions/delete.cpp, …) says it in SQL; how rows go, by a deletion vector or by writing their
// file anew, is decided here by the table's properties.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lake_impl.h"
#include "row_rules.h"
#include "tarn/delta/row_set.h"
#include "tarn/lake/change_rows.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/delta_write.h"
#include "tarn/sql/given_rows.h"
#include "tarn/sql/merge_keys.h"

namespace tarn::lake {

inline constexpr uint64_t kFileBytes = 512ull << 20;  // of a data file that a statement writes

// The id and the version of a row of GivenFiles as kRowIdColumn and kRowVersionColumn, for a SELECT
// list, behind a comma. A row that is updated gets the version of its commit.
enum class RowIds { kCopied, kUpdated };
std::string row_ids(std::string_view alias, RowIds what);

// Whether rows go by deletion vectors, as far as their files count their rows.
bool marks_rows(const delta::Snapshot& table);

class RowChange {
  public:
    RowChange(Lake::Impl& lake, Entry& entry, const ChangeRequest& request,
              std::shared_ptr<const delta::Snapshot> snapshot, RowRules rules,
              std::unique_ptr<sql::Session> session, bool tracks);

    // The table as it will be: with the columns that come.
    const delta::Snapshot& table() const { return *snapshot_; }
    // What these columns have and the table has not, also fields inside of structs, comes to it
    // with the commit. Before rows() is read.
    Status add_columns(const std::vector<delta::Field>& given);
    sql::Session& session() { return *session_; }
    // The table's live rows in FROM, with the columns kFileNumberColumn and kRowColumn, which are
    // called the place of a row. Once choose_gone() has run: the rows that go, alone.
    std::string rows() const;
    bool records_changes() const;  // delta.enableChangeDataFeed

    // Rows by their places, in at most a bit for each row of their files.
    struct Places {
        std::map<int64_t, std::shared_ptr<delta::RowSet>> rows;  // by the file's number
        uint64_t given = 0;                                      // how often one was
    };
    // `select` gives the places of rows, f and r, one of them more than once if it likes.
    Result<Places> places(const std::string& select);
    // Until choose_gone() runs rows() has not these.
    void leave_out(const Places& places);
    // Until choose_gone() or leave_out() runs rows() has none of the files that cannot have a value
    // of the source's column, for any of these. Errors: of the query.
    Status leave_out_files(const std::vector<sql::KeyPair>& keys, const std::string& source);
    // What comes or goes rests on these rows too: they are to be there when it is committed.
    void rest_on(const Places& places);
    // The rows of this SELECT, as of places(), go.
    Status choose_gone(const std::string& select);
    uint64_t gone() const { return gone_; }
    bool gone_twice() const { return given_twice_; }  // one of them was given more than once

    // All rows go, without looking at them.
    void choose_all();
    // With the rows that come all that stands in the partitions they fall in goes.
    void replace_partitions() { replaces_partitions_ = true; }

    const RowRules& rules() const { return rules_; }
    // Whole rows that are to come, as the table's rules ask for them; `given` are the columns that
    // the statement has values for. Errors: of the query; kInvalidArgument (a field within a value
    // that the table's column has not, which a cast would leave out without a word).
    Result<std::string> kept(const std::string& select, const std::vector<std::string>& given,
                             sql::Beside beside = sql::Beside::kNothing);
    // Numbers of identity columns. What a column gets that a statement leaves out:
    Result<std::string> left_out(const std::string& column) const;
    // A SELECT of whole rows that come, made with left_out(), with `given` for those columns that
    // it has values for: each number has its row from now on, however often the rows are read.
    // Errors also: kInvalidArgument (a value for a column that takes none).
    Result<std::string> numbered(std::string select, const std::vector<std::string>& given);
    // Errors: kInvalidArgument (an UPDATE of such a column).
    Status check_set(const std::vector<SetColumn>& set) const;

    // A SELECT of whole rows that come, kept(), and of what the change feed says: whole rows and
    // _change_type.
    void come(const std::string& select, sql::Beside beside = sql::Beside::kNothing);
    void record(const std::string& select);

    // Of rows that are updated: what stands behind their columns in a SELECT list, since they keep
    // their ids; and that it does. Nothing if the table does not track rows.
    std::string kept_ids(std::string_view alias) const {
        return tracks_ ? row_ids(alias, RowIds::kUpdated) : "";
    }
    sql::Beside kept_beside() const {
        return tracks_ ? sql::Beside::kRowIds : sql::Beside::kNothing;
    }

    // Writes files.
    Result<delta::CommitRequest> prepare(ChangeOutcome& outcome);
    // `reads`: the table's rows were looked at, so that what others add to it matters.
    Status commit(delta::CommitRequest commit, bool reads, ChangeOutcome& outcome);
    // Of an attempt that failed: its files go, as far as that is possible, unless its commit may
    // stand all the same.
    void discard(const Error& error);

  private:
    struct Touched {
        std::shared_ptr<const delta::AddFile> file;
        int64_t number = 0;
        std::shared_ptr<const delta::RowSet> rows;  // that go; null: all
        bool goes_whole = false;
    };
    // No field within a value is one that its column has not.
    Status check_fields(const std::string& select) const;
    // From now on rows() reads these files.
    void give(sql::DeltaFiles files);
    sql::DeltaFiles whole_table() const;
    // Of the version that it reads, by number.
    const std::vector<std::shared_ptr<const delta::AddFile>>& files() const;
    delta::Reads what_was_read() const;
    Status count_numbers(delta::CommitRequest& commit) const;
    Status remove_rows(delta::CommitRequest& commit, ChangeOutcome& outcome);
    Status write(const std::string& select, sql::Beside beside, std::vector<delta::AddFile>& to);
    void choose_files(std::function<bool(const delta::AddFile&)> goes);
    void remove_partitions_of(const std::vector<delta::AddFile>& adds);

    Lake::Impl& lake_;
    Entry& entry_;
    const ChangeRequest& request_;
    const std::shared_ptr<const delta::Snapshot> read_;  // as it stands
    std::shared_ptr<const delta::Snapshot> snapshot_;
    const RowRules rules_;
    const std::unique_ptr<sql::Session> session_;
    std::vector<std::unique_ptr<sql::GivenRows>> given_rows_;
    mutable std::optional<std::vector<std::shared_ptr<const delta::AddFile>>> files_;
    const std::shared_ptr<sql::AskedRows> asked_rows_ = std::make_shared<sql::AskedRows>();
    mutable std::unique_ptr<sql::GivenFiles> given_;  // null: all files, once they are asked for
    std::map<std::string, std::shared_ptr<const delta::RowSet>> rests_on_;  // by file
    std::function<bool(const delta::AddFile&)> replaces_;  // files that go as a whole; null: none
    const bool tracks_;                                    // rows keep their ids
    bool comes_with_ids_ = false;
    std::map<std::string, uint64_t> numbers_;  // given by identity columns
    int numbered_ = 0;                         // SELECTs
    std::vector<Touched> touched_;
    std::vector<std::string> comes_, changes_;
    std::vector<std::string> written_;  // on disk, relative to the table
    uint64_t gone_ = 0;
    bool given_twice_ = false;
    bool replaces_partitions_ = false;
    bool asked_ = false;  // for a commit, of which an error may leave unknown whether it was made
    Timestamp time_;
};

// A SELECT of the places of the rows for which a condition holds, for choose_gone().
std::string places_where(const RowChange& change, std::string_view alias, std::string_view where);
// What a scan calls a file.
std::string scan_name(const delta::AddFile& file, const delta::Snapshot& table);
// The rows of a query of a text and a number.
Status each_pair(sql::Session& session, const std::string& select,
                 std::function<Status(std::string_view, int64_t)> each);
// The names of the table's columns as a SELECT list, each of this alias.
std::string column_list(const delta::Snapshot& table, std::string_view alias);
// A column as the table spells it: statements name columns in whatever case. What the table has not
// stays as it is.
std::string spelled(const delta::Schema& schema, const std::string& column);
std::vector<SetColumn> spelled(const delta::Schema& schema, std::vector<SetColumn> set);
// A whole row with some columns set anew: the SELECT list.
Result<std::string> set_list(const delta::Snapshot& table, std::string_view alias,
                             std::vector<SetColumn> set);

// An operation, run until its commit is made.
class RowOperation {
  public:
    virtual ~RowOperation() = default;
    virtual std::string_view name() const = 0;  // of commitInfo
    virtual bool reads_table() const { return true; }
    // Says what goes and comes; counts rows in `outcome`.
    virtual Status plan(RowChange& change, ChangeOutcome& outcome) = 0;
    // What is known of rows once the files are written.
    virtual void count(const RowChange&, ChangeOutcome&) const {}
    virtual std::vector<std::pair<std::string, std::string>> parameters() const = 0;
    virtual std::vector<std::pair<std::string, std::string>> metrics(
        const ChangeOutcome& outcome) const = 0;
};
Result<ChangeOutcome> change_rows(Lake::Impl& lake, const ChangeRequest& request,
                                  RowOperation& operation);

}  // namespace tarn::lake
