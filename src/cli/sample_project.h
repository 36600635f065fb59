#pragma once

// A project for events that look like a sample: a topic with its table, and models that run at
// once.

#include <map>
#include <string>

#include "sample.h"

namespace tarn::cli {

struct SampleNames {
    std::string project, topic;
    std::string table;  // the topic's name as part of a table's: letters, digits and _
};

// The project's files, by their path in its folder.
std::map<std::string, std::string> project_of_sample(const Sample& sample,
                                                     const SampleNames& names);

}  // namespace tarn::cli
