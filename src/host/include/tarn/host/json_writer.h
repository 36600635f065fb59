#pragma once

// Appends JSON text to a string, putting the commas. Text that is no valid UTF-8 comes out with
// U+FFFD in place of what is wrong, so the result is always valid JSON. Used by one thread.

#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "tarn/base/time.h"

namespace tarn::host {

class JsonWriter {
  public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name) {
        comma();
        append_text(name);
        out_ += ':';
        fresh_ = true;
        return *this;
    }

    JsonWriter& text(std::string_view v) {
        comma();
        append_text(v);
        return *this;
    }
    JsonWriter& value(bool v) { return raw(v ? "true" : "false"); }
    template <std::integral T>
    JsonWriter& value(T v) {
        comma();
        fmt::format_to(std::back_inserter(out_), "{}", v);
        return *this;
    }
    // NaN and infinities have no JSON number: as text.
    JsonWriter& value(double v) {
        if (!std::isfinite(v)) return text(fmt::format("{}", v));
        comma();
        fmt::format_to(std::back_inserter(out_), "{}", v);
        return *this;
    }
    JsonWriter& value(Timestamp v) {
        comma();
        out_ += '"';
        out_ += format_rfc3339(v);
        out_ += '"';
        return *this;
    }
    JsonWriter& value(std::string_view v) = delete;  // text()
    JsonWriter& null() { return raw("null"); }
    template <class T>
    JsonWriter& value(const std::optional<T>& v) {
        return v ? value(*v) : null();
    }
    // JSON that is already text.
    JsonWriter& raw(std::string_view json) {
        comma();
        out_ += json;
        return *this;
    }

    // key and value at once.
    template <class T>
    JsonWriter& field(std::string_view name, const T& v) {
        key(name);
        if constexpr (std::convertible_to<const T&, std::string_view>)
            return text(v);
        else
            return value(v);
    }

    const std::string& str() const { return out_; }
    size_t size() const { return out_.size(); }
    std::string take() { return std::move(out_); }

  private:
    JsonWriter& open(char c) {
        comma();
        out_ += c;
        fresh_ = true;
        return *this;
    }
    JsonWriter& close(char c) {
        out_ += c;
        fresh_ = false;
        return *this;
    }
    void comma() {
        if (!fresh_) out_ += ',';
        fresh_ = false;
    }
    void append_text(std::string_view v);

    std::string out_;
    bool fresh_ = true;
};

std::string base64(std::string_view bytes);

}  // namespace tarn::host
