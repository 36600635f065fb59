#pragma once

// An array of plain values that copies share until one of them is written to: batches with a column
// more or less cost no copy of the others. Used as a vector is. Copies may live in different
// threads; one copy is used by one thread at a time, or by any number that only read.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

namespace tarn::codec {

template <class T>
class SharedArray {
    // Memory comes in these, so that bytes may hold any value of a column, decimals too.
    struct alignas(16) Block {
        char bytes[16];
    };
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(Block));

  public:
    SharedArray() = default;
    SharedArray(size_t size, T value) { assign(size, value); }
    SharedArray(std::initializer_list<T> values) {
        resize_for_overwrite(values.size());
        std::copy(values.begin(), values.end(), values_.get());
    }
    SharedArray(const SharedArray&) = default;
    SharedArray& operator=(const SharedArray&) = default;
    SharedArray(SharedArray&& other) noexcept
        : values_(std::move(other.values_)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    SharedArray& operator=(SharedArray&& other) noexcept {
        values_ = std::move(other.values_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }

    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    const T* data() const { return values_.get(); }
    const T& operator[](size_t i) const { return values_[std::ptrdiff_t(i)]; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }

    // To write to: a copy of one's own if others share it. Loops take it once.
    T* data() {
        if (values_.use_count() > 1) move_to(capacity_);
        return values_.get();
    }
    T& operator[](size_t i) { return data()[i]; }

    // What is added is of this value, or left as it is for those who write all of it.
    void resize(size_t size, T value = {}) {
        const auto before = size_;
        resize_for_overwrite(size);
        if (size > before) std::fill(values_.get() + before, values_.get() + size, value);
    }
    void resize_for_overwrite(size_t size) {
        if (size > capacity_ || values_.use_count() > 1)
            move_to(size > capacity_ && size_ > 0 ? std::max(size, capacity_ * 2) : size);
        size_ = size;
    }
    void assign(size_t size, T value) {
        size_ = 0;
        resize_for_overwrite(size);
        std::fill_n(values_.get(), size, value);
    }
    void reserve(size_t capacity) {
        if (capacity > capacity_) move_to(capacity);
    }
    void push_back(T value) {
        resize_for_overwrite(size_ + 1);
        values_[std::ptrdiff_t(size_ - 1)] = value;
    }
    void clear() { size_ = 0; }

    friend bool operator==(const SharedArray& a, const SharedArray& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

  private:
    // To memory of one's own for so many; what does not fit is gone.
    void move_to(size_t capacity) {
        std::shared_ptr<T[]> to;
        if (capacity) {
            auto blocks = std::make_shared_for_overwrite<Block[]>(
                (capacity * sizeof(T) + sizeof(Block) - 1) / sizeof(Block));
            to = {blocks, reinterpret_cast<T*>(blocks.get())};
        }
        size_ = std::min(size_, capacity);
        if (size_) std::memcpy(static_cast<void*>(to.get()), values_.get(), size_ * sizeof(T));
        values_ = std::move(to);
        capacity_ = capacity;
    }

    std::shared_ptr<T[]> values_;
    size_t size_ = 0, capacity_ = 0;
};

}  // namespace tarn::codec
