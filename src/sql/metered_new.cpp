// What DuckDB's code and its libraries allocate in C++'s own ways is metered too.

#include <cstddef>
#include <cstdlib>
#include <new>

namespace tarn::sql {

// metered_memory.cpp. As malloc and free; nothing if there is no memory, or no more is allowed.
void* metered_allocate(size_t bytes);
void metered_free(void* at) noexcept;

}  // namespace tarn::sql

// No handler of out of memory is ever set in this program. All forms stand here but those for
// over-aligned types, so that what one of them allocates another one frees.
void* operator new(size_t size) {
    if (auto* at = tarn::sql::metered_allocate(size ? size : 1)) [[likely]]
        return at;
    throw std::bad_alloc();
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return tarn::sql::metered_allocate(size ? size : 1);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
    return tarn::sql::metered_allocate(size ? size : 1);
}

void operator delete(void* at) noexcept { tarn::sql::metered_free(at); }
void operator delete[](void* at) noexcept { tarn::sql::metered_free(at); }
void operator delete(void* at, size_t) noexcept { tarn::sql::metered_free(at); }
void operator delete[](void* at, size_t) noexcept { tarn::sql::metered_free(at); }
void operator delete(void* at, const std::nothrow_t&) noexcept { tarn::sql::metered_free(at); }
void operator delete[](void* at, const std::nothrow_t&) noexcept { tarn::sql::metered_free(at); }
