#pragma once

// What the server's files use of `host` under its own name.

#include "tarn/host/json_writer.h"
#include "tarn/host/message.h"
#include "tarn/host/parameters.h"
#include "tarn/host/platform.h"
#include "tarn/host/route.h"

namespace tarn::server {

using host::Answer;
using host::base64;
using host::Call;
using host::error_response;
using host::Flows;
using host::http_status;
using host::json_required;
using host::json_response;
using host::JsonWriter;
using host::method_refused;
using host::not_found;
using host::number_parameter;
using host::Operation;
using host::parse_instant;
using host::parse_target;
using host::Platform;
using host::Principal;
using host::ProducerLedger;
using host::Readings;
using host::Request;
using host::Response;
using host::Route;
using host::RouteContext;
using host::RouteMatch;
using host::RouteTable;
using host::Target;

}  // namespace tarn::server
