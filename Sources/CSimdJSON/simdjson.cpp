#include "CSimdJSON.h"

#include <simdjson.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

using namespace simdjson;
using internal::tape_ref;
using internal::tape_type;

namespace {

constexpr size_t smallest = 4096;
// A parser that has grown past this is freed instead of kept: it takes about 15 bytes of memory per byte.
constexpr size_t largest_kept = 64 * 1024;
constexpr size_t max_depth = 256;

// `text` is JSON but for its strings. Overwrites each unpaired surrogate escape with the escape of U+FFFD, which has the
// same length; says whether there was one. Backslashes outside strings are the parser's to refuse.
bool replace_unpaired_surrogates(char *text, size_t count) {
  auto unit_at = [&](size_t index) -> int {
    if (count - index < 6 || text[index] != '\\' || text[index + 1] != 'u') return -1;
    int unit = 0;
    for (size_t digit = index + 2; digit < index + 6; digit++) {
      int c = static_cast<unsigned char>(text[digit]);
      int value = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
      if (value < 0) return -1;
      unit = unit * 16 + value;
    }
    return unit;
  };
  auto is_high = [](int unit) { return unit >= 0xD800 && unit <= 0xDBFF; };
  auto is_low = [](int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; };

  bool replaced = false;
  for (size_t index = 0; index < count;) {
    if (text[index] != '\\') {
      index++;
      continue;
    }
    int unit = unit_at(index);
    if (unit < 0) {
      index += 2;
    } else if (is_high(unit) && index + 6 < count && is_low(unit_at(index + 6))) {
      index += 12;
    } else {
      if (is_high(unit) || is_low(unit)) {
        std::memcpy(text + index + 2, "FFFD", 4);
        replaced = true;
      }
      index += 6;
    }
  }
  return replaced;
}

csj_outcome outcome_of(error_code error) {
  switch (error) {
  case SUCCESS: return CSJ_OK;
  case UTF8_ERROR: return CSJ_INVALID_UTF8;
  case DEPTH_ERROR: return CSJ_TOO_DEEP;
  case NUMBER_ERROR: return CSJ_NUMBER;
  case MEMALLOC:
  case CAPACITY: return CSJ_MEMORY;
  default: return CSJ_MALFORMED;
  }
}

// Both are a document pointer and a tape index. Elements are made from values only to serialise them.
static_assert(sizeof(dom::element) == sizeof(csj_value) && std::is_trivially_copyable<dom::element>::value, "layout");

tape_ref tape(csj_value value) { return tape_ref(static_cast<const dom::document *>(value.document), value.index); }

}  // namespace

struct csj_parser {
  dom::parser parser;
  dom::document document;
  std::unique_ptr<char[]> scratch;
  size_t capacity = 0;

  bool reserve(size_t count) {
    if (count <= capacity) return true;
    size_t wanted = smallest;
    while (wanted < count) wanted *= 2;
    scratch.reset(new (std::nothrow) char[wanted + SIMDJSON_PADDING]);
    if (!scratch || parser.allocate(wanted, max_depth) != SUCCESS || document.allocate(wanted) != SUCCESS) {
      capacity = 0;
      return false;
    }
    capacity = wanted;
    return true;
  }

  error_code parse(size_t count, dom::element &root) {
    return parser.parse_into_document(document, scratch.get(), count, false).get(root);
  }
};

static thread_local std::unique_ptr<csj_parser> idle;

csj_parser *csj_parser_take(void) { return idle ? idle.release() : new (std::nothrow) csj_parser; }

void csj_parser_give_back(csj_parser *parser) {
  if (idle || parser->capacity > largest_kept) {
    delete parser;
  } else {
    idle.reset(parser);
  }
}

