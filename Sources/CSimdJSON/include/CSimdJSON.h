// simdjson's DOM parser behind a C face. Only Wire's JSON folder may import it.
#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A parser with its padded scratch and the one document it parsed last. Not thread-safe.
typedef struct csj_parser csj_parser;

// A value of that document: a place on simdjson's tape. `document` is null for "no such value". Valid until the parser
// parses again or is given back.
typedef struct {
  const void *document;
  size_t index;
} csj_value;

// The values of an array, or names and values in turn of an object: `next` is the first place not yet read, `end` the
// first place behind the last one.
typedef struct {
  const void *document;
  size_t next;
  size_t end;
} csj_children;

typedef struct {
  const uint8_t *bytes;  // null if the value is no string
  size_t count;
} csj_bytes;

typedef enum {
  CSJ_OK,
  CSJ_MALFORMED,
  CSJ_INVALID_UTF8,
  CSJ_TOO_DEEP,
  CSJ_NUMBER,
  CSJ_MEMORY,
} csj_outcome;

typedef enum {
  CSJ_OBJECT,
  CSJ_ARRAY,
  CSJ_STRING,
  CSJ_INTEGER,
  CSJ_UNSIGNED,
  CSJ_DOUBLE,
  CSJ_BOOL,
  CSJ_NULL,
} csj_kind;

// This thread's idle parser, or a new one; null if memory is exhausted.
csj_parser *csj_parser_take(void);
// Keeps `parser` as this thread's idle one, or frees it if there is one already or it has grown large.
void csj_parser_give_back(csj_parser *parser);

// Parses a copy of `bytes`. An unpaired surrogate escape (\uD800 to \uDFFF) reads as U+FFFD.
csj_outcome csj_parse(csj_parser *parser, const void *bytes, size_t count, csj_value *root);

csj_kind csj_kind_of(csj_value value);
// The first member of that name; `document` is null if there is none or the value is no object.
csj_value csj_member(csj_value object, const uint8_t *name, size_t count);
// No children at all if the value is neither array nor object.
csj_children csj_children_of(csj_value container);
// To be called only while next < end.
csj_value csj_next(csj_children *children);
// Children of an array or members of an object, saturated at 0xFFFFFF; 0 for anything else.
size_t csj_count(csj_value container);

csj_bytes csj_string(csj_value value);
// Each returns false if the value is of another kind.
bool csj_integer(csj_value value, int64_t *out);
bool csj_double(csj_value value, double *out);
bool csj_bool(csj_value value, bool *out);

// The value as JSON without white space, to be freed with csj_free; `bytes` is null if memory is exhausted.
csj_bytes csj_minify(csj_value value);
void csj_free(csj_bytes bytes);

#ifdef __cplusplus
}
#endif
#endif
