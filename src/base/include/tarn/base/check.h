#pragma once

// Invariants. TARN_CHECK stays on in release builds and ends the process with the place and the text; TARN_DCHECK
// costs nothing in release. Neither may be reachable from bytes that come from outside.

namespace tarn {
[[noreturn]] void check_failed(const char* condition, const char* text, const char* file, int line);
}  // namespace tarn

#define TARN_CHECK(condition, text)                                     \
    do {                                                                \
        if (!(condition)) [[unlikely]]                                  \
            ::tarn::check_failed(#condition, text, __FILE__, __LINE__); \
    } while (false)

#ifdef NDEBUG
#define TARN_DCHECK(condition, text) ((void)0)
#else
#define TARN_DCHECK(condition, text) TARN_CHECK(condition, text)
#endif
