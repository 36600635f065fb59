#include "tarn/net/principal.h"

#include <fmt/format.h>

namespace tarn::net {

std::string_view to_string(Operation operation) {
    switch (operation) {
        case Operation::kDescribe:
            return "describe";
        case Operation::kRead:
            return "read";
        case Operation::kWrite:
            return "write";
        case Operation::kAlter:
            return "alter";
    }
    return "";
}

Status authorize(const Authorizer* authorizer, const Principal& who, Operation operation,
                 const Resource& resource) {
    if (!authorizer || authorizer->may(who, operation, resource)) return {};
    auto what = resource.name.empty() ? std::string(resource.kind)
                                      : fmt::format("{} '{}'", resource.kind, resource.name);
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("{} may not {} this: {}", who.name, to_string(operation), what));
}

}  // namespace tarn::net
