#pragma once

// All errors a person can meet, by number: the lists of the modules as one.

#include <span>
#include <string_view>
#include <vector>

#include "tarn/base/errors.h"

namespace tarn::host {

class ErrorCatalog {
  public:
    // The lists may come in any order; a number stands in one of them once.
    explicit ErrorCatalog(std::span<const ErrorList> lists);

    // By number, ascending.
    ErrorList all() const { return all_; }
    // The id a person wrote: "TARN-E0201", also "e0201" and "0201"; nullptr if there is none.
    const ErrorId* find(std::string_view text) const;

  private:
    std::vector<const ErrorId*> all_;
};

}  // namespace tarn::host
