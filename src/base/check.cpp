#include "tarn/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tarn {

void check_failed(const char* condition, const char* text, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: check failed: %s (%s)\n", file, line, text, condition);
    std::fflush(stderr);
    std::abort();
}

}  // namespace tarn
