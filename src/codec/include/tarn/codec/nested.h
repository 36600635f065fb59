#pragma once

// A value of a nested type (STRUCT, LIST, MAP) as bytes of its own, so that rows with such values
// are chosen, kept and sent like texts. Views keep these bytes on disk.
//
//   value   := 00 (NULL) | 01 payload
//   payload := struct: a value for each field | list: count u32, that many values |
//              map: count u32, that many (key value) | boolean: u8 | integer, date: i32 |
//              bigint, timestamps: i64 | double: 8 bytes | decimal: 16 bytes |
//              text, bytes: length u32, that many bytes
//
// Everything little-endian. A column's nested value that is not NULL is its payload alone.

#include <cstdint>

namespace tarn::codec {

inline constexpr uint8_t kNestedNull = 0, kNestedValue = 1;

}  // namespace tarn::codec