csj_outcome csj_parse(csj_parser *parser, const void *bytes, size_t count, csj_value *root) {
  if (count == 0) return CSJ_MALFORMED;
  if (!parser->reserve(count)) return CSJ_MEMORY;
  char *scratch = parser->scratch.get();
  std::memcpy(scratch, bytes, count);
  std::memset(scratch + count, 0, SIMDJSON_PADDING);
  dom::element element;
  error_code error = parser->parse(count, element);
  // simdjson 3.0 refuses unpaired surrogates; models do emit them when a token ends inside a pair.
  if (error == STRING_ERROR && replace_unpaired_surrogates(scratch, count)) error = parser->parse(count, element);
  if (error == SUCCESS) std::memcpy(root, &element, sizeof *root);
  return outcome_of(error);
}

csj_kind csj_kind_of(csj_value value) {
  switch (tape(value).tape_ref_type()) {
  case tape_type::START_OBJECT: return CSJ_OBJECT;
  case tape_type::START_ARRAY: return CSJ_ARRAY;
  case tape_type::STRING: return CSJ_STRING;
  case tape_type::INT64: return CSJ_INTEGER;
  case tape_type::UINT64: return CSJ_UNSIGNED;
  case tape_type::DOUBLE: return CSJ_DOUBLE;
  case tape_type::TRUE_VALUE:
  case tape_type::FALSE_VALUE: return CSJ_BOOL;
  default: return CSJ_NULL;
  }
}

csj_value csj_member(csj_value object, const uint8_t *name, size_t count) {
  tape_ref place = tape(object);
  if (place.tape_ref_type() != tape_type::START_OBJECT) return {nullptr, 0};
  size_t end = place.after_element() - 1;
  for (place.json_index++; place.json_index < end; place.json_index = place.after_element()) {
    bool same = place.get_string_length() == count && std::memcmp(place.get_c_str(), name, count) == 0;
    place.json_index++;
    if (same) return {object.document, place.json_index};
  }
  return {nullptr, 0};
}

csj_children csj_children_of(csj_value container) {
  tape_ref place = tape(container);
  tape_type type = place.tape_ref_type();
  if (type != tape_type::START_OBJECT && type != tape_type::START_ARRAY) return {container.document, 0, 0};
  return {container.document, container.index + 1, place.after_element() - 1};
}

csj_value csj_next(csj_children *children) {
  csj_value value = {children->document, children->next};
  children->next = tape(value).after_element();
  return value;
}

size_t csj_count(csj_value container) {
  tape_ref place = tape(container);
  tape_type type = place.tape_ref_type();
  return type == tape_type::START_OBJECT || type == tape_type::START_ARRAY ? place.scope_count() : 0;
}

csj_bytes csj_string(csj_value value) {
  tape_ref place = tape(value);
  if (place.tape_ref_type() != tape_type::STRING) return {nullptr, 0};
  return {reinterpret_cast<const uint8_t *>(place.get_c_str()), place.get_string_length()};
}

bool csj_integer(csj_value value, int64_t *out) {
  tape_ref place = tape(value);
  if (!place.is_int64()) return false;
  *out = place.next_tape_value<int64_t>();
  return true;
}

bool csj_double(csj_value value, double *out) {
  tape_ref place = tape(value);
  if (place.is_double()) {
    *out = place.next_tape_value<double>();
  } else if (place.is_int64()) {
    *out = static_cast<double>(place.next_tape_value<int64_t>());
  } else if (place.is_uint64()) {
    *out = static_cast<double>(place.next_tape_value<uint64_t>());
  } else {
    return false;
  }
  return true;
}

bool csj_bool(csj_value value, bool *out) {
  tape_ref place = tape(value);
  *out = place.is_true();
  return *out || place.is_false();
}

csj_bytes csj_minify(csj_value value) {
  try {
    dom::element element;
    std::memcpy(static_cast<void *>(&element), &value, sizeof value);
    internal::string_builder<> builder;
    builder.append(element);
    std::string_view text = builder.str();
    auto *copy = static_cast<uint8_t *>(std::malloc(text.size()));
    if (copy) std::memcpy(copy, text.data(), text.size());
    return {copy, copy ? text.size() : 0};
  } catch (const std::bad_alloc &) {
    return {nullptr, 0};
  }
}

void csj_free(csj_bytes bytes) { std::free(const_cast<uint8_t *>(bytes.bytes)); }
