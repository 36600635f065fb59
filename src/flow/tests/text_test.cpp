// Flows as text: each file text/*.txt says what comes in and what must come of it.
//
//   # a comment
//   file PATH              a file of the project, up to ----
//   start                  the platform opens, with the project as it stands
//   produce TOPIC [P]      a record for each line up to ----, to partition P (0)
//   run                    until no flow has anything to do
//   query                  a SELECT, up to ----; then the expected rows, values as text between
//                          " | ", up to an empty line
//   flow NAME STATE        the flow stands so: running, failed, …
//   crash                  the power goes off and on; `start` follows
//   stop                   the platform closes; `start` follows
//   rebuild NAME           orders it; `run` carries it out
//   plan                   what the project as it stands means; then a line for each flow, "name |
//                          effect | changes", up to an empty line
//   wait TIME              the clock goes on
//
// The clock begins at 2024-05-01 12:00:00 UTC. Everything is on a simulated disk.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "tarn/codec/record_batch.h"
#include "test_platform.h"

namespace tarn::flow {
namespace {

constexpr int64_t kStartMs = 1'714'564'800'000;

class Script {
  public:
    explicit Script(const std::filesystem::path& path) : file_(path), platform_(1) {
        platform_.clock.advance(Duration::millis(kStartMs - platform_.clock.now().ms()));
    }

    void run() {
        for (std::string line; next(line) && !testing::Test::HasFatalFailure();) {
            if (line.empty() || line[0] == '#') continue;
            SCOPED_TRACE(fmt::format("line {}: {}", number_, line));
            std::istringstream words(line);
            std::string verb, first, second;
            words >> verb >> first >> second;
            act(verb, first, second);
        }
    }

  private:
    void act(const std::string& verb, const std::string& first, const std::string& second) {
        if (verb == "file")
            write(first);
        else if (verb == "start")
            start();
        else if (verb == "produce")
            produce(first, second.empty() ? 0 : std::stoi(second));
        else if (verb == "run")
            good(platform_.drain());
        else if (verb == "query")
            query();
        else if (verb == "flow")
            EXPECT_EQ(state_of(first), second);
        else if (verb == "crash")
            platform_.crash();
        else if (verb == "stop")
            platform_.close();
        else if (verb == "rebuild")
            EXPECT_TRUE(platform_.runtime().rebuild(first, false));
        else if (verb == "plan")
            plan();
        else if (verb == "wait")
            platform_.clock.advance(must(parse_duration(first)));
        else
            ADD_FAILURE() << "not a directive";
    }

    bool next(std::string& line) { return ++number_, bool(std::getline(file_, line)); }
    // Lines up to `end`, or the end of the file.
    std::vector<std::string> until(const std::string& end) {
        std::vector<std::string> out;
        for (std::string line; next(line) && line != end;)
            out.push_back(line);
        return out;
    }
    static void good(const Status& status) { ASSERT_TRUE(status) << status.error().message(); }
    template <class T>
    static T must(Result<T> result) {
        EXPECT_TRUE(result) << result.error().message();
        return std::move(*result);
    }

    void write(const std::string& path) {
        std::string text;
        for (const auto& line : until("----"))
            text += line + "\n";
        auto at = "p/" + path;
        good(platform_.disk.create_folders(io::parent_path(at)));
        good(platform_.disk.replace(at, text));
    }
    void start() {
        platform_.project() = must(project::load_project(platform_.disk, "p"));
        good(platform_.open());
    }
    void produce(const std::string& topic, int partition) {
        codec::BatchBuilder builder;
        for (const auto& line : until("----"))
            builder.add(platform_.clock.now().ms(), std::nullopt, line);
        auto info = platform_.log().find_topic(topic);
        ASSERT_TRUE(info) << topic;
        auto outcome = platform_.log().append_and_wait({.partition = {info->id, partition},
                                                        .batch = must(builder.finish()),
                                                        .writer = std::nullopt});
        ASSERT_EQ(outcome.code, log::AppendCode::kOk) << outcome.message;
    }
    std::string state_of(const std::string& flow) {
        (void)platform_.runtime().step();
        auto status = platform_.runtime().describe(flow);
        return status ? std::string(to_string(status->state)) : "not there";
    }
    void plan() {
        auto project = must(project::load_project(platform_.disk, "p"));
        std::vector<std::string> found;
        for (const auto& change :
             must(plan_changes(project, platform_.options, platform_.context()))) {
            auto& line =
                found.emplace_back(fmt::format("{} | {} |", change.flow, to_string(change.effect)));
            for (const auto& one : change.changes)
                line += fmt::format(" {}{}", one.what, &one == &change.changes.back() ? "" : ";");
        }
        EXPECT_EQ(found, until(""));
    }
    void query() {
        std::string sql;
        for (const auto& line : until("----"))
            sql += line + "\n";
        auto session = must(platform_.session());
        auto rows = session->query_columns("select columns(*)::varchar from (" + sql + ")");
        ASSERT_TRUE(rows) << rows.error().message();
        std::vector<std::string> found;
        for (size_t row = 0; row < rows->row_count; ++row) {
            auto& line = found.emplace_back();
            for (const auto& column : rows->columns)
                line += fmt::format("{}{}", &column == &rows->columns[0] ? "" : " | ",
                                    column.is_null(row) ? "NULL" : column.text(row));
        }
        EXPECT_EQ(found, until("")) << sql;
    }

    std::ifstream file_;
    int number_ = 0;
    TestPlatform platform_;
};

class FlowText : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(FlowText, GivesWhatItSays) { Script(GetParam()).run(); }

std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> out;
    for (const auto& entry :
         std::filesystem::directory_iterator(TARN_SOURCE_DIR "/src/flow/tests/text"))
        if (entry.path().extension() == ".txt") out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

INSTANTIATE_TEST_SUITE_P(Text, FlowText, testing::ValuesIn(files()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace tarn::flow
