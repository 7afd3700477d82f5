// libFuzzer's driver, which the toolchain's -sanitize=fuzzer links (llvm.org/docs/LibFuzzer.html).
#pragma once

#include <stddef.h>
#include <stdint.h>

// Runs `body` on inputs until the arguments say enough, then ends the process. A return value of 0 keeps the input for
// the corpus if it reached something new.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*body)(const uint8_t *data, size_t count));
