#pragma once

// Records of a topic for people: read from one partition, and one sent.

#include <string>

#include "host_names.h"

namespace tarn::server {

Result<Response> read_records(const Platform& context, const std::string& name,
                              const Target& target);
// Appends one record and answers when it is durable: 201. Topics that flows write take none.
Result<Response> produce_record(const Platform& context, const std::string& name,
                                const Request& request);

}  // namespace tarn::server
