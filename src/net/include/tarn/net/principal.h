#pragma once

// Who asks, and whether they may: the same for every listener.

#include <string>
#include <string_view>

#include "tarn/base/result.h"

namespace tarn::net {

// Who is connected. Nobody has a name until people can log in.
struct Principal {
    std::string name = "anonymous";
};

// What a call does to what it names.
enum class Operation { kDescribe, kRead, kWrite, kAlter };
std::string_view to_string(Operation operation);  // "describe"

// What is named: "topic" and its name. Of kind "platform", the whole, and of a list, the name is
// empty.
struct Resource {
    std::string_view kind;
    std::string_view name = {};
};

// Decides. Owned by `cli`, outlives the listeners; called from any thread of theirs, before each
// call, so it must be quick.
class Authorizer {
  public:
    virtual ~Authorizer() = default;
    virtual bool may(const Principal& who, Operation operation, const Resource& resource) const = 0;
};

// Without an authorizer everybody may do everything. Errors: kPermissionDenied, saying what is
// not allowed to whom.
Status authorize(const Authorizer* authorizer, const Principal& who, Operation operation,
                 const Resource& resource);

}  // namespace tarn::net
