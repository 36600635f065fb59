#pragma once

// The clicks of demo/data (its README describes them), linked into the program.

#include <cstdint>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::demo {

struct Click {
    uint32_t session = 0;  // number of the session in the data, from 0
    uint32_t order = 0;    // of the click in its session, from 1
    Duration offset;       // since the session's first click (think times added up)
    uint16_t page = 0, category = 0, country = 0;  // indexes into the names
    int32_t price = 0;                             // US dollars
};

struct ClickData {
    std::vector<Click> clicks;  // by session, then order
    uint32_t sessions = 0;
    std::vector<std::string> pages, categories, countries;
};

Result<ClickData> load_click_data();

}  // namespace tarn::demo
