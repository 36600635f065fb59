// What is taken out of the open sessions, and what stays, is what a plain list of them says.

#include "open_sessions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "tarn/base/ids.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::flow {
namespace {

using codec::ColumnType;

struct Session {
    std::optional<std::string> user;
    double shop = 0;
    int64_t last = 0, number = 0;

    std::string line() const {
        return user.value_or("NULL") + "|" + std::to_string(last) + "|" + std::to_string(number);
    }
    std::string key() const { return user.value_or("NULL") + "|" + std::to_string(shop); }
};

OpenSessions::Batch batch(const std::vector<Session>& sessions) {
    auto out = std::make_shared<codec::ColumnBatch>();
    out->schema = {{"user", ColumnType::kText, false},
                   {"shop", ColumnType::kDouble, false},
                   {"last", ColumnType::kInt64, false},
                   {"number", ColumnType::kInt64, false}};
    out->row_count = sessions.size();
    std::vector<codec::ColumnBuilder> builders;
    for (const auto& column : out->schema)
        builders.emplace_back(column.type);
    for (const auto& s : sessions) {
        s.user ? builders[0].add_text(*s.user) : builders[0].add_null();
        builders[1].add_double(s.shop);
        builders[2].add_int(s.last);
        builders[3].add_int(s.number);
    }
    for (auto& builder : builders)
        out->columns.push_back(builder.finish(*out));
    return out;
}

std::vector<std::string> lines(const std::vector<OpenSessions::Batch>& batches) {
    std::vector<std::string> out;
    for (const auto& rows : batches)
        for (size_t row = 0; row < rows->row_count; ++row) {
            const auto& user = rows->columns[0];
            out.push_back((user.is_null(row) ? "NULL" : std::string(user.text(row))) + "|" +
                          std::to_string(rows->columns[2].values<int64_t>()[row]) + "|" +
                          std::to_string(rows->columns[3].values<int64_t>()[row]));
        }
    return out;
}

std::vector<OpenSessions::Batch> rows_of(const OpenSessions& open) {
    std::vector<OpenSessions::Batch> out;
    EXPECT_TRUE(open.for_rows([&](OpenSessions::Batch rows) -> Status {
        out.push_back(std::move(rows));
        return {};
    }));
    return out;
}

template <class Wanted>
std::vector<std::string> take(std::vector<Session>& from, Wanted&& wanted) {
    std::vector<std::string> out;
    std::vector<Session> kept;
    for (const auto& s : from) {
        if (wanted(s))
            out.push_back(s.line());
        else
            kept.push_back(s);
    }
    from = std::move(kept);
    return out;
}

// With a disk, rows are put there every now and then, and order is not looked at.
void are_taken_as_from_a_list(uint64_t seed, io::SimulatedDisk* disk) {
    Random random(seed);
    OpenSessions open({0, 1}, 2);
    std::vector<Session> naive;
    int64_t number = 0, now = 0;
    size_t most_spilled = 0;
    auto some = [&] {
        std::vector<Session> out(1 + random.below(80));
        for (auto& s : out) {
            auto name = random.below(40);
            // Some names fit into a reference, some do not.
            if (name > 0) s.user = std::string(name % 3 * 10, 'x') + std::to_string(name);
            s.shop = double(random.below(3)) / 2;
            s.last = now + int64_t(random.below(100));
            s.number = ++number;
        }
        return out;
    };
    auto ordered = [&](std::vector<std::string> lines) {
        if (disk) std::ranges::sort(lines);
        return lines;
    };
    for (int step = 0; step < 60; ++step) {
        now += 10;
        auto rows = some();
        std::set<std::string> keys;
        for (const auto& s : rows)
            keys.insert(s.key());
        EXPECT_EQ(ordered(lines(open.take_keys_of(*batch(rows)).value())),
                  ordered(take(naive, [&](const Session& s) { return keys.contains(s.key()); })));
        open.add(batch(rows));
        naive.insert(naive.end(), rows.begin(), rows.end());
        if (disk && random.chance(0.3)) {
            ASSERT_TRUE(open.spill(*disk, "spill"));
            EXPECT_EQ(open.spilled(), open.size());
            EXPECT_EQ(open.memory_bytes(), 0u);
        }
        most_spilled = std::max(most_spilled, open.spilled());
        auto limit = now - int64_t(random.below(60)) + 30;
        EXPECT_EQ(ordered(lines(open.take_last_below(limit).value())),
                  ordered(take(naive, [&](const Session& s) { return s.last < limit; })));
        EXPECT_EQ(open.size(), naive.size());
        auto kept = naive;
        EXPECT_EQ(ordered(lines(rows_of(open))), ordered(take(kept, [](auto&) { return true; })));
        if (disk) {
            EXPECT_LE(disk->list("spill")->size(), open.parts());
        }
    }
    EXPECT_EQ(most_spilled > 50, disk != nullptr);
    EXPECT_EQ(ordered(lines(open.take_small(SIZE_MAX).value())),
              ordered(take(naive, [](auto&) { return true; })));
    EXPECT_EQ(open.size(), 0u);
    EXPECT_EQ(open.parts(), 0u);
    if (disk) {
        EXPECT_EQ(disk->list("spill")->size(), 0u);
    }
}

TEST(OpenSessions, AreTakenAsFromAList) {
    for (uint64_t seed = 1; seed <= 30; ++seed)
        are_taken_as_from_a_list(seed, nullptr);
}

TEST(OpenSessions, AreTakenAsFromAListAlsoFromTheDisk) {
    for (uint64_t seed = 1; seed <= 30; ++seed) {
        ManualClock clock;
        io::SimulatedDisk disk(seed, clock);
        ASSERT_TRUE(disk.create_folders("spill"));
        are_taken_as_from_a_list(100 + seed, &disk);
    }
}

TEST(OpenSessions, SayWhatTheDiskDoes) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    ASSERT_TRUE(disk.create_folders("spill"));
    OpenSessions open({0, 1}, 2);
    open.add(batch({{"a", 0, 1, 1}, {"b", 0, 2, 2}}));
    ASSERT_TRUE(open.spill(disk, "spill"));
    auto file = disk.open("spill/sessions-0", {.mode = io::OpenMode::kReadWrite});
    ASSERT_TRUE(file && (*file)->truncate(3));
    const auto taken = open.take_last_below(2);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code(), ErrorCode::kCorrupted);
}

