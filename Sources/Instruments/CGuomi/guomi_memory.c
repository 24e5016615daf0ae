#include "guomi_memory.h"

#include <string.h>

void guomi_wipe(void *bytes, size_t count) {
  if (bytes == NULL || count == 0) return;
  memset(bytes, 0, count);
  // The compiler must believe that somebody reads the zeros.
  __asm__ __volatile__("" : : "r"(bytes) : "memory");
}

int guomi_equal(const void *left, const void *right, size_t count) {
  const volatile uint8_t *a = left;
  const volatile uint8_t *b = right;
  uint32_t difference = 0;
  for (size_t i = 0; i < count; i++) difference |= (uint32_t)(a[i] ^ b[i]);
  // 0 becomes 1, and 1 to 255 become 0, without a branch.
  return (int)(((difference - 1) >> 8) & 1);
}
