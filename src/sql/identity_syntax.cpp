#include "identity_syntax.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "duckdb/common/exception/parser_exception.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "tarn/delta/schema_edit.h"

namespace tarn::sql {
namespace {

constexpr const char* kIdentityFunction = "tarn_identity";

[[noreturn]] void refuse_identity(const std::string& what) {
    throw duckdb::ParserException("an identity column: %s", what);
}

// A number at `at`, which moves behind it.
int64_t whole_number(const Words& words, size_t& at) {
    std::string text = words.is(at, "-") ? "-" : "";
    at += text.size();
    text += words.between(at, at + 1);
    ++at;
    int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size())
        refuse_identity("no whole number of 64 bits: " + text);
    return out;
}

struct IdentitySteps {
    int64_t start = 1, step = 1;
};

// What stands in brackets, from behind the first to the second.
IdentitySteps identity_steps(const Words& words, size_t from, size_t to) {
    IdentitySteps out;
    while (from < to) {
        const bool start = words.is(from, "start");
        if (!start && !words.is(from, "increment"))
            refuse_identity("START WITH n and INCREMENT BY n, not " +
                            words.between(from, from + 1));
        ++from;
        if (words.is(from, start ? "with" : "by")) ++from;
        (start ? out.start : out.step) = whole_number(words, from);
        if (words.is(from, ",")) ++from;
    }
    if (out.step == 0) refuse_identity("its step is 0");
    return out;
}

}  // namespace

void replace_identities(Words& words) {
    for (size_t i = 0; i + 3 < words.size(); ++i) {
        if (!words.is(i, "generated")) continue;
        const bool always = words.is(i + 1, "always");
        auto at = i + (always ? 2 : 3);
        if (!always && !(words.is(i + 1, "by") && words.is(i + 2, "default"))) continue;
        if (!words.is(at, "as") || !words.is(at + 1, "identity")) continue;
        at += 2;
        IdentitySteps of;
        if (words.is(at, "(")) {
            const auto end = words.behind_bracket(at);
            if (end == 0) refuse_identity("a bracket is not closed");
            of = identity_steps(words, at + 1, end - 1);
            at = end;
        }
        words.replace(i, at,
                      fmt::format("DEFAULT {}('{}', '{}', '{}') ", kIdentityFunction, of.start,
                                  of.step, always ? "false" : "true"));
    }
}

bool take_identity(const duckdb::ParsedExpression& value, delta::Field& field) {
    if (value.GetExpressionClass() != duckdb::ExpressionClass::FUNCTION) return false;
    const auto& call = value.Cast<duckdb::FunctionExpression>();
    if (call.function_name != kIdentityFunction) return false;
    if (field.type.kind != delta::TypeKind::kLong)
        refuse_identity(field.name + " is BIGINT or it is none");
    auto argument = [&](size_t i) -> std::string {
        if (call.children.size() != 3 ||
            call.children[i]->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT)
            refuse_identity(std::string(kIdentityFunction) + " is not called by hand");
        return call.children[i]->Cast<duckdb::ConstantExpression>().value.ToString();
    };
    delta::set_field_metadata(field, "delta.identity.start", argument(0));
    delta::set_field_metadata(field, "delta.identity.step", argument(1));
    delta::set_field_metadata(field, "delta.identity.allowExplicitInsert", argument(2));
    return true;
}

}  // namespace tarn::sql