TEST(OpenSessions, KeysThatGroupByHoldsForEqualAreOne) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    OpenSessions open({0, 1}, 2);
    open.add(batch({{"a", 0.0, 1, 1}, {"a", nan, 2, 2}, {std::nullopt, 1, 3, 3}, {"", 1, 4, 4}}));
    EXPECT_EQ(lines(open.take_keys_of(*batch({{"a", -0.0, 0, 0}})).value()),
              (std::vector<std::string>{"a|1|1"}));
    EXPECT_EQ(lines(open.take_keys_of(*batch({{"a", std::copysign(nan, -1), 0, 0}})).value()),
              (std::vector<std::string>{"a|2|2"}));
    EXPECT_EQ(lines(open.take_keys_of(*batch({{std::nullopt, 1, 0, 0}})).value()),
              (std::vector<std::string>{"NULL|3|3"}));
    EXPECT_EQ(lines(rows_of(open)), (std::vector<std::string>{"|4|4"}));
}

TEST(OpenSessions, TheSmallestPartsGoFirst) {
    OpenSessions open({0, 1}, 2);
    open.add(batch({{"a", 0, 1, 1}, {"b", 0, 2, 2}, {"c", 0, 3, 3}}));
    open.add(batch({{"d", 0, 4, 4}}));
    open.add(batch({{"e", 0, 5, 5}, {"f", 0, 6, 6}}));
    EXPECT_TRUE(open.take_small(0).value().empty());
    EXPECT_EQ(lines(open.take_small(5).value()),
              (std::vector<std::string>{"d|4|4", "e|5|5", "f|6|6"}));
    EXPECT_TRUE(open.take_small(2).value().empty());
    EXPECT_EQ(lines(open.take_small(3).value()),
              (std::vector<std::string>{"a|1|1", "b|2|2", "c|3|3"}));
    EXPECT_EQ(open.parts(), 0u);
}

// The text of sessions that stay outlives the batch in which they came.
TEST(OpenSessions, KeepOnlyTheTextOfThoseThatStay) {
    OpenSessions open({0, 1}, 2);
    std::weak_ptr<const codec::ColumnBatch> came;
    {
        std::vector<Session> sessions;
        for (int64_t i = 0; i < 100; ++i)
            sessions.push_back({"a user with a long name " + std::to_string(i), 0, i, i});
        auto rows = batch(sessions);
        came = rows;
        open.add(std::move(rows));
    }
    ASSERT_TRUE(open.take_last_below(60));
    EXPECT_TRUE(came.expired());
    EXPECT_EQ(open.size(), 40u);
    EXPECT_EQ(lines(open.take_last_below(61).value()),
              (std::vector<std::string>{"a user with a long name 60|60|60"}));
}

}  // namespace
}  // namespace tarn::flow
