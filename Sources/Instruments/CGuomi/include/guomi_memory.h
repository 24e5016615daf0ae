// Memory that holds secrets.

#ifndef GUOMI_MEMORY_H
#define GUOMI_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/// Overwrites memory with zeros, by a call that the compiler can not leave out.
void guomi_wipe(void *_Nullable bytes, size_t count);

/// Compares without a branch or an address that depends on the content.
///
/// - Returns: 1 when all bytes are equal, else 0.
int guomi_equal(const void *_Nullable left, const void *_Nullable right, size_t count);

#endif
