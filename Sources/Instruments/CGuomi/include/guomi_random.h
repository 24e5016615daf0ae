// The kernel's random numbers.

#ifndef GUOMI_RANDOM_H
#define GUOMI_RANDOM_H

#include <stddef.h>

/// Fills a buffer from getrandom(2).
///
/// - Returns: 1, or 0 when the kernel refuses.
int guomi_system_random(void *_Nullable bytes, size_t count);

#endif
