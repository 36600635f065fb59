// What is taken out of the open sessions, and what stays, is what a plain list of them says.

#include "open_sessions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "tarn/base/ids.h"

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

TEST(OpenSessions, AreTakenAsFromAList) {
    for (uint64_t seed = 1; seed <= 30; ++seed) {
        Random random(seed);
        OpenSessions open({0, 1}, 2);
        std::vector<Session> naive;
        int64_t number = 0, now = 0;
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
        for (int step = 0; step < 60; ++step) {
            now += 10;
            auto rows = some();
            std::set<std::string> keys;
            for (const auto& s : rows)
                keys.insert(s.key());
            EXPECT_EQ(lines(open.take_keys_of(*batch(rows))),
                      take(naive, [&](const Session& s) { return keys.contains(s.key()); }));
            open.add(batch(rows));
            naive.insert(naive.end(), rows.begin(), rows.end());
            auto limit = now - int64_t(random.below(60)) + 30;
            EXPECT_EQ(lines(open.take_last_below(limit)),
                      take(naive, [&](const Session& s) { return s.last < limit; }));
            EXPECT_EQ(open.size(), naive.size());
            auto kept = naive;
            EXPECT_EQ(lines(open.rows()), take(kept, [](auto&) { return true; }));
        }
        EXPECT_EQ(lines(open.take_small(SIZE_MAX)), take(naive, [](auto&) { return true; }));
        EXPECT_EQ(open.size(), 0u);
        EXPECT_EQ(open.parts(), 0u);
    }
}

TEST(OpenSessions, KeysThatGroupByHoldsForEqualAreOne) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    OpenSessions open({0, 1}, 2);
    open.add(batch({{"a", 0.0, 1, 1}, {"a", nan, 2, 2}, {std::nullopt, 1, 3, 3}, {"", 1, 4, 4}}));
    EXPECT_EQ(lines(open.take_keys_of(*batch({{"a", -0.0, 0, 0}}))),
              (std::vector<std::string>{"a|1|1"}));
    EXPECT_EQ(lines(open.take_keys_of(*batch({{"a", std::copysign(nan, -1), 0, 0}}))),
              (std::vector<std::string>{"a|2|2"}));
    EXPECT_EQ(lines(open.take_keys_of(*batch({{std::nullopt, 1, 0, 0}}))),
              (std::vector<std::string>{"NULL|3|3"}));
    EXPECT_EQ(lines(open.rows()), (std::vector<std::string>{"|4|4"}));
}

TEST(OpenSessions, TheSmallestPartsGoFirst) {
    OpenSessions open({0, 1}, 2);
    open.add(batch({{"a", 0, 1, 1}, {"b", 0, 2, 2}, {"c", 0, 3, 3}}));
    open.add(batch({{"d", 0, 4, 4}}));
    open.add(batch({{"e", 0, 5, 5}, {"f", 0, 6, 6}}));
    EXPECT_TRUE(open.take_small(0).empty());
    EXPECT_EQ(lines(open.take_small(5)), (std::vector<std::string>{"d|4|4", "e|5|5", "f|6|6"}));
    EXPECT_TRUE(open.take_small(2).empty());
    EXPECT_EQ(lines(open.take_small(3)), (std::vector<std::string>{"a|1|1", "b|2|2", "c|3|3"}));
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
    open.take_last_below(60);
    EXPECT_TRUE(came.expired());
    EXPECT_EQ(open.size(), 40u);
    EXPECT_EQ(lines(open.take_last_below(61)),
              (std::vector<std::string>{"a user with a long name 60|60|60"}));
}

}  // namespace
}  // namespace tarn::flow
