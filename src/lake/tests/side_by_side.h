#pragma once

// Two lakes at one table, and statements of one that do not see those of the other.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake::testing {

inline constexpr const char* kStrict = ", 'delta.isolationLevel'='Serializable'";

// Two processes at one table, a.stock.
class Pair {
  public:
    World& ours() { return ours_; }
    World& theirs() { return theirs_; }

    static Result<ChangeOutcome> run(World& world, const std::string& text) {
        if (text == "OPTIMIZE") {
            OptimizeRequest request;
            request.table = "a.stock";
            TARN_RETURN_IF_ERROR(world.lake->optimize(request));
            return ChangeOutcome{};
        }
        if (text.starts_with("RESTORE ")) {
            RestoreRequest request;
            request.table = "a.stock";
            request.to.version = std::stoll(text.substr(8));
            TARN_RETURN_IF_ERROR(world.lake->restore(request));
            return ChangeOutcome{};
        }
        TARN_TRY(auto statement, sql::parse_table_statement(*world.engine, text, false));
        EXPECT_TRUE(statement) << text;
        return run_statement(*world.lake, *world.engine, *statement);
    }
    // The statement, with `others` once as it is about to commit for the first time; or behind it,
    // if it commits nothing. Whether they came between.
    bool run_beside(const std::string& text, const std::function<void()>& others,
                    ChangeOutcome& outcome) {
        bool between = false;
        ours_.failpoints.arm("lake.before_commit", 1, [&]() -> Status {
            between = true;
            others();
            return {};
        });
        auto made = run(ours_, text);
        ours_.failpoints.disarm();
        EXPECT_TRUE(made) << text << ": " << made.error().message();
        if (made) outcome = *made;
        if (!between) others();
        return between;
    }

  private:
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World ours_{disk_, clock_, 1}, theirs_{disk_, clock_, 2};
};

}  // namespace tarn::lake::testing
