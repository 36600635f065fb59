#pragma once

// Fills messages with random values, as a visitor of the generated visit(): only fields of the
// version, null only where the version allows it.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/ids.h"
#include "wire.h"

namespace tarn::kafka {

class MessageFiller {
  public:
    explicit MessageFiller(uint64_t seed) : random_(seed) {}

    template <class Message>
    Message make(int16_t version) {
        Message message;
        message.visit(*this, version);
        return message;
    }

    void field(bool& v, bool, int16_t) { v = random_.chance(0.5); }
    void field(int8_t& v, bool, int16_t) { v = int8_t(random_.next()); }
    void field(int16_t& v, bool, int16_t) { v = int16_t(random_.next()); }
    void field(int32_t& v, bool, int16_t) { v = int32_t(random_.next()); }
    void field(int64_t& v, bool, int16_t) { v = int64_t(random_.next()); }
    void field(Uuid& v, bool, int16_t) { v = Uuid::make(random_); }
    void field(std::string& v, bool, int16_t) { v = text(); }
    void field(Records& v, bool nullable, int16_t) {
        if (nullable && random_.chance(0.2)) return;
        v = Records::of(kept_.emplace_back(text()));
    }
    template <class T>
    void field(std::vector<T>& v, bool, int16_t version) {
        v.resize(random_.below(4));
        for (auto& e : v)
            field(e, false, version);
    }
    template <class T>
    void field(std::optional<T>& v, bool nullable, int16_t version) {
        if (nullable && random_.chance(0.3)) return;
        field(v.emplace(), false, version);
    }
    template <class T>
        requires requires(T& t, MessageFiller& f) { t.visit(f, int16_t(0)); }
    void field(T& v, bool, int16_t version) {
        v.visit(*this, version);
    }

    Random& random() { return random_; }

  private:
    std::string text() {
        std::string s(random_.chance(0.1) ? 200 : random_.below(12), '\0');
        for (auto& c : s)
            c = char(random_.next());
        return s;
    }

    Random random_;
    std::deque<std::string> kept_;  // what filled Records view
};

}  // namespace tarn::kafka
