#pragma once

// JSON records to columns, in one pass over a whole batch of them: the values are copied into one
// buffer of the batch's, one simdjson stage 1 finds the structure, and the walk guesses the order
// of fields. Strings without escapes point into that buffer. What does not decode is reported,
// never dropped.
//
// Rules: a record is one JSON object. A declared field that is missing or null is NULL (rejected if
// required). A value of another JSON type than the declared one is rejected, with these exceptions:
// an integer for DOUBLE, and for TIMESTAMPTZ a string in RFC 3339 (any offset, also as +0200 and
// +02, ≤ 9 fraction digits, truncated to µs; a blank may stand for the T; without an offset only if
// the field says its zone) or an integer of the field's unit (milliseconds; seconds may have a
// fraction); for DATE "YYYY-MM-DD"; for TIMESTAMP_NTZ a string without an offset; for DECIMAL a
// number or a string of one, to the last digit: more digits than the type has, zeros behind the
// point aside, are rejected; objects and arrays for nested types, whose undeclared fields are left
// out. Integers out of range are rejected, and times outside of the years 1 to 9999. A field may be
// inside of objects (FieldForm::path), which stay undeclared, or be kept as its JSON. Of duplicate
// keys the last wins. Undeclared fields are gathered, as they came, into one JSON object in column
// `extra_column` if that is named (else ignored; NULL if there are none). Nested values of a
// declared VARCHAR field are kept as their JSON text. BLOB takes a string's UTF-8 bytes. An integer
// with fraction or exponent (1.0, 1e2) is none. Containers may nest 512 deep.

#include "tarn/codec/payload_format.h"

namespace tarn::codec {

using JsonDecoderOptions = DecoderOptions;

class JsonDecoder final : public PayloadDecoder {
  public:
    explicit JsonDecoder(JsonDecoderOptions options);
    ~JsonDecoder() override;

    // The batch owns its text: `keep_alive` is not needed. A null or empty value is rejected ("no
    // value"). Errors: kInvalidArgument, also for more than 2 GiB.
    Result<std::shared_ptr<ColumnBatch>> decode(std::span<const RecordView> records,
                                                std::shared_ptr<const void> keep_alive,
                                                std::vector<uint32_t>& accepted,
                                                std::vector<Rejected>& rejected) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::codec
